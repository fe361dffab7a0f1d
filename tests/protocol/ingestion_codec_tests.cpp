// SPDX-License-Identifier: Apache-2.0
// The events of ingestion jobs in JSON, and the names of jobs and chunks. tests/golden holds each
// shape that was ever written: files are added, never edited.
#include "protocol/ingestion_event.hpp"
#include "protocol/ingestion_view.hpp"

#include "tests/protocol/event_codec.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace dossier::ingestion {

namespace ingestion_codec {

constexpr dossier::testing::event_codec codec{decode_event};

constexpr timestamp t0 = from_ms(1'795'240'430'123);

submission some_file() {
  submission s;
  s.customer = "acme";
  s.original_file_name = "calls \"2026\".csv";
  s.blob_name = "r\u00e9sum\u00e9/7";
  s.container_name = "raw-uploads";
  s.sha256 = sha256_of("calls");
  s.bytes = 1'000;
  s.schema_name = "calls";
  s.schema_version = 3;
  s.options = "{\"delimiter\":\";\"}";
  s.is_kept = true;
  s.has_unique_keys = true;
  return s;
}

/// One of each event, with every member set: what the golden files of version 1 hold.
std::vector<event> one_of_each() {
  return {
    accepted{some_file(), {100, 5'000}, job_type::master},
    started{},
    chunked{20, 2, {{480, 40, 41}, {500, 42, 42}}},
    chunk_started{1, 2},
    chunk_finished{1, 2, 39, 1},
    chunk_retry_scheduled{2, 1, t0 + seconds{1}, "the store is away"},
    chunk_retries_due{t0 + seconds{2}},
    chunk_failed{2, 5, "the store is away"},
    finished{status::partially_succeeded, 1, 1, 39, 1},
    failed{failure_cause::rejects, "it has 101 rejects, at most 100 are allowed"},
    cancelled{"the wrong file"},
    chunks_retried{reject_limits{200, 10'000}},
    keys_compared{{{1, 12, 3}, {4, 12, 1}}},
    repaired{1, 14, {17, 40}, 2, 0},
    publication_requested{},
  };
}

entity_id some_job() {
  return entity_id::make(t0, 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

} // namespace ingestion_codec

BOOST_AUTO_TEST_SUITE(ingestion_codec)

BOOST_AUTO_TEST_CASE(each_event_has_its_golden_file_and_is_written_like_it) {
  codec.writes_as_golden(one_of_each());
}

BOOST_AUTO_TEST_CASE(every_golden_file_ever_added_is_still_read) {
  codec.reads_every_golden("Job");
}

BOOST_AUTO_TEST_CASE(unique_keys_are_written_where_they_are_wanted) {
  accepted e{some_file(), {100, 5'000}, job_type::master};
  BOOST_TEST(encode(e).data.find("\"uniqueKeys\":true") != std::string::npos);
  e.submission.has_unique_keys = false;
  const auto encoded = encode(e);
  BOOST_TEST(encoded.data.find("uniqueKeys") == std::string::npos);
  BOOST_TEST((decode_event(encoded.type, 1, encoded.data).value() == event(e)));
}

BOOST_AUTO_TEST_CASE(publishing_is_written_where_it_is_wanted) {
  accepted e{some_file(), {100, 5'000}, job_type::master};
  BOOST_TEST(encode(e).data.find("publish") == std::string::npos);
  e.submission.publishes_rows = true;
  const auto encoded = encode(e);
  BOOST_TEST(encoded.data.find("\"publish\":true") != std::string::npos);
  BOOST_TEST((decode_event(encoded.type, 1, encoded.data).value() == event(e)));
}

BOOST_AUTO_TEST_CASE(limits_that_stay_are_not_written) {
  const auto encoded = encode(chunks_retried{});
  BOOST_TEST(encoded.data == "{}");
  BOOST_TEST((decode_event(encoded.type, 1, "{}").value() == event(chunks_retried{})));
}

BOOST_AUTO_TEST_CASE(what_was_never_written_is_corrupt_and_named) {
  codec.is_corrupt("JobMislaidEvent", 1, "{}");
  codec.is_corrupt("JobStartedEvent", 2, "{}");
  codec.is_corrupt("JobStartedEvent", 1, "");
  codec.is_corrupt("JobChunkStartedEvent", 1, R"({"chunk":-1,"attempt":1})");
  codec.is_corrupt("JobChunkStartedEvent", 1, R"({"chunk":4294967296,"attempt":1})");
  codec.is_corrupt("JobChunkStartedEvent", 1, R"({"chunk":1,"attempt":1,"more":1})");
  codec.is_corrupt("JobChunksRetriedEvent", 1, R"({"rejectsMax":1})");
  codec.is_corrupt("JobChunkedEvent", 1,
                   R"({"begin":0,"line":1,"chunks":[{"bytes":1,"records":1}]})");
  codec.is_corrupt("JobRepairedEvent", 1,
                   R"({"chunk":1,"revision":9,"records":[1],"rows":0,"rejectsLeft":0})");
  for (const auto& e : one_of_each()) {
    const auto encoded = encode(e);
    const auto whole = nlohmann::json::parse(encoded.data);
    for (const auto& [name, value] : whole.items()) {
      auto broken = whole;
      broken[name] = nlohmann::json::array({nullptr});
      codec.is_corrupt(encoded.type, encoded.version, broken.dump());
    }
  }
  auto of_a_chunk = nlohmann::json::parse(encode(one_of_each()[0]).data);
  of_a_chunk["type"] = "Chunk";
  codec.is_corrupt("JobAcceptedEvent", 1, of_a_chunk.dump());
}

BOOST_AUTO_TEST_CASE(events_about_one_chunk_are_small) {
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  BOOST_TEST(encode(chunk_started{most, most}).data.size() < 50u);
  BOOST_TEST(encode(chunk_finished{most, most, most, most}).data.size() < 100u);
  // About 45 bytes for each chunk, once.
  const chunked thousand{0, 1, std::vector<piece>(1'000, {16'777'216, 104'857, 104'857})};
  BOOST_TEST(encode(thousand).data.size() < 55'000u);
}

BOOST_AUTO_TEST_CASE(names_read_back) {
  for (std::uint8_t code = 1; code <= 9; ++code)
    BOOST_TEST((parse_status(to_string(status{code})).value() == status{code}));
  for (std::uint8_t code = 1; code <= 3; ++code)
    BOOST_TEST((parse_job_type(to_string(job_type{code})).value() == job_type{code}));
  for (std::uint8_t code = 1; code <= 4; ++code)
    BOOST_TEST(
      (parse_failure_cause(to_string(failure_cause{code})).value() == failure_cause{code}));
  BOOST_TEST(!parse_status("unknown"));
  BOOST_TEST(!parse_status("succeeded"));
  BOOST_TEST(!parse_job_type(""));
  BOOST_TEST(!parse_failure_cause("unknown"));
}

BOOST_AUTO_TEST_CASE(chunks_are_named_after_their_job) {
  const auto job = some_job().text();
  const correlation_id third{some_job(), 3};
  BOOST_TEST(third.text() == job + "-3");
  BOOST_TEST((correlation_id::parse(job + "-3").value() == third));
  BOOST_TEST((correlation_id::parse(job).value() == correlation_id{some_job(), std::nullopt}));
  BOOST_TEST((correlation_id::parse(job + "-4294967295").value().number == 4'294'967'295));
  for (const auto* tail : {"-", "-0", "-03", "-+3", "--3", "-3 ", "-3-3", "-4294967296", "3", "_3",
                           "-x", "-99999999999999999999"})
    BOOST_TEST(!correlation_id::parse(job + tail), tail);
  for (std::size_t cut = 0; cut < job.size(); ++cut)
    BOOST_TEST(!correlation_id::parse(job.substr(0, cut)));
}

BOOST_AUTO_TEST_CASE(the_same_file_read_in_the_same_way_is_one_job) {
  const auto a = some_file();
  auto b = a;
  b.original_file_name = "other.csv";
  b.blob_name = b.container_name = "elsewhere";
  b.is_kept = false;
  b.publishes_rows = true;
  BOOST_TEST(is_same_job(a, b));
  BOOST_TEST((id_of(a, 7) == id_of(b, 7)));
  BOOST_TEST(id_of(a, 7).shard() == 7);
  std::set<std::array<std::uint8_t, 10>> seen{dice_of(a)};
  const auto differs = [&](auto change) {
    auto other = a;
    change(other);
    BOOST_TEST(!is_same_job(a, other));
    BOOST_TEST(seen.insert(dice_of(other)).second);
  };
  differs([](submission& s) { s.customer = "acm"; });
  differs([](submission& s) { s.sha256 = sha256_of("other"); });
  differs([](submission& s) { s.schema_name = "calls3"; });
  differs([](submission& s) { s.schema_version = 4; });
  differs([](submission& s) { s.options = ""; });
}

BOOST_AUTO_TEST_CASE(progress_is_measured_from_when_work_began) {
  view v;
  v.status = status::processing;
  v.submission.bytes = 4'020;
  v.chunks.resize(4);
  for (auto& c : v.chunks)
    c.extent = {1'000, 10, 10};
  v.chunks[0].phase = v.chunks[1].phase = chunk_phase::finished;
  v.chunks[0].rows = v.chunks[1].rows = 10;
  v.tally = tally_of(v.chunks);
  BOOST_TEST((progress_of(v, t0) == progress{}));
  v.pace = pace{t0, 1'000, 10};
  BOOST_TEST((progress_of(v, t0) == progress{}));
  // 1'000 bytes and 10 rows in two seconds; 2'000 bytes are left.
  BOOST_TEST((progress_of(v, t0 + seconds{2}) == progress{500, 5, seconds{4}}));
  // A clock that was set back.
  BOOST_TEST((progress_of(v, t0 - seconds{2}) == progress{}));
  v.status = status::cancelled;
  v.ended_at = t0 + seconds{4};
  BOOST_TEST((progress_of(v, t0 + seconds{9}) == progress{250, 2, std::nullopt}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
// The promises of a job's chunks: splits, attempts and waits.
#include "tests/protocol/ingestion_life.hpp"

#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace dossier::ingestion {

using namespace testing;

namespace ingestion_chunks {

chunk_view chunk_of(const life& l, std::uint32_t number) {
  return chunk_view_of(l.seen(), number).value();
}

std::string accepting(const submission& s, const std::optional<reject_limits>& limits = {}) {
  life l;
  return l.says(accept{s, limits});
}

} // namespace ingestion_chunks

BOOST_AUTO_TEST_SUITE(ingestion_chunks)

// Accepting and splitting.

BOOST_AUTO_TEST_CASE(a_file_above_the_threshold_is_split_and_another_is_one_chunk) {
  life l;
  l.does(accept{some_file(101), {}});
  BOOST_TEST((l.seen().type == job_type::master));
  BOOST_TEST((l.seen().limits == reject_limits{1'000, 1'000'000}));
  life whole;
  whole.does(accept{some_file(100), reject_limits{7, 500}});
  BOOST_TEST(whole.status() == "Accepted");
  BOOST_TEST((whole.seen().limits == reject_limits{7, 500}));
  whole.does(start{});
  BOOST_TEST((whole.seen().type == job_type::single_file));
  BOOST_TEST(whole.seen().tally.total == 1u);
  BOOST_TEST(whole.status() == "QueuedForProcessing");
  whole.finishes(1, 7, 0);
  BOOST_TEST(whole.status() == "Succeeded");
  BOOST_TEST(whole.seen().tally.records == 7u);
}

BOOST_AUTO_TEST_CASE(an_empty_file_succeeds) {
  life l;
  l.does(accept{some_file(0), {}}).does(start{}).finishes(1, 0, 0);
  BOOST_TEST(l.status() == "Succeeded");
}

BOOST_AUTO_TEST_CASE(what_cannot_be_a_job_is_refused) {
  auto s = large_file();
  s.customer = "";
  BOOST_TEST(accepting(s).starts_with("invalid-argument at /customerId: "));
  s = large_file();
  s.original_file_name = "";
  BOOST_TEST(accepting(s)
             == "invalid-argument at /originalFileName: the job cannot be accepted: "
                "originalFileName is 1 to 1024 bytes of UTF-8");
  s = large_file();
  s.options = "\xff";
  BOOST_TEST(accepting(s)
             == "invalid-argument at /options: the job cannot be accepted: options is 0 to 4096 "
                "bytes of UTF-8");
  s = large_file();
  s.schema_version = 0;
  BOOST_TEST(accepting(s)
             == "invalid-argument at /schemaVersion: the job cannot be accepted: versions of "
                "schemas count from 1");
  BOOST_TEST(accepting(some_file(10'001))
             == "too-large: the job cannot be accepted: its file has 10001 bytes, at most 10000 "
                "are allowed");
  BOOST_TEST(accepting(large_file(), reject_limits{1'001, 0})
             == "invalid-argument at /rejectsMax: a job may have at most 1000 rejects; ask for "
                "fewer");
  BOOST_TEST(accepting(large_file(), reject_limits{1, 1'000'001})
             == "invalid-argument at /rejectsPpmMax: of a job's records at most 1000000 in a "
                "million may be rejects; ask for fewer");
}

BOOST_AUTO_TEST_CASE(chunks_know_where_they_begin) {
  const auto l = split_one();
  BOOST_TEST(l.status() == "ChunksQueued");
  const auto third = chunk_of(l, 3).chunk;
  BOOST_TEST(third.begin == 920u);
  BOOST_TEST(third.record == 31u);
  BOOST_TEST(third.line == 34u);
  BOOST_TEST((third.extent == piece{100, 5, 5}));
  BOOST_TEST(chunk_view_of(l.seen(), 4).error().why
             == "the job has no chunk 4; it has 3, numbered from 1");
  BOOST_TEST(!chunk_view_of(l.seen(), 0));
}

BOOST_AUTO_TEST_CASE(a_split_covers_the_file_without_gaps) {
  const auto split = [](const report_split& c) {
    return chunking_one().says(c);
  };
  const std::string refused = "invalid-argument at /pieces: the split cannot be recorded: ";
  BOOST_TEST(split({20, 2, {}}) == refused + "it has 0 pieces, 1 to 8 are allowed");
  BOOST_TEST(split({20, 2, std::vector<piece>(9, {10, 1, 1})})
             == refused + "it has 9 pieces, 1 to 8 are allowed");
  BOOST_TEST(split({20, 2, {{999, 1, 1}}}) == refused + "its pieces end at byte 1019 of 1020");
  const auto beyond = refused + "its pieces go beyond the file's end";
  BOOST_TEST(split({20, 2, {{1'001, 1, 1}}}) == beyond);
  BOOST_TEST(split({1'021, 2, {{1, 1, 1}}}) == beyond);
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(split({20, 2, {{most, 1, 1}}}) == beyond);
  BOOST_TEST(split({20, 2, {{1'000, 1, 1}, {most - 19, 1, 1}}}) == beyond);
  const auto small
    = refused + "a piece has a byte at least for each record and line, and one at least";
  BOOST_TEST(split({20, 2, {{0, 0, 0}, {1'000, 1, 1}}}) == small);
  BOOST_TEST(split({20, 2, {{1'000, 1'001, 1}}}) == small);
  BOOST_TEST(split({20, 2, {{1'000, 1, 1'001}}}) == small);
  BOOST_TEST(split({20, 0, {{1'000, 1, 1}}})
             == refused + "the first record does not start in line 0");
  BOOST_TEST(split({20, 22, {{1'000, 1, 1}}})
             == refused + "the first record does not start in line 22");
}

BOOST_AUTO_TEST_CASE(pieces_grow_with_the_file) {
  const auto p = small_policy();
  BOOST_TEST(piece_bytes(p, 0) == 10u);
  BOOST_TEST(piece_bytes(p, 80) == 10u);
  BOOST_TEST(piece_bytes(p, 81) == 11u);
  BOOST_TEST(piece_bytes(policy{}, 10'000'000'000) == 16u << 20);
}

// Attempts.

BOOST_AUTO_TEST_CASE(an_attempt_is_begun_once_and_in_order) {
  auto l = split_one();
  const auto told_next = [&](std::uint32_t n, std::uint32_t attempt) {
    return "conflict: chunk 1 cannot begin: its next attempt is " + std::to_string(n) + ", not "
           + std::to_string(attempt);
  };
  BOOST_TEST(l.says(begin_chunk{1, 0}) == told_next(1, 0));
  BOOST_TEST(l.says(begin_chunk{1, 2}) == told_next(1, 2));
  BOOST_TEST(l.says(begin_chunk{1, 1}) == life::told({chunk_started{1, 1}}));
  BOOST_TEST(l.says(begin_chunk{1, 1}) == "");
  BOOST_TEST(l.status() == "Processing");
  BOOST_TEST((chunk_of(l, 1).status == status::processing));
  BOOST_TEST((chunk_of(l, 2).status == status::queued_for_processing));
  BOOST_TEST(l.says(begin_chunk{4, 1})
             == "not-found: the job has no chunk 4; it has 3, numbered "
                "from 1");
  l.does(report_chunk_finished{1, 1, 10, 0});
  BOOST_TEST(l.says(begin_chunk{1, 2}) == "conflict: chunk 1 cannot begin: it is finished");
  l.fails(2, "no");
  BOOST_TEST(l.says(begin_chunk{2, 2})
             == "conflict: chunk 2 cannot begin: it has failed; retry it first");
}

BOOST_AUTO_TEST_CASE(after_a_restart_an_attempt_is_begun_anew_and_the_one_before_counts_no_more) {
  auto l = split_one().runs(1);
  l.does(begin_chunk{1, 2});
  BOOST_TEST(l.says(report_chunk_finished{1, 1, 9, 1}) == "");
  BOOST_TEST(l.says(report_chunk_failed{1, 1, "late", false}) == "");
  l.does(report_chunk_finished{1, 2, 10, 0});
  BOOST_TEST(l.says(report_chunk_finished{1, 2, 10, 0}) == "");
  BOOST_TEST(l.says(report_chunk_finished{1, 2, 8, 2}) == "");
  BOOST_TEST(l.says(report_chunk_failed{1, 2, "late", false}) == "");
  BOOST_TEST(l.seen().tally.rows == 10u);
  BOOST_TEST(l.seen().tally.successful == 1u);
}

BOOST_AUTO_TEST_CASE(a_chunk_that_ends_the_process_again_and_again_is_given_up) {
  auto l = split_one().runs(1).does(begin_chunk{1, 2}).does(begin_chunk{1, 3});
  BOOST_TEST(l.says(begin_chunk{1, 4})
             == life::told({chunk_failed{1, 3,
                                         "it was begun and never reported about 3 times; it "
                                         "may be what ends the process"}}));
  BOOST_TEST(l.status() == "Processing");
  l.does(retry_failed_chunks{});
  BOOST_TEST(l.says(begin_chunk{1, 4}) == life::told({chunk_started{1, 4}}));
}

BOOST_AUTO_TEST_CASE(a_transient_failure_is_waited_out_longer_and_longer_and_then_final) {
  auto l = split_one().runs(1);
  BOOST_TEST(l.says(report_chunk_failed{1, 1, "away", true})
             == life::told({chunk_retry_scheduled{1, 1, t0 + seconds{1}, "away"}}));
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0 + seconds{1}, "retry"}}));
  BOOST_TEST(chunk_of(l, 1).trouble == "away");
  BOOST_TEST(l.says(begin_chunk{1, 2})
             == "conflict: chunk 1 cannot begin: it waits until 2026-11-21T05:53:51.000Z after a "
                "failure");
  BOOST_TEST(l.says(fire_timer{"retry", t0 + seconds{1}}) == "");
  l.at = t0 + seconds{1};
  BOOST_TEST(l.says(fire_timer{"retry", t0}) == "");
  BOOST_TEST(l.says(fire_timer{"other", t0 + seconds{1}}) == "");
  BOOST_TEST(l.says(fire_timer{"retry", t0 + seconds{1}})
             == life::told({chunk_retries_due{t0 + seconds{1}}}));
  BOOST_TEST(timers_of(l.now).empty());
  l.runs(1);
  BOOST_TEST(l.says(report_chunk_failed{1, 2, "away", true})
             == life::told({chunk_retry_scheduled{1, 2, t0 + seconds{3}, "away"}}));
  l.at = t0 + seconds{3};
  l.does(fire_timer{"retry", t0 + seconds{3}}).runs(1);
  BOOST_TEST(l.says(report_chunk_failed{1, 3, "away for good", true})
             == life::told({chunk_failed{1, 3, "away for good"}}));
  BOOST_TEST(chunk_of(l, 1).trouble == "away for good");
  BOOST_TEST((chunk_of(l, 1).status == status::failed));
  // The others go on.
  l.finishes(2, 20, 0).finishes(3, 5, 0);
  BOOST_TEST(l.status() == "PartiallySucceeded");
}

BOOST_AUTO_TEST_CASE(a_trouble_that_is_over_is_forgotten) {
  auto l = split_one().runs(1).does(report_chunk_failed{1, 1, "away", true});
  l.at = t0 + seconds{1};
  l.does(fire_timer{"retry", t0 + seconds{1}}).runs(1);
  BOOST_TEST(chunk_of(l, 1).trouble == "away");
  l.does(report_chunk_finished{1, 2, 10, 0});
  BOOST_TEST(chunk_of(l, 1).trouble == "");
}

BOOST_AUTO_TEST_CASE(one_timer_stands_for_all_waits) {
  auto l = split_one().runs(1).runs(2).runs(3);
  l.does(report_chunk_failed{1, 1, "away", true});
  l.at = t0 + milliseconds{500};
  l.does(report_chunk_failed{2, 1, "away", true});
  l.at = t0 + milliseconds{2'000};
  l.does(report_chunk_failed{3, 1, "away", true});
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0 + seconds{1}, "retry"}}));
  l.does(fire_timer{"retry", t0 + seconds{1}});
  BOOST_TEST((chunk_of(l, 1).chunk.phase == chunk_phase::ready));
  BOOST_TEST((chunk_of(l, 2).chunk.phase == chunk_phase::ready));
  BOOST_TEST((chunk_of(l, 3).chunk.phase == chunk_phase::waiting));
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0 + seconds{3}, "retry"}}));
}

BOOST_AUTO_TEST_CASE(waits_double_up_to_their_bound_and_jitter_falls_on_top) {
  policy p;
  BOOST_TEST(wait_after(p, 1, 0).count() == 1'000);
  BOOST_TEST(wait_after(p, 4, 0).count() == 8'000);
  BOOST_TEST(wait_after(p, 9, 0).count() == 16'000);
  BOOST_TEST(wait_after(p, 0, 0).count() == 1'000);
  constexpr auto most = std::numeric_limits<std::uint32_t>::max();
  BOOST_TEST(wait_after(p, most, most).count() == 20'000);
  p.wait_ms_min = p.wait_ms_max = std::int64_t{1} << 31;
  p.jitter_percent = 100;
  BOOST_TEST(wait_after(p, most, most).count() == std::int64_t{1} << 32);
}

BOOST_AUTO_TEST_CASE(a_finished_chunk_has_the_records_that_the_split_saw) {
  auto l = split_one().runs(1);
  BOOST_TEST(l.says(report_chunk_finished{1, 1, 9, 2})
             == "content-mismatch: chunk 1 has 10 records: 9 rows and 2 rejects are not what it "
                "holds");
  BOOST_TEST(l.says(report_chunk_finished{1, 1, 9, 0}).starts_with("content-mismatch: "));
  constexpr auto most = std::numeric_limits<std::uint64_t>::max();
  BOOST_TEST(l.says(report_chunk_finished{1, 1, most, 11}).starts_with("content-mismatch: "));
  auto whole = single_one().runs(1);
  BOOST_TEST(whole.says(report_chunk_finished{1, 1, 100, 1})
             == "content-mismatch: chunk 1 has at most 100 records: 100 rows and 1 reject are not "
                "what it holds");
}

BOOST_AUTO_TEST_CASE(troubles_are_kept_short_and_few) {
  auto l = split_one();
  l.runs(1).does(report_chunk_failed{1, 1, "\xff" + std::string(500, 'x'), false});
  BOOST_TEST(chunk_of(l, 1).trouble == "?" + std::string(199, 'x'));
  life many;
  many.rules.chunks_max = 100;
  many.does(accept{some_file(1'000), {}}).does(start{});
  many.does(report_split{0, 1, std::vector<piece>(100, {10, 1, 1})});
  for (std::uint32_t n = 1; n <= 100; ++n)
    many.fails(n, "no");
  BOOST_TEST(many.seen().troubles.size() == troubles_max);
  BOOST_TEST(chunk_of(many, 64).trouble == "no");
  BOOST_TEST(chunk_of(many, 65).trouble == "");
  BOOST_TEST(many.status() == "Failed");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::ingestion

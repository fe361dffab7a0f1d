// SPDX-License-Identifier: Apache-2.0
// Rows on their way to topics: the production publisher over jobs in virtual time, with a sink in
// memory that stalls, forgets and refuses, and lives that end anywhere.
#include "actors/job_request.hpp"
#include "tests/actors/publishing_world.hpp"

#include <nlohmann/json.hpp>

#include <fstream>
#include <set>

using namespace dossier;
using namespace dossier::test;
using ingestion::status;

namespace row_publisher_tests {

const std::string header
  = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n";

std::string good(const std::string& key) {
  return "a,b,01/02/2024,10:00:00,1,1," + key + ",GBP\n";
}

} // namespace row_publisher_tests

BOOST_AUTO_TEST_SUITE(row_publisher_tests)

BOOST_AUTO_TEST_CASE(each_row_of_an_ended_job_is_published_as_it_is_shown) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    publishing_world w(seed);
    const auto id = w.publish(made_file(seed, 120));
    w.settle();
    const auto shown = w.shown(id);
    BOOST_TEST(shown.size() > 50u);
    BOOST_TEST((w.heard() == shown));
    BOOST_TEST(w.sent().size() == shown.size());
    BOOST_TEST(w.publisher->stats().published.load() == shown.size());
    BOOST_TEST(w.publisher->stats().due_since_ms.load() == 0);
    BOOST_TEST(w.publisher->health().has_value());
    std::map<std::uint32_t, std::uint64_t> last;
    for (const auto& m : w.sent()) {
      const auto value = nlohmann::json::parse(m.value);
      BOOST_TEST(m.key == value["values"]["reference"].get<std::string>());
      BOOST_TEST(m.partition == shard_of(m.key, partitions));
      const std::uint64_t record = value["row"];
      BOOST_TEST(record > last[m.partition]);
      last[m.partition] = record;
    }
  }
}

BOOST_AUTO_TEST_CASE(a_row_is_an_event_that_names_its_job_its_schema_and_the_end) {
  publishing_world w;
  const auto id = w.publish(header + good("R1"));
  const auto ended = *w.view_of(id).ended_at;
  w.world.beat(milliseconds{60'000});
  w.settle();
  BOOST_REQUIRE(w.sent().size() == 1u);
  const auto m = w.sent().front();
  BOOST_TEST(m.topic == "rows.cdr");
  BOOST_TEST(m.key == "R1");
  const event_headers wanted{{"ce_specversion", "1.0"},
                             {"ce_id", id.text() + "-row-1"},
                             {"ce_source", "/dossier"},
                             {"ce_type", "dossier.ingestion.row"},
                             {"ce_subject", "job/" + id.text()},
                             {"ce_time", to_rfc3339(ended)},
                             {"ce_dataschema", "dossier:/schemas/dossier.ingestion.row.cdr/1"},
                             {"content-type", "application/json"}};
  BOOST_TEST((m.headers == wanted));
  BOOST_TEST(read_cloud_event(m.headers, m.value).has_value());
}

BOOST_AUTO_TEST_CASE(without_such_a_job_nothing_is_opened_and_the_place_moves_on) {
  publishing_world w;
  const auto id = w.submit(made_file(1, 50));
  w.run();
  BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
  w.settle();
  BOOST_TEST(w.sinks.empty());
  w.publisher->close(milliseconds{0});
  BOOST_TEST(w.noted(id)
             == std::to_string(w.world.store->read_feed_end(id.shard()).value()) + " 0");
}

BOOST_AUTO_TEST_CASE(nothing_is_published_before_the_job_has_ended) {
  publishing_world w;
  const auto id = w.accept(made_file(1, 120));
  std::size_t steps_with_rows = 0;
  while (w.step()) {
    w.publisher->turn();
    const auto job = w.world.core->jobs().find(id);
    if (job && !job->view.ended_at) {
      BOOST_TEST(w.sinks.empty());
      steps_with_rows += job->view.tally.rows > 0 ? 1 : 0;
    }
  }
  BOOST_TEST(steps_with_rows > 0u);
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
}

BOOST_AUTO_TEST_CASE(no_more_rows_are_on_their_way_than_may_be) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 120));
  w.turn(50);
  BOOST_REQUIRE(w.sinks.size() == 1u);
  BOOST_TEST(w.sinks.back().under_way() == 8u);
  BOOST_TEST(w.publisher->stats().on_their_way.load() == 8u);
  BOOST_TEST(!w.publisher->health());
  BOOST_TEST(w.publisher->stats().due_since_ms.load() == to_ms(*w.view_of(id).ended_at));
  w.sinks.back().hold(false);
  w.settle();
  BOOST_TEST(w.sent().size() == w.shown(id).size());
}

BOOST_AUTO_TEST_CASE(the_place_is_noted_when_rows_have_arrived_and_not_before) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 60));
  w.turn(50);
  w.publisher->close(milliseconds{0}); // Nothing of it has arrived.
  BOOST_TEST(w.noted_record(id) == 0u);
  const auto before = w.noted(id);
  w.is_held = false;
  w.restart();
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
  BOOST_TEST(w.noted(id) != before);
  // What has arrived is not sent again.
  const auto count = w.sent().size();
  w.restart();
  for (shard_number shard = 0; shard < w.world.store->shard_count(); ++shard)
    w.news->put_back(shard);
  w.settle();
  BOOST_TEST(w.sent().size() == count);
}

BOOST_AUTO_TEST_CASE(a_new_life_goes_on_in_the_middle_of_a_job) {
  publishing_world w;
  w.bounds.in_flight_max = 100;
  w.bounds.page_rows = 64;
  w.said_max = 10;
  w.restart();
  const auto id = w.publish(made_file(1, 3'000));
  std::set<std::uint64_t> records;
  for (const auto& [event, value] : w.shown(id))
    records.insert(nlohmann::json::parse(value)["row"].get<std::uint64_t>());
  while (w.publisher->stats().published.load() < 1'500)
    w.publisher->turn();
  // Noted with the thousandth, while others were on their way behind it.
  const auto noted = w.noted_record(id);
  BOOST_TEST(w.publisher->stats().on_their_way.load() > 0u);
  BOOST_TEST(noted == *std::next(records.begin(), 999));
  w.restart();
  for (shard_number shard = 0; shard < w.world.store->shard_count(); ++shard)
    w.news->put_back(shard);
  w.settle();
  BOOST_TEST((w.heard() == w.shown(id)));
  BOOST_TEST(w.sent().size() > w.shown(id).size()); // Some twice.
  BOOST_REQUIRE(w.sinks.size() == 2u);
  std::uint64_t first = UINT64_MAX;
  for (std::uint32_t p = 0; p < partitions; ++p)
    for (const auto& m : w.sinks.back().messages(topic, p))
      first = std::min(first, nlohmann::json::parse(m.value)["row"].get<std::uint64_t>());
  BOOST_TEST(first > noted);
}

BOOST_AUTO_TEST_CASE(what_a_reset_forgets_is_sent_again_under_the_same_ids) {
  for (std::size_t kept = 0; kept <= 8; kept += 4) {
    publishing_world w;
    w.is_held = true;
    const auto id = w.publish(made_file(1, 120));
    w.turn(10);
    BOOST_REQUIRE(w.sinks.size() == 1u);
    w.sinks.back().reset(kept);
    w.sinks.back().hold(false);
    w.settle();
    BOOST_TEST((w.heard() == w.shown(id)));
    BOOST_TEST(w.sent().size() == w.shown(id).size() + kept);
    BOOST_TEST(w.publisher->stats().resets.load() == 1u);
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_is_refused_holds_back_its_shard_and_is_not_lost) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(made_file(1, 60));
  w.turn(10);
  BOOST_REQUIRE(w.sinks.size() == 1u);
  auto& sink = w.sinks.back();
  sink.refuse(std::uint64_t{id.shard()} << 48 | 3, fail(errc::too_large, "it is too large"));
  sink.hold(false);
  w.settle();
  BOOST_TEST(w.publisher->stats().refused.load() == 1u);
  BOOST_TEST(w.publisher->health().error().why.find("too large") != std::string::npos);
  BOOST_TEST(w.noted_record(id) <= 3u);
  BOOST_TEST(w.heard().size() < w.shown(id).size());
  // Refused again, it comes alone: what is behind it is not sent with each try. Another shard goes
  // on meanwhile.
  const auto count = w.sent().size();
  sink.refuse(std::uint64_t{id.shard()} << 48 | 9, fail(errc::too_large, "it is too large"));
  const auto other = w.publish(header + good("R1"), "another");
  BOOST_REQUIRE(other.shard() != id.shard());
  w.settle();
  BOOST_TEST(w.publisher->stats().refused.load() == 2u);
  BOOST_TEST(w.sent().size() == count + 1);
  w.world.beat(milliseconds{5'000});
  w.settle();
  auto wanted = w.shown(id);
  wanted.merge(w.shown(other));
  BOOST_TEST((w.heard() == wanted));
  BOOST_TEST(w.publisher->health().has_value());
}

BOOST_AUTO_TEST_CASE(rows_behind_a_refused_one_that_is_lost_are_published) {
  publishing_world w;
  w.is_held = true;
  const auto id = w.publish(header + good("R1") + "too,few\n" + good("R3"));
  w.turn(10);
  BOOST_REQUIRE(w.sinks.size() == 1u);
  auto& sink = w.sinks.back();
  sink.refuse(std::uint64_t{id.shard()} << 48 | 1, fail(errc::too_large, "it is too large"));
  sink.hold(false);
  w.settle();
  BOOST_TEST(w.publisher->stats().refused.load() == 1u);
  BOOST_REQUIRE(w.rows->remove({id, 1, w.view_of(id).chunks[0].attempt}));
  for (int tries = 0; tries < 4; ++tries) {
    w.world.beat(milliseconds{5'000});
    w.settle();
  }
  BOOST_TEST(w.publisher->stats().passed_over.load() == 1u);
  // Of other customers, because keys are looked for in the file that is gone.
  std::size_t behind = 0;
  for (const std::string customer : {"b", "c", "d", "e", "f", "g", "h", "i"}) {
    const auto next = w.publish(header + "too,few\n" + good("R5") + good("R6"), customer);
    behind += next.shard() == id.shard() ? 1 : 0;
    w.settle();
    const auto heard = w.heard();
    for (const auto& [event, value] : w.shown(next))
      BOOST_TEST(heard.contains(event));
  }
  BOOST_TEST(behind > 0u);
}

BOOST_AUTO_TEST_CASE(shards_take_turns_when_there_is_room_for_few) {
  publishing_world w;
  w.said_max = 4;
  const auto one = w.publish(made_file(1, 200));
  const auto other = w.publish(made_file(2, 200), "another");
  BOOST_REQUIRE(one.shard() != other.shard());
  while (w.publisher->stats().published.load() < 100)
    w.publisher->turn();
  std::map<std::string, std::size_t> heard_of;
  for (const auto& [event, value] : w.heard())
    ++heard_of[event.substr(0, event.find("-row-"))];
  BOOST_TEST(heard_of[one.text()] >= 40u);
  BOOST_TEST(heard_of[other.text()] >= 40u);
}

BOOST_AUTO_TEST_CASE(a_repaired_record_is_published_alone) {
  publishing_world w;
  const auto id = w.publish(header + good("R1") + "too,few\n" + good("R3") + "a,b\n");
  w.settle();
  BOOST_TEST(w.sent().size() == 2u);
  w.repair(id, {{2, good("R2")}});
  w.settle();
  BOOST_TEST(w.sent().size() == 3u);
  w.repair(id, {{4, good("R4")}});
  BOOST_TEST((w.view_of(id).status == status::succeeded));
  w.settle();
  BOOST_TEST(w.sent().size() == 4u);
  BOOST_TEST((w.heard() == w.shown(id)));
}

BOOST_AUTO_TEST_CASE(a_failed_job_publishes_nothing_until_it_has_ended_well) {
  const auto text = header + good("R1") + "too,few\n" + good("R3");
  const ingestion::reject_limits none{0, 1'000'000};
  {
    publishing_world w;
    const auto id = w.publish(text, "acme", none);
    BOOST_TEST((w.view_of(id).status == status::failed));
    w.settle();
    BOOST_TEST(w.sinks.empty());
    w.tell(id, ingestion::retry_failed_chunks{ingestion::reject_limits{5, 1'000'000}});
    w.run();
    BOOST_TEST((w.view_of(id).status == status::partially_succeeded));
    w.settle();
    BOOST_TEST(w.sent().size() == 2u);
    BOOST_TEST((w.heard() == w.shown(id)));
  }
  publishing_world w;
  const auto id = w.publish(text, "acme", none);
  w.tell(id, ingestion::cancel{"not this one"});
  w.repair(id, {{2, good("R2")}});
  w.settle();
  const bool ended_well = w.view_of(id).status == status::succeeded;
  BOOST_TEST(w.sent().size() == (ended_well ? 3u : 0u));
}

BOOST_AUTO_TEST_CASE(jobs_of_all_customers_are_published) {
  publishing_world w;
  w.bounds.open_walks_max = 2;
  w.restart();
  std::map<std::string, std::string> wanted;
  std::set<shard_number> shards;
  for (const std::string customer : {"acme", "b", "c", "d", "e", "f", "g", "h", "i", "another"}) {
    const auto id = w.publish(made_file(1, 40), customer);
    wanted.merge(w.shown(id));
    shards.insert(id.shard());
  }
  BOOST_TEST(shards.size() > w.bounds.open_walks_max);
  w.settle();
  BOOST_TEST((w.heard() == wanted));
}

BOOST_AUTO_TEST_CASE(a_chunk_that_is_gone_is_passed_over_and_counted) {
  publishing_world w;
  const auto id = w.publish(made_file(1, 120));
  auto wanted = w.shown(id);
  const auto view = w.view_of(id);
  BOOST_REQUIRE(view.chunks.size() > 3u);
  const auto& gone = view.chunks[1];
  BOOST_REQUIRE(w.rows->remove({id, 2, gone.attempt}));
  for (auto record = gone.record; record < gone.record + gone.extent.records; ++record)
    wanted.erase(id.text() + "-row-" + std::to_string(record));
  w.settle();
  BOOST_TEST(w.publisher->stats().passed_over.load() == 0u);
  BOOST_TEST(w.publisher->health().error().why.find("chunk 2") != std::string::npos);
  for (int tries = 0; tries < 3; ++tries) {
    w.world.beat(milliseconds{5'000});
    w.settle();
  }
  BOOST_TEST(w.publisher->stats().passed_over.load() == 1u);
  BOOST_TEST((w.heard() == wanted));
  BOOST_TEST(w.publisher->stats().due_since_ms.load() == 0);
}

BOOST_AUTO_TEST_CASE(a_file_that_is_submitted_again_with_it_is_published) {
  for (const bool has_ended : {false, true}) {
    publishing_world w;
    const auto text = header + good("R1") + "too,few\n" + good("R3");
    const auto id = w.submit(text);
    if (has_ended) {
      w.run();
      w.repair(id, {{2, good("R2")}});
    }
    w.settle();
    BOOST_TEST(w.sinks.empty());
    auto again = w.submission_of(w.store(text));
    w.tell(id, ingestion::accept{again, std::nullopt});
    BOOST_TEST(!w.view_of(id).submission.publishes_rows);
    again.publishes_rows = true;
    for (int i = 0; i < 2; ++i)
      w.tell(id, ingestion::accept{again, std::nullopt});
    w.run();
    BOOST_TEST(w.view_of(id).submission.publishes_rows);
    w.settle();
    BOOST_TEST(w.sent().size() == (has_ended ? 3u : 2u));
    BOOST_TEST((w.heard() == w.shown(id)));
  }
}

BOOST_AUTO_TEST_CASE(rows_without_a_key_cannot_be_published) {
  scratch_directory directory;
  const auto make = [&](const std::string& name) {
    std::ofstream(std::filesystem::path(directory / (name + ".toml")))
      << "name = \"" << name << "\"\nversion = 1\n[[columns]]\nname = \"a\"\ntype = \"text\"\n";
  };
  make("bare");
  const auto schemas = row_schema_registry::open(directory / "").value();
  const auto named = [&](const std::string& schema, std::string_view where) {
    job_wishes wanted;
    wanted.schema = schema;
    wanted.publishes_rows = true;
    ingestion::submission made;
    return name_wishes(wanted, schemas, where, made);
  };
  BOOST_TEST(named("cdr", "schema").has_value());
  BOOST_TEST((named("bare", "schema").error().code == errc::invalid_argument));
  BOOST_TEST(named("bare", "schema").error().where == "publish");
  BOOST_TEST(named("bare", "/schema").error().where == "/options/publish");
}

BOOST_AUTO_TEST_CASE(each_row_arrives_whatever_is_killed_forgotten_and_repaired) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed)
    BOOST_TEST_CONTEXT("seed " << seed) {
      publishing_world w(seed);
      w.bounds.in_flight_max = 1 + w.dice() % 40;
      w.bounds.page_rows = 1 + w.dice() % 30;
      w.said_max = 1 + w.dice() % 20;
      w.restart();
      std::vector<entity_id> jobs;
      for (int action = 0; action < 300; ++action)
        w.act(jobs);
      for (auto& sink : w.sinks)
        sink.hold(false);
      w.run();
      w.settle();
      std::map<std::string, std::string> wanted;
      for (const auto& id : jobs)
        wanted.merge(w.shown(id));
      BOOST_TEST(!wanted.empty());
      BOOST_TEST((w.heard() == wanted));
    }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The cross-check finds what is wrong with entities of every kind, and nothing with what is right.
#include "actors/verify.hpp"

#include "actors/ingestion/kind.hpp"
#include "persistence/files.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/stepped_world.hpp"

#include <boost/test/unit_test.hpp>

#include <span>
#include <string>
#include <string_view>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace verify_tests {

settings small_settings() {
  settings s;
  s.storage.shards = 4;
  return s;
}

struct fixture {
  stepped_world world{small_settings()};
  scratch_directory directory;
  std::unique_ptr<blob_store> blobs
    = blob_store::open(posix_files(), directory / "blobs", *world.store).value();
  std::vector<std::string> told;

  verify_counts check() {
    told.clear();
    const auto counts = verify(*world.store, *blobs, {},
                               [this](const std::string& sentence) { told.push_back(sentence); });
    BOOST_REQUIRE(counts);
    BOOST_TEST(counts->discrepancies == told.size());
    return *counts;
  }

  entity_id document() {
    const auto id = world.core->documents().next_id("acme");
    BOOST_REQUIRE(world.ask(id, document::create{"acme", "t", "f", "a/b", {}, {}, {}}));
    return id;
  }

  entity_id letter(bool is_transient) {
    const auto id = world.core->letters().next_id(2);
    world.core->letters().submit(
      id, letter::receive{{}, {}, "T", "", {errc::unavailable, "away", ""}, is_transient}, {},
      std::make_shared<reply<letter::view>>([](const auto& got) { BOOST_TEST(got.has_value()); }));
    world.run();
    return id;
  }

  void ask(const entity_id& job, ingestion::command what) {
    world.core->jobs().submit(job, std::move(what), {},
                              std::make_shared<reply<ingestion::view>>([](const auto& got) {
                                BOOST_TEST(got.has_value(), (got ? "" : got.error().why));
                              }));
    world.run();
  }

  /// A job of a file that is cut in so many chunks, with so many events: it is cancelled and taken
  /// up again.
  entity_id job(std::uint64_t chunks, std::uint64_t events) {
    constexpr std::uint64_t chunk_bytes = 64u << 20;
    auto upload = blobs->begin("acme", false).value();
    const auto content = std::to_string(chunks); // So each is a job of its own.
    BOOST_REQUIRE(upload->append(std::as_bytes(std::span(content))));
    ingestion::submission made_of;
    made_of.customer = "acme";
    made_of.original_file_name = "calls.csv";
    made_of.sha256 = upload->finish({}).value().sha256;
    made_of.bytes = chunks * chunk_bytes;
    made_of.schema_name = "calls";
    made_of.schema_version = 1;
    const auto id = world.core->jobs().id_of(made_of);
    ask(id, ingestion::accept{made_of, {}});
    ask(id, ingestion::start{});
    ask(id,
        ingestion::report_split{0, 1, std::vector<ingestion::piece>(chunks, {chunk_bytes, 1, 1})});
    for (std::uint64_t version = 3; version < events; ++version)
      if (version % 2 == 1)
        ask(id, ingestion::cancel{"again"});
      else
        ask(id, ingestion::retry_failed_chunks{});
    BOOST_REQUIRE(world.core->jobs().find(id));
    BOOST_TEST(world.core->jobs().find(id)->view.version == events);
    return id;
  }

  std::uint64_t version_of_row(const entity_id& job) {
    const auto row = world.store->read_state({entity_kind::job, job}).value();
    return row ? row->version : 0;
  }

  void says(std::string_view part) {
    BOOST_REQUIRE(told.size() == 1u);
    BOOST_TEST(told[0].find(part) != std::string::npos, told[0]);
  }
};

} // namespace verify_tests

BOOST_FIXTURE_TEST_SUITE(verify_tests, verify_tests::fixture)

BOOST_AUTO_TEST_CASE(entities_of_every_kind_that_agree_with_their_rows_are_no_finding) {
  document();
  letter(true);
  letter(false);
  const auto counts = check();
  BOOST_TEST(told.empty());
  BOOST_TEST(counts.entities == 3u);
  BOOST_TEST(counts.events == 5u);
  BOOST_TEST(counts.timers == 2u);
  BOOST_TEST(counts.projections == 3u);
}

BOOST_AUTO_TEST_CASE(a_letters_state_row_that_its_events_contradict_is_found) {
  const auto id = letter(true);
  const entity_ref entity{entity_kind::letter, id};
  auto row = world.store->read_state(entity).value();
  row->version = 1;
  world.store->replace_state(entity, row);
  check();
  says("is of version 1");
  row->bytes = "x";
  world.store->replace_state(entity, row);
  check();
  says("cannot be read");
}

BOOST_AUTO_TEST_CASE(the_state_row_of_a_job_of_few_chunks_is_written_at_each_event) {
  for (std::uint64_t events = 3; events < 6; ++events)
    BOOST_TEST(version_of_row(job(job_kind::snapshot_every - events, events)) == events);
  check();
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(the_state_row_of_a_job_of_many_chunks_is_written_now_and_then) {
  constexpr auto many = job_kind::snapshot_every + 1;
  BOOST_TEST(version_of_row(job(many, job_kind::snapshot_every - 1)) == 2u); // Before its chunks.
  const auto id = job(many + 1, job_kind::snapshot_every);
  BOOST_TEST(version_of_row(id) == job_kind::snapshot_every);
  ask(id, ingestion::retry_failed_chunks{});
  BOOST_TEST(version_of_row(id) == job_kind::snapshot_every);
  BOOST_TEST(!world.core->jobs().find(id)->view.ended_at); // What followed counts.
  check();
  BOOST_TEST(told.empty());
}

BOOST_AUTO_TEST_CASE(a_jobs_state_row_that_is_missing_too_old_or_of_another_life_is_found) {
  const auto id = job(job_kind::snapshot_every + 1, job_kind::snapshot_every + 1);
  const entity_ref entity{entity_kind::job, id};
  auto row = world.store->read_state(entity).value();
  world.store->replace_state(entity, std::nullopt);
  check();
  says("has no state row");
  row->version = job_kind::snapshot_every - 1;
  world.store->replace_state(entity, row);
  check();
  says("is of version 15");
  row->version = job_kind::snapshot_every + 1; // So the last event is missing in it.
  world.store->replace_state(entity, row);
  check();
  says("differs from what its events say");
}

BOOST_AUTO_TEST_CASE(rows_that_a_letter_does_not_wish_for_are_found) {
  const auto id = letter(false);
  batch stray;
  stray.entity = {entity_kind::letter, id};
  stray.expected_version = 2;
  stray.timers_set.push_back({world.time.now() + 1h, "retry"});
  BOOST_REQUIRE(world.store->write(std::vector{stray}, world.time.now()).value().front());
  check();
  says("timer retry of letter/");
}

BOOST_AUTO_TEST_CASE(rows_that_a_letter_misses_are_found) {
  const auto id = letter(false);
  batch lost;
  lost.entity = {entity_kind::letter, id};
  lost.expected_version = 2;
  lost.projections_erased.push_back(
    list_entry{std::string(letter::dead_list), world.core->letters().find(id)->view.received_at});
  BOOST_REQUIRE(world.store->write(std::vector{lost}, world.time.now()).value().front());
  check();
  says("entry of the list letters-dead is missing for letter/");
}

BOOST_AUTO_TEST_SUITE_END()

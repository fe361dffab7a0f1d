// SPDX-License-Identifier: Apache-2.0
// The core's promises in virtual time: refuse and live, crash and keep state, never lose a timer.
#include "tests/support/stepped_world.hpp"

#include "actors/document/kind.hpp"
#include "actors/entity/hosted.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using std::chrono::hours;
using namespace std::chrono_literals;

namespace core_tests {

settings small_settings() {
  settings s;
  s.storage.shards = 4;
  return s;
}

struct fixture {
  stepped_world world{small_settings()};

  entity_id create(std::optional<milliseconds> life = std::nullopt, command_meta meta = {}) {
    const auto id = world.core->documents().next_id("acme");
    document::create what{"acme", "invoice", "a.pdf", "application/pdf", {}, {}, {}};
    if (life)
      what.expiry = world.time.now() + *life;
    meta.is_fresh_entity = true;
    BOOST_REQUIRE(world.ask(id, what, meta));
    return id;
  }

  std::vector<std::string> types_of(const entity_id& id) {
    std::vector<std::string> types;
    const auto history = world.core->documents().history(id, 1, 1'000);
    BOOST_REQUIRE(history);
    for (const auto& entry : *history)
      types.push_back(entry.event.type.substr(std::string("CustomerDocument").size()));
    return types;
  }

  document::status status_of(const entity_id& id) {
    return world.core->documents().find(id)->view.status;
  }
};

using names = std::vector<std::string>;

} // namespace core_tests

BOOST_FIXTURE_TEST_SUITE(core_tests, core_tests::fixture)

BOOST_AUTO_TEST_CASE(a_created_document_is_found) {
  const auto id = create();
  const auto found = world.core->documents().find(id);
  BOOST_REQUIRE(found);
  BOOST_TEST(found->view.file_name == "a.pdf");
  BOOST_TEST(found->view.version == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_command_leaves_its_actor_alive) {
  const auto id = create();
  const auto refused = world.ask(id, document::confirm_upload{});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::conflict));
  BOOST_TEST(world.ask(id, document::store_content{{}, 3}).has_value());
  BOOST_TEST(world.core->admin().stats().restarts == 0u);
}

BOOST_AUTO_TEST_CASE(nothing_is_answered_before_it_is_durable) {
  const auto id = world.core->documents().next_id("acme");
  command_meta meta;
  meta.is_fresh_entity = true;
  auto seen = world.submit(id, document::create{"acme", "t", "f", "a/b", {}, {}, {}}, meta);
  while (world.step_actor() || world.loaders.waiting() > 0)
    if (world.loaders.waiting() > 0)
      world.loaders.run_first();
  BOOST_TEST(world.commits.waiting() == 1u);
  BOOST_TEST(!seen->has_value());
  world.run();
  BOOST_TEST(seen->has_value());
}

BOOST_AUTO_TEST_CASE(a_crashed_actor_keeps_its_state_and_restarts_after_its_backoff) {
  const auto id = create();
  BOOST_REQUIRE(world.ask(id, document::store_content{{}, 3}));
  world.core->admin().restart({entity_kind::document, id});
  world.run();
  auto seen = world.submit(id, document::confirm_upload{});
  world.run();
  BOOST_TEST(!seen->has_value()); // It waits for the restart.
  world.advance(200ms);
  BOOST_REQUIRE(seen->has_value());
  BOOST_REQUIRE(**seen);
  BOOST_TEST((**seen)->view.version == 3u);
  BOOST_TEST(world.core->admin().stats().restarts == 1u);
}

BOOST_AUTO_TEST_CASE(the_backoff_doubles_and_quarantine_follows) {
  const auto id = create();
  world.core->admin().restart({entity_kind::document, id});
  // A history that cannot be read is found at the next load.
  world.store->replace_event({entity_kind::document, id}, 1, "not an envelope");
  world.store->replace_state({entity_kind::document, id}, std::nullopt);
  world.advance(300ms);
  const auto refused = world.ask(id, document::confirm_upload{});
  BOOST_REQUIRE(!refused);
  BOOST_TEST((refused.error().code == errc::quarantined));
  BOOST_TEST(refused.error().why.find("event 1") != std::string::npos, refused.error().why);
  BOOST_TEST(world.core->admin().stats().actors_quarantined == 1u);
}

BOOST_AUTO_TEST_CASE(a_refused_batch_is_answered_and_the_actor_reads_the_truth_again) {
  const auto id = create();
  auto seen = world.submit(id, document::store_content{{}, 3});
  while (world.step_actor()) {
  }
  world.commits.refuse_first(fail(errc::unavailable, "the test says so"));
  world.run();
  BOOST_REQUIRE(seen->has_value());
  BOOST_TEST(((**seen).error().code == errc::unavailable));
  world.advance(200ms);
  const auto again = world.ask(id, document::store_content{{}, 3});
  BOOST_REQUIRE(again);
  BOOST_TEST(again->view.version == 2u);
}

BOOST_AUTO_TEST_CASE(a_repeated_command_id_cannot_take_effect_twice) {
  command_meta meta;
  meta.id.bytes[0] = 7;
  const auto id = create(std::nullopt, meta);
  const auto other = world.core->documents().next_id("acme");
  meta.is_fresh_entity = true;
  const auto repeated
    = world.ask(other, document::create{"acme", "invoice", "a.pdf", "a/b", {}, {}, {}}, meta);
  BOOST_TEST(!repeated.has_value());
  const auto stored = world.core->documents().find_answer("acme", meta.id);
  BOOST_REQUIRE(stored);
  BOOST_REQUIRE(stored->has_value());
  const auto answered = world.core->documents().decode_answer((*stored)->bytes);
  BOOST_REQUIRE(answered);
  BOOST_TEST((answered->id == id));
  BOOST_TEST(answered->is_replay);
}

BOOST_AUTO_TEST_CASE(expiry_is_announced_a_minute_ahead_and_happens_on_time) {
  const auto id = create(300s);
  world.advance(239s);
  BOOST_TEST(types_of(id) == (names{"CreatedEvent"}), boost::test_tools::per_element());
  world.advance(1100ms);
  BOOST_TEST(types_of(id) == (names{"CreatedEvent", "ExpiringEvent"}),
             boost::test_tools::per_element());
  world.advance(59s + 700ms);
  BOOST_TEST((status_of(id) == document::status::pending));
  world.advance(300ms);
  BOOST_TEST(types_of(id) == (names{"CreatedEvent", "ExpiringEvent", "ExpiredEvent"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_event_is_never_early_and_at_most_one_beat_late) {
  const auto id = create(10min + 1ms);
  const auto due = world.time.now() + 10min + 1ms;
  world.advance(11min);
  const auto history = world.core->documents().history(id, 1, 10);
  const auto at = history->back().event.at;
  BOOST_TEST((at >= due));
  BOOST_TEST((at <= due + 2ms));
}

BOOST_AUTO_TEST_CASE(a_timer_of_thirty_days_fires) {
  const auto id = create(hours{24 * 30});
  world.advance(hours{24 * 30} - 61s);
  BOOST_TEST(types_of(id).size() == 1u);
  world.advance(62s);
  BOOST_TEST((status_of(id) == document::status::expired));
}

BOOST_AUTO_TEST_CASE(timers_due_while_the_process_was_down_fire_once_in_order) {
  const auto id = create(300s);
  world.step_clock(1h);
  world.kill_and_restart();
  world.advance(500ms);
  BOOST_TEST(types_of(id) == (names{"CreatedEvent", "ExpiringEvent", "ExpiredEvent"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_delays_nothing_for_ever_and_fires_nothing_early) {
  const auto id = create(300s);
  const auto due = world.time.now() + 300s;
  world.advance(250s);
  world.step_clock(-hours{2});
  world.advance(10s);
  BOOST_TEST((status_of(id) == document::status::pending));
  world.advance(hours{2} + 60s);
  BOOST_TEST((status_of(id) == document::status::expired));
  const auto history = world.core->documents().history(id, 1, 10);
  BOOST_TEST((history->back().event.at >= due));
}

BOOST_AUTO_TEST_CASE(changing_the_expiry_arms_the_timers_anew) {
  const auto id = create(300s);
  document::change later;
  later.expiry = std::optional(world.time.now() + 900s);
  BOOST_REQUIRE(world.ask(id, later));
  world.advance(301s);
  BOOST_TEST((status_of(id) == document::status::pending));
  world.advance(600s);
  BOOST_TEST((status_of(id) == document::status::expired));
}

BOOST_AUTO_TEST_CASE(what_is_never_confirmed_is_abandoned_after_a_day) {
  const auto id = create();
  world.advance(hours{24} - 1s);
  BOOST_TEST((status_of(id) == document::status::pending));
  world.advance(2s);
  BOOST_TEST((status_of(id) == document::status::abandoned));
}

BOOST_AUTO_TEST_CASE(an_idle_actor_is_let_go_and_comes_back_with_its_state) {
  const auto id = create();
  BOOST_TEST(world.core->admin().stats().actors_active == 1u);
  world.advance(31s);
  BOOST_TEST(world.core->admin().stats().actors_active == 0u);
  const auto stored = world.ask(id, document::store_content{{}, 9});
  BOOST_REQUIRE(stored);
  BOOST_TEST(stored->view.version == 2u);
}

BOOST_AUTO_TEST_CASE(commands_to_one_document_are_answered_in_order) {
  const auto id = create();
  std::vector<std::shared_ptr<outcome>> seen;
  for (int i = 0; i < 20; ++i) {
    document::change what;
    what.file_name = "name-" + std::to_string(i);
    seen.push_back(world.submit(id, what));
  }
  world.run();
  for (std::size_t i = 0; i < seen.size(); ++i) {
    BOOST_REQUIRE(seen[i]->has_value());
    BOOST_TEST((**seen[i])->view.version == i + 2);
  }
}

BOOST_AUTO_TEST_CASE(too_many_commands_for_one_document_are_refused_as_busy) {
  const auto id = create();
  std::vector<std::shared_ptr<outcome>> seen;
  for (std::uint32_t i = 0; i < world.config.actors.pending_per_entity_max + 5; ++i)
    seen.push_back(world.submit(id, document::store_content{{}, i}));
  world.run();
  const auto busy = std::count_if(seen.begin(), seen.end(), [](const auto& s) {
    return !**s && (**s).error().code == errc::busy;
  });
  BOOST_TEST(busy == 5);
}

BOOST_AUTO_TEST_CASE(whoever_waits_when_the_core_stops_is_answered) {
  const auto id = create();
  auto seen = world.submit(id, document::store_content{{}, 3});
  world.core->stop();
  BOOST_REQUIRE(seen->has_value());
  BOOST_TEST(((**seen).error().code == errc::unavailable));
}

BOOST_AUTO_TEST_CASE(a_timer_row_of_nothing_goes_away) {
  batch stray;
  stray.entity = {entity_kind::document, world.core->documents().next_id("acme")};
  stray.timers_set.push_back({world.time.now() + 1s, "expired"});
  const std::vector group{stray};
  BOOST_REQUIRE(world.store->write(group, world.time.now()));
  world.kill_and_restart();
  world.advance(3s);
  const auto left = world.core->admin().timers(from_ms(0), 10);
  BOOST_REQUIRE(left);
  BOOST_TEST(left->empty());
}

BOOST_AUTO_TEST_SUITE_END()

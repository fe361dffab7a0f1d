// SPDX-License-Identifier: Apache-2.0
// Letters in virtual time: attempted when due, settled once, repeated after a crash.
#include "tests/actors/letters_world.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(letters_tests, letters_world)

BOOST_AUTO_TEST_CASE(a_letter_is_retried_with_doubling_waits_and_then_dead) {
  channel.answer = fails_for_now;
  const auto from = world.time.now();
  const auto id = receive(true);
  counts_are(1, 0);
  world.advance(30s);
  BOOST_TEST(status_of(id) == "retrying");
  world.advance(10s);
  BOOST_TEST(status_of(id) == "dead");
  const auto waited = waits_ms(from);
  BOOST_REQUIRE(waited.size() == 5u);
  for (std::size_t i = 0; i < waited.size(); ++i) {
    BOOST_TEST(waited[i] >= 1'000 << i);
    BOOST_TEST(waited[i] <= (1'000 << i) + 2);
    BOOST_TEST(channel.seen[i].attempt == i + 2);
  }
  BOOST_TEST(view_of(id).attempts == 6u);
  BOOST_TEST(timer_rows() == 0u);
  counts_are(0, 1);
  world.advance(std::chrono::hours{1});
  BOOST_TEST(channel.seen.size() == 5u);
}

BOOST_AUTO_TEST_CASE(waits_are_longer_by_chance_up_to_their_share) {
  auto s = letter_settings_of_four_shards();
  s.letters.jitter_percent = 50;
  stepped_world other(s, 7);
  told_channel told(other.time);
  told.answer = fails_for_now;
  other.core->serve_letters(letter::channel::commands, &told);
  const auto from = other.time.now();
  const auto id = other.core->letters().next_id(0);
  other.core->letters().submit(id, letter::receive{{}, {}, "T", "", away, true}, {},
                               std::make_shared<reply<letter::view>>([](const auto&) {}));
  other.advance(60s);
  BOOST_REQUIRE(told.seen.size() == 5u);
  std::int64_t on_top_ms = 0;
  auto before = from;
  for (std::size_t i = 0; i < 5; ++i) {
    const auto wait_ms = (told.seen[i].at - before).count();
    BOOST_TEST(wait_ms >= 1'000 << i);
    BOOST_TEST(wait_ms <= (1'500 << i) + 2);
    on_top_ms += wait_ms - (1'000 << i);
    before = told.seen[i].at;
  }
  BOOST_TEST(on_top_ms > 100);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_succeeds_settles_the_letter) {
  channel.answer = succeeds;
  const auto id = receive(true);
  world.advance(1s + 10ms);
  BOOST_TEST(status_of(id) == "settled");
  BOOST_TEST(timer_rows() == 0u);
  counts_are(0, 0);
  world.advance(60s);
  BOOST_TEST(channel.seen.size() == 1u);
  BOOST_TEST(world.core->admin().stats().timers_fired == 1u);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_fails_for_good_ends_it) {
  channel.answer = fails_for_good;
  const auto id = receive(true);
  world.advance(1s + 10ms);
  BOOST_TEST(status_of(id) == "dead");
  BOOST_TEST((view_of(id).last == wrong));
  counts_are(0, 1);
}

BOOST_AUTO_TEST_CASE(settling_twice_changes_nothing_the_second_time) {
  const auto id = receive(true);
  BOOST_REQUIRE(tell(id, letter::settle{2, away, true}));
  const auto once = view_of(id);
  BOOST_REQUIRE(tell(id, letter::settle{2, away, true}));
  BOOST_TEST((view_of(id) == once));
}

BOOST_AUTO_TEST_CASE(the_timer_is_done_only_when_the_outcome_is_durable) {
  const auto id = receive(true);
  world.advance(1s + 10ms);
  BOOST_REQUIRE(channel.held.size() == 1u);
  BOOST_TEST(world.core->admin().stats().timers_fired == 0u);
  BOOST_TEST(world.core->admin().stats().timers_in_flight == 1u);
  channel.held.front()(attempt::succeeded{});
  while (world.step_actor()) {
  }
  BOOST_TEST(world.commits.waiting() == 1u);
  BOOST_TEST(world.core->admin().stats().timers_fired == 0u);
  BOOST_TEST(status_of(id) == "retrying");
  world.run();
  BOOST_TEST(world.core->admin().stats().timers_fired == 1u);
  BOOST_TEST(status_of(id) == "settled");
}

BOOST_AUTO_TEST_CASE(a_letter_that_must_wait_is_asked_for_again_and_that_counts_as_no_attempt) {
  channel.answer = waits;
  const auto id = receive(true);
  world.advance(20s);
  BOOST_TEST(channel.seen.size() >= 3u);
  BOOST_TEST(view_of(id).attempts == 1u);
  channel.answer = succeeds;
  world.advance(60s);
  BOOST_TEST(status_of(id) == "settled");
  BOOST_TEST(view_of(id).attempts == 2u);
}

BOOST_AUTO_TEST_CASE(letters_that_nobody_attempts_wait) {
  world.core->serve_letters(letter::channel::commands, nullptr);
  const auto id = receive(true);
  world.advance(60s);
  BOOST_TEST(status_of(id) == "retrying");
  BOOST_TEST(view_of(id).attempts == 1u);
  channel.answer = succeeds;
  serve();
  world.advance(61s);
  BOOST_TEST(status_of(id) == "settled");
}

BOOST_AUTO_TEST_CASE(an_attempt_that_is_dropped_is_made_again) {
  const auto id = receive(true);
  world.advance(1s + 10ms);
  channel.answer = succeeds;
  channel.held.clear();
  world.advance(5s);
  BOOST_TEST(channel.seen.size() == 2u);
  BOOST_TEST(channel.seen[1].attempt == 2u);
  BOOST_TEST(status_of(id) == "settled");
}

BOOST_AUTO_TEST_CASE(a_crash_during_an_attempt_repeats_it) {
  const auto id = receive(true);
  world.advance(1s + 10ms);
  BOOST_REQUIRE(channel.held.size() == 1u);
  channel.held.clear();
  world.kill_and_restart();
  channel.answer = succeeds;
  serve();
  counts_are(1, 0);
  world.advance(200ms);
  BOOST_REQUIRE(channel.seen.size() == 2u);
  BOOST_TEST(channel.seen[1].attempt == 2u);
  BOOST_TEST(status_of(id) == "settled");
  counts_are(0, 0);
}

BOOST_AUTO_TEST_CASE(a_crash_before_the_outcome_is_written_repeats_the_attempt) {
  const auto id = receive(true);
  world.advance(1s + 10ms);
  channel.held.front()(attempt::succeeded{});
  channel.held.clear();
  while (world.step_actor()) {
  }
  BOOST_REQUIRE(world.commits.waiting() == 1u);
  world.kill_and_restart();
  channel.answer = fails_for_now;
  serve();
  world.advance(200ms);
  BOOST_TEST(channel.seen.size() == 2u);
  BOOST_TEST(view_of(id).attempts == 2u);
  BOOST_TEST(status_of(id) == "retrying");
}

BOOST_AUTO_TEST_CASE(a_crash_after_the_outcome_is_written_repeats_nothing) {
  const auto id = receive(true);
  world.advance(1s + 10ms);
  channel.held.front()(attempt::succeeded{});
  channel.held.clear();
  while (world.step_actor()) {
  }
  world.commits.write_unanswered(1);
  world.kill_and_restart();
  serve();
  world.advance(5s);
  BOOST_TEST(channel.seen.size() == 1u);
  BOOST_TEST(status_of(id) == "settled");
  counts_are(0, 0);
}

BOOST_AUTO_TEST_CASE(one_letter_is_attempted_once_at_a_time) {
  receive(true);
  world.advance(1s + 10ms);
  BOOST_REQUIRE(channel.held.size() == 1u);
  // The wheel is read anew, and the timer fires again while the first attempt still runs.
  world.step_clock(-500ms);
  world.advance(5s);
  BOOST_TEST(channel.seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_clock_set_back_attempts_nothing_early) {
  channel.answer = succeeds;
  const auto id = receive(true);
  const auto due = *view_of(id).due;
  world.advance(500ms);
  world.step_clock(-10s);
  world.advance(9s);
  BOOST_TEST(channel.seen.empty());
  world.advance(3s);
  BOOST_REQUIRE(channel.seen.size() == 1u);
  BOOST_TEST((channel.seen[0].at >= due));
}

BOOST_AUTO_TEST_CASE(more_letters_than_may_be_attempted_at_once_wait) {
  auto s = letter_settings_of_four_shards();
  s.letters.attempts_max = 3;
  s.letters.jitter_percent = 0;
  stepped_world other(s);
  told_channel told(other.time);
  other.core->serve_letters(letter::channel::commands, &told);
  for (int i = 0; i < 10; ++i)
    other.core->letters().submit(other.core->letters().next_id(0),
                                 letter::receive{{}, {}, "T", "", away, true}, {},
                                 std::make_shared<reply<letter::view>>([](const auto&) {}));
  other.advance(5s);
  BOOST_TEST(told.held.size() == 3u);
  told.answer = succeeds;
  for (auto& done : std::exchange(told.held, {}))
    done(attempt::succeeded{});
  other.advance(120s);
  BOOST_TEST(told.seen.size() == 10u);
  BOOST_TEST(other.core->letters().counts()->retrying == 0u);
}

BOOST_AUTO_TEST_CASE(a_timer_row_of_no_letter_goes_away) {
  batch stray;
  stray.entity = {entity_kind::letter, world.core->letters().next_id(1)};
  stray.timers_set.push_back({world.time.now() + 1s, "retry"});
  const std::vector group{stray};
  BOOST_REQUIRE(world.store->write(group, world.time.now()));
  world.kill_and_restart();
  world.advance(3s);
  BOOST_TEST(timer_rows() == 0u);
  BOOST_TEST(channel.seen.empty());
}

BOOST_AUTO_TEST_CASE(a_redriven_letter_is_attempted_at_once_with_its_new_value) {
  channel.answer = succeeds;
  const auto id = receive(false);
  BOOST_REQUIRE(tell(id, letter::redrive{"{\"a\":1}"}));
  counts_are(1, 0);
  world.advance(100ms);
  BOOST_REQUIRE(channel.seen.size() == 1u);
  BOOST_TEST(channel.seen[0].value == "{\"a\":1}");
  BOOST_TEST(channel.seen[0].attempt == 1u);
  BOOST_TEST(status_of(id) == "settled");
}

BOOST_AUTO_TEST_CASE(a_letter_that_is_not_there_is_not_found) {
  const auto id = world.core->letters().next_id(1);
  BOOST_TEST((world.core->letters().find(id).error().code == errc::not_found));
  BOOST_TEST((tell(id, letter::discard{}).error().code == errc::not_found));
  const auto elsewhere = entity_id::make(world.time.now(), 4'000, {});
  BOOST_TEST((world.core->letters().find(elsewhere).error().code == errc::not_found));
}

BOOST_AUTO_TEST_CASE(one_channel_does_not_take_the_places_of_another) {
  auto s = letter_settings_of_four_shards();
  s.letters.attempts_max = 1;
  stepped_world other(s);
  told_channel slow(other.time);
  told_channel quick(other.time);
  quick.answer = succeeds;
  other.core->serve_letters(letter::channel::webhook, &slow);
  other.core->serve_letters(letter::channel::commands, &quick);
  for (const auto c : {letter::channel::webhook, letter::channel::commands})
    for (int i = 0; i < 3; ++i)
      other.core->letters().submit(other.core->letters().next_id(0),
                                   letter::receive{{c, "", 0, 0, {}}, {}, "T", "", away, true}, {},
                                   std::make_shared<reply<letter::view>>([](const auto&) {}));
  other.advance(20s);
  BOOST_TEST(slow.seen.size() == 1u);
  BOOST_TEST(quick.seen.size() == 3u);
  slow.held.clear();
}

BOOST_AUTO_TEST_CASE(operators_see_letters_as_they_see_documents) {
  const auto id = receive(true);
  std::optional<result<std::vector<actor_info>>> actors;
  world.core->admin().list_actors(entity_kind::letter, {}, {}, 10,
                                  [&](auto got) { actors = std::move(got); });
  std::optional<result<entity_info>> info;
  world.core->admin().describe({entity_kind::letter, id}, [&](auto got) { info = std::move(got); });
  world.run();
  BOOST_REQUIRE(actors && *actors);
  BOOST_REQUIRE((*actors)->size() == 1u);
  BOOST_TEST(((*actors)->front().entity == entity_ref{entity_kind::letter, id}));
  BOOST_REQUIRE(info && *info);
  BOOST_TEST((*info)->version == 2u);
  BOOST_TEST((*info)->timers.size() == 1u);
  BOOST_TEST((*info)->state_json.find("\"phase\":\"retrying\"") != std::string::npos);
  world.core->admin().restart({entity_kind::letter, id});
  world.run();
  world.advance(200ms);
  BOOST_REQUIRE(tell(id, letter::settle{2, {}, false}));
  BOOST_TEST(status_of(id) == "settled");
  BOOST_TEST(world.core->admin().stats().restarts == 1u);
}

BOOST_AUTO_TEST_CASE(live_actors_of_all_kinds_are_counted_together) {
  receive(false);
  receive(false, "T", 2);
  const auto id = world.core->documents().next_id("acme");
  BOOST_REQUIRE(world.ask(id, document::create{"acme", "t", "f", "a/b", {}, {}, {}}));
  BOOST_TEST(world.core->admin().stats().actors_active == 3u);
  world.advance(31s);
  BOOST_TEST(world.core->admin().stats().actors_active == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

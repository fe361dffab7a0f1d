// SPDX-License-Identifier: Apache-2.0
// Letters in virtual time: attempted when due, settled once, repeated after a crash, listed,
// grouped and counted.
#include "tests/support/stepped_world.hpp"

#include "actors/verify.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <map>
#include <string>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace {

settings small_settings() {
  settings s;
  s.storage.shards = 4;
  s.letters.jitter_percent = 0;
  return s;
}

const letter::trouble away{errc::unavailable, "the store is away", ""};
const letter::trouble wrong{errc::invalid_argument, "the expiry 12 is no date-time", "/expiryDate"};

/// Answers as it is told to, and remembers what it was asked.
class told_channel final : public letter_channel {
public:
  struct asked {
    entity_id id;
    std::uint32_t attempt = 0;
    timestamp at;
    std::string value;
  };

  explicit told_channel(const virtual_clock& time)
    : time_(time) {}

  void attempt(const entity_id& id, const letter::view& what, attempted done) override {
    seen.push_back({id, what.attempts + 1, time_.now(), what.message.value});
    if (answer)
      done(answer(id));
    else
      held.push_back(std::move(done));
  }

  std::function<attempt_outcome(const entity_id&)> answer; ///< Empty: answers are held back.
  std::vector<asked> seen;
  std::vector<attempted> held;

private:
  const virtual_clock& time_;
};

attempt_outcome fails_for_now(const entity_id&) {
  return attempt::failed{away, true};
}
attempt_outcome fails_for_good(const entity_id&) {
  return attempt::failed{wrong, false};
}
attempt_outcome succeeds(const entity_id&) {
  return attempt::succeeded{};
}
attempt_outcome waits(const entity_id&) {
  return attempt::not_now{};
}

struct fixture {
  stepped_world world{small_settings()};
  told_channel channel{world.time};

  fixture() { serve(); }
  ~fixture() { channel.held.clear(); }

  void serve() { world.core->serve_letters(letter::channel::commands, &channel); }

  result<answer<letter::view>> tell(const entity_id& id, letter::command what) {
    std::optional<result<answer<letter::view>>> seen;
    world.core->letters().submit(
      id, std::move(what), {},
      std::make_shared<reply<letter::view>>(
        [&](result<answer<letter::view>> got) { seen = std::move(got); }));
    world.run();
    if (!seen)
      return fail(errc::internal, "the command was not answered");
    return *seen;
  }

  entity_id receive(bool is_transient, std::string type = "T", shard_number shard = 1) {
    const auto id = world.core->letters().next_id(shard);
    const auto told = tell(
      id, letter::receive{{letter::channel::commands, "commands", shard, 17, world.time.now()},
                          {"acme", {}, "{}"},
                          std::move(type),
                          "document/x",
                          is_transient ? away : wrong,
                          is_transient});
    BOOST_REQUIRE(told);
    return id;
  }

  letter::view view_of(const entity_id& id) {
    const auto found = world.core->letters().find(id);
    BOOST_REQUIRE(found);
    return found->view;
  }
  std::string status_of(const entity_id& id) { return std::string(to_string(view_of(id).status)); }

  std::vector<std::int64_t> waits_ms(timestamp from) const {
    std::vector<std::int64_t> waited;
    for (const auto& asked : channel.seen) {
      waited.push_back((asked.at - from).count());
      from = asked.at;
    }
    return waited;
  }

  void counts_are(std::uint64_t retrying, std::uint64_t dead) {
    const auto counts = world.core->letters().counts();
    BOOST_REQUIRE(counts);
    BOOST_TEST(counts->retrying == retrying);
    BOOST_TEST(counts->dead == dead);
  }

  std::size_t timer_rows() { return world.core->admin().timers(from_ms(0), 100)->size(); }
};

using numbers = std::vector<std::int64_t>;

} // namespace

BOOST_FIXTURE_TEST_SUITE(letters_tests, fixture)

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
  auto s = small_settings();
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
  auto s = small_settings();
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

BOOST_AUTO_TEST_CASE(pages_of_a_list_hold_every_letter_once_the_newest_first) {
  std::vector<entity_id> newest_first;
  for (int i = 0; i < 23; ++i) {
    newest_first.insert(newest_first.begin(),
                        receive(false, "T", static_cast<shard_number>(i % 4)));
    if (i % 3 == 0)
      world.advance(1ms);
  }
  receive(true);
  std::vector<entity_id> listed;
  timestamp before = timestamp_max;
  for (std::optional<listing> after;;) {
    const auto page = world.core->letters().list({}, after, 5);
    BOOST_REQUIRE(page);
    BOOST_TEST(page->items.size() <= 5u);
    for (const auto& item : page->items) {
      BOOST_TEST((item.view.received_at <= before));
      before = item.view.received_at;
      listed.push_back(item.id);
    }
    if (!page->next)
      break;
    after = page->next;
  }
  std::sort(listed.begin(), listed.end());
  std::sort(newest_first.begin(), newest_first.end());
  BOOST_TEST((listed == newest_first));
}

BOOST_AUTO_TEST_CASE(a_list_is_filtered_by_all_that_is_given) {
  const auto first = receive(false, "A");
  world.advance(1s);
  const auto middle = world.time.now();
  const auto second = receive(false, "B", 2);
  world.advance(1s);
  receive(true, "A", 3);
  const auto ids = [&](const letter_filter& filter) {
    std::vector<entity_id> found;
    const auto page = world.core->letters().list(filter, std::nullopt, 10);
    BOOST_REQUIRE(page);
    BOOST_TEST(!page->next.has_value());
    for (const auto& item : page->items)
      found.push_back(item.id);
    return found;
  };
  using found = std::vector<entity_id>;
  letter_filter f;
  BOOST_TEST((ids(f) == found{second, first}));
  f.type = "A";
  BOOST_TEST((ids(f) == found{first}));
  f = {};
  f.older_than = middle;
  BOOST_TEST((ids(f) == found{first}));
  f = {};
  f.newer_than = middle - 1ms;
  BOOST_TEST((ids(f) == found{second}));
  f.newer_than = middle;
  BOOST_TEST(ids(f).empty());
  f = {};
  f.reason = errc::invalid_argument;
  BOOST_TEST(ids(f).size() == 2u);
  f.reason = errc::conflict;
  BOOST_TEST(ids(f).empty());
  f = {};
  f.fingerprint = view_of(second).fingerprint;
  BOOST_TEST((ids(f) == found{second}));
  f = {};
  f.status = letter::status::retrying;
  BOOST_TEST(ids(f).size() == 1u);
  f.status = letter::status::settled;
  BOOST_TEST(!world.core->letters().list(f, std::nullopt, 10).has_value());
}

BOOST_AUTO_TEST_CASE(no_more_letters_than_allowed_are_looked_at_for_one_page) {
  auto s = small_settings();
  s.letters.scan_max = 4;
  stepped_world other(s);
  for (int i = 0; i < 10; ++i) {
    other.core->letters().submit(other.core->letters().next_id(static_cast<shard_number>(i % 4)),
                                 letter::receive{{}, {}, i == 0 ? "rare" : "T", "", wrong, false},
                                 {}, std::make_shared<reply<letter::view>>([](const auto&) {}));
    other.run();
    other.advance(1ms);
  }
  letter_filter f;
  f.type = "rare";
  std::size_t pages = 0;
  std::size_t found = 0;
  for (std::optional<listing> after;;) {
    const auto page = other.core->letters().list(f, after, 10);
    BOOST_REQUIRE(page);
    ++pages;
    found += page->items.size();
    if (!page->next)
      break;
    after = page->next;
  }
  BOOST_TEST(pages == 3u);
  BOOST_TEST(found == 1u);
  const auto groups = other.core->letters().groups(letter::status::dead);
  BOOST_REQUIRE(groups);
  BOOST_TEST(groups->is_cut);
  BOOST_TEST(groups->looked_at == 4u);
}

BOOST_AUTO_TEST_CASE(letters_are_grouped_by_their_cause) {
  const auto oldest = world.time.now();
  for (int i = 0; i < 3; ++i)
    receive(false, "A", static_cast<shard_number>(i));
  receive(false, "B");
  world.advance(5s);
  const auto newest = world.time.now();
  receive(false, "A");
  const auto groups = world.core->letters().groups(letter::status::dead);
  BOOST_REQUIRE(groups);
  BOOST_TEST(!groups->is_cut);
  BOOST_TEST(groups->looked_at == 5u);
  BOOST_REQUIRE(groups->groups.size() == 2u);
  const auto& most = groups->groups[0];
  BOOST_TEST(most.count == 4u);
  BOOST_TEST(most.type == "A");
  BOOST_TEST((most.example == wrong));
  BOOST_TEST((most.oldest == oldest));
  BOOST_TEST((most.newest == newest));
  BOOST_TEST(groups->groups[1].count == 1u);
}

BOOST_AUTO_TEST_CASE(letters_are_counted_anew_after_a_restart) {
  receive(false);
  receive(true, "T", 2);
  receive(true, "T", 3);
  world.kill_and_restart();
  counts_are(2, 1);
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

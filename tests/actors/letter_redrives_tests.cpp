// SPDX-License-Identifier: Apache-2.0
// A redrive goes in stages and stops when a letter dies again.
#include "tests/support/stepped_world.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <set>
#include <string>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace letter_redrives_tests {

settings small_settings() {
  settings s;
  s.storage.shards = 4;
  s.letters.redrive_step_max = 20;
  s.letters.redrive_patience_s = 100;
  s.letters.redrives_kept = 2;
  s.letters.redrives_max = 2;
  return s;
}

const letter::trouble wrong{errc::invalid_argument, "the expiry 12 is no date-time", "/expiryDate"};

/// Answers as it is told to; counts.
class counting_channel final : public letter_channel {
public:
  void attempt(const entity_id& id, const letter::view&, attempted done) override {
    seen.push_back(id);
    if (answer)
      done(answer());
    else
      held.push_back(std::move(done));
  }
  std::function<attempt_outcome()> answer = [] {
    return attempt::succeeded{};
  };
  std::vector<entity_id> seen;
  std::vector<attempted> held;
};

struct fixture {
  stepped_world world{small_settings()};
  counting_channel channel;

  fixture() { world.core->serve_letters(letter::channel::commands, &channel); }
  ~fixture() { channel.held.clear(); }

  void tell(const entity_id& id, letter::command what) {
    world.core->letters().submit(id, std::move(what), {},
                                 std::make_shared<reply<letter::view>>([](const auto&) {}));
    world.run();
  }

  /// Dead letters of one fingerprint, which is returned.
  std::string dead(int count, const std::string& type = "T") {
    std::string fingerprint;
    for (int i = 0; i < count; ++i) {
      const auto id = world.core->letters().next_id(static_cast<shard_number>(i % 4));
      tell(id, letter::receive{{}, {}, type, "", wrong, false});
      fingerprint = world.core->letters().find(id)->view.fingerprint;
      if (i % 3 == 0)
        world.advance(1ms);
    }
    return fingerprint;
  }

  redrive_report report(const std::string& fingerprint) {
    for (const auto& each : world.core->redrives().list())
      if (each.fingerprint == fingerprint)
        return each;
    BOOST_FAIL("there is no such redrive");
    return {};
  }

  std::string begin(const std::string& fingerprint) {
    const auto begun = world.core->redrives().start(fingerprint, "key:root");
    BOOST_REQUIRE(begun);
    BOOST_TEST(to_string(begun->status) == "running");
    return fingerprint;
  }

  void counts_are(std::uint64_t retrying, std::uint64_t dead_ones) {
    const auto counts = world.core->letters().counts();
    BOOST_REQUIRE(counts);
    BOOST_TEST(counts->retrying == retrying);
    BOOST_TEST(counts->dead == dead_ones);
  }
};

} // namespace letter_redrives_tests

BOOST_FIXTURE_TEST_SUITE(letter_redrives_tests, letter_redrives_tests::fixture)

BOOST_AUTO_TEST_CASE(every_letter_of_a_fingerprint_and_no_other_is_redriven_once) {
  const auto cause = begin(dead(57));
  dead(3, "other");
  world.advance(30s);
  const auto done = report(cause);
  BOOST_TEST(to_string(done.status) == "finished", done.why);
  BOOST_TEST(done.redriven == 57u);
  BOOST_TEST(done.settled == 57u);
  BOOST_TEST(done.died_again == 0u);
  BOOST_TEST(done.skipped == 0u);
  BOOST_TEST(done.on_the_way == 0u);
  BOOST_TEST(done.steps == 5u); // 1, 10, 20, 20 and the last 6.
  BOOST_TEST(done.by == "key:root");
  BOOST_TEST(done.ended_at.has_value());
  BOOST_TEST(channel.seen.size() == 57u);
  BOOST_TEST((std::set(channel.seen.begin(), channel.seen.end()).size()) == 57u);
  counts_are(0, 3);
}

BOOST_AUTO_TEST_CASE(the_stages_are_one_then_ten_then_steps) {
  channel.answer = nullptr;
  const auto cause = begin(dead(40));
  const auto let_through = [this] {
    for (auto& done : std::exchange(channel.held, {}))
      done(attempt::succeeded{});
    world.advance(2s);
  };
  world.advance(5s);
  BOOST_TEST(channel.held.size() == 1u);
  counts_are(1, 39);
  BOOST_TEST(report(cause).on_the_way == 1u);
  let_through();
  BOOST_TEST(channel.held.size() == 10u);
  counts_are(10, 29);
  let_through();
  BOOST_TEST(channel.held.size() == 20u);
  let_through();
  BOOST_TEST(channel.held.size() == 9u);
  BOOST_TEST(to_string(report(cause).status) == "running");
  let_through();
  BOOST_TEST(to_string(report(cause).status) == "finished");
}

BOOST_AUTO_TEST_CASE(it_stops_when_the_first_one_dies_again) {
  channel.answer = [] {
    return attempt::failed{wrong, false};
  };
  const auto cause = begin(dead(30));
  world.advance(30s);
  const auto stopped = report(cause);
  BOOST_TEST(to_string(stopped.status) == "stopped");
  BOOST_TEST(stopped.why.find("died again") != std::string::npos, stopped.why);
  BOOST_TEST(stopped.redriven == 1u);
  BOOST_TEST(stopped.died_again == 1u);
  BOOST_TEST(channel.seen.size() == 1u);
  counts_are(0, 30);
}

BOOST_AUTO_TEST_CASE(it_stops_when_one_of_a_later_step_dies_again) {
  std::size_t calls = 0;
  channel.answer = [&calls]() -> attempt_outcome {
    if (++calls == 5)
      return attempt::failed{wrong, false};
    return attempt::succeeded{};
  };
  const auto cause = begin(dead(60));
  world.advance(60s);
  BOOST_TEST(to_string(report(cause).status) == "stopped");
  BOOST_TEST(report(cause).died_again == 1u);
  BOOST_TEST(channel.seen.size() <= 11u);
  BOOST_TEST(world.core->letters().counts()->dead >= 49u);
}

BOOST_AUTO_TEST_CASE(a_retry_on_the_way_is_no_death) {
  std::size_t calls = 0;
  channel.answer = [&calls]() -> attempt_outcome {
    if (++calls == 1)
      return attempt::failed{{errc::unavailable, "away", ""}, true};
    return attempt::succeeded{};
  };
  const auto cause = begin(dead(5));
  world.advance(10s);
  BOOST_TEST(to_string(report(cause).status) == "finished");
  BOOST_TEST(report(cause).settled == 5u);
  BOOST_TEST(channel.seen.size() == 6u);
}

BOOST_AUTO_TEST_CASE(one_of_a_fingerprint_and_few_in_all_run_at_a_time) {
  channel.answer = nullptr;
  const auto a = begin(dead(2, "A"));
  BOOST_TEST((world.core->redrives().start(a, "x").error().code == errc::conflict));
  begin(dead(1, "B"));
  BOOST_TEST((world.core->redrives().start(dead(1, "C"), "x").error().code == errc::busy));
}

BOOST_AUTO_TEST_CASE(letters_that_somebody_else_took_are_skipped) {
  const auto cause = dead(1);
  const auto id = world.core->letters().list({}, {}, 1)->items.front().id;
  begin(cause);
  // The list is read while the letter is dead; then it is discarded before its turn.
  world.beat(100ms);
  while (world.loaders.waiting() > 0 && world.commits.waiting() == 0)
    world.loaders.run_first();
  tell(id, letter::discard{});
  world.advance(2s);
  const auto done = report(cause);
  BOOST_TEST(to_string(done.status) == "finished");
  BOOST_TEST(done.redriven + done.skipped <= 1u);
  BOOST_TEST(done.on_the_way == 0u);
}

BOOST_AUTO_TEST_CASE(it_does_not_wait_for_ever) {
  channel.answer = nullptr;
  const auto cause = begin(dead(3));
  world.advance(90s);
  BOOST_TEST(to_string(report(cause).status) == "running");
  world.advance(20s);
  const auto stopped = report(cause);
  BOOST_TEST(to_string(stopped.status) == "stopped");
  BOOST_TEST(stopped.on_the_way == 1u);
  counts_are(1, 2);
}

BOOST_AUTO_TEST_CASE(only_so_many_ended_ones_are_kept_the_last_first) {
  for (const auto* type : {"A", "B", "C"}) {
    begin(dead(1, type));
    world.advance(5s);
  }
  const auto all = world.core->redrives().list();
  BOOST_REQUIRE(all.size() == 2u);
  BOOST_TEST((*all[0].ended_at >= *all[1].ended_at));
}

BOOST_AUTO_TEST_CASE(after_a_crash_every_letter_is_in_one_place) {
  channel.answer = nullptr;
  begin(dead(30));
  world.advance(5s);
  channel.held.clear();
  world.kill_and_restart();
  BOOST_TEST(world.core->redrives().list().empty());
  counts_are(1, 29);
  channel.answer = [] {
    return attempt::succeeded{};
  };
  world.core->serve_letters(letter::channel::commands, &channel);
  world.advance(5s);
  counts_are(0, 29);
}

BOOST_AUTO_TEST_SUITE_END()

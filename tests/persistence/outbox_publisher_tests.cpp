// SPDX-License-Identifier: Apache-2.0
#include "persistence/outbox_publisher.hpp"

#include "persistence/memory_journal.hpp"
#include "persistence/memory_sink.hpp"
#include "persistence/publisher_thread.hpp"
#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <map>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

using namespace dossier;
using namespace dossier::samples;

namespace outbox_publisher_tests {

constexpr shard_number shards = 4;

class set_clock final : public clock {
public:
  timestamp now() const override { return now_; }
  void pass(milliseconds time) { now_ += time; }

private:
  timestamp now_ = noon;
};

std::string an_event() {
  return encode(envelope{"CustomerDocumentChangedEvent", 1, noon, {}, "{}"});
}

/// Says which event it is and nothing else. Nobody is told of letters.
result<bool> name_only(const feed_row& row, const envelope* recorded, outgoing& into) {
  if (recorded == nullptr)
    into = {"replies", row.shard, row.entity.text(), {}, row.reply};
  else if (row.entity.kind == entity_kind::letter)
    return false;
  else
    into = {"events", row.shard, row.entity.text(), {}, std::to_string(row.sequence)};
  return true;
}

/// A journal, a sink, and a publisher that may be made anew.
struct given_publisher {
  std::unique_ptr<memory_journal> store = memory_journal::make(shards);
  memory_sink sink;
  set_clock time;
  outbox_publisher::limits limits{8, 3, milliseconds{5'000}};
  std::unique_ptr<outbox_publisher> publisher;
  std::map<entity_ref, std::uint64_t> versions;
  std::set<std::string> replies;

  given_publisher() { restart(); }

  void restart() {
    publisher = std::make_unique<outbox_publisher>(*store, sink, time, name_only, limits);
  }

  void record(const entity_ref& entity, std::size_t events, const std::string& reply = {}) {
    auto& version = versions[entity];
    auto b = batch_of(entity, version, std::vector<std::string>(events, an_event()));
    b.reply = reply;
    if (!reply.empty())
      replies.insert(reply);
    BOOST_REQUIRE(store->write(std::span{&b, 1}, noon).value().front());
    version += events;
    publisher->committed(b);
  }

  /// Turns until nothing happens any more.
  void settle() {
    for (int turns_left = 10'000; publisher->turn(); --turns_left)
      BOOST_REQUIRE(turns_left > 0);
  }

  /// What a listener that drops repeated ids has heard of each entity, in order.
  std::map<std::string, std::vector<std::string>> heard() const {
    std::map<std::string, std::vector<std::string>> all;
    std::set<std::pair<std::string, std::string>> known;
    for (shard_number shard = 0; shard < shards; ++shard)
      for (const auto& message : sink.messages("events", shard))
        if (known.emplace(message.key, message.value).second)
          all[message.key].push_back(message.value);
    return all;
  }

  void check_that_all_was_heard_in_order() {
    BOOST_TEST(store->read_outbox_depth().rows == 0u);
    std::set<std::string> replies_heard;
    for (shard_number shard = 0; shard < shards; ++shard)
      for (const auto& message : sink.messages("replies", shard))
        replies_heard.insert(message.value);
    BOOST_TEST((replies_heard == replies));
    std::erase_if(versions,
                  [](const auto& each) { return each.first.kind == entity_kind::letter; });
    auto all = heard();
    for (const auto& [entity, version] : versions) {
      std::vector<std::string> wanted;
      for (std::uint64_t sequence = 1; sequence <= version; ++sequence)
        wanted.push_back(std::to_string(sequence));
      BOOST_TEST(all[entity.text()] == wanted, boost::test_tools::per_element());
    }
    BOOST_TEST(all.size() == versions.size());
  }
};

} // namespace outbox_publisher_tests

BOOST_AUTO_TEST_SUITE(outbox_publisher_tests)

BOOST_AUTO_TEST_CASE(what_is_recorded_is_heard_once_and_in_order) {
  given_publisher g;
  g.record(entity_in(1, 1), 5);
  g.record(entity_in(1, 2), 2);
  g.settle();
  g.record(entity_in(1, 1), 30); // More than a page, and more than may be on the way.
  g.record(entity_in(3, 1), 1);
  g.settle();
  g.check_that_all_was_heard_in_order();
  BOOST_TEST(g.sink.messages("events", 1).size() == 37u);
  BOOST_TEST(g.publisher->stats().delivered.load() == 38u);
  BOOST_TEST(g.publisher->stats().on_their_way.load() == 0u);
}

BOOST_AUTO_TEST_CASE(a_topic_that_is_held_up_holds_the_position_and_not_the_others) {
  given_publisher g;
  g.sink.hold_topic("events");
  g.record(entity_in(1, 1), 1, "first");
  g.record(entity_in(1, 2), 1, "second");
  g.settle();
  BOOST_TEST(g.sink.messages("replies", 1).size() == 2u);
  BOOST_TEST(g.store->published_until(1) == 0u);
  g.sink.hold_topic("");
  g.settle();
  BOOST_TEST(g.store->published_until(1) == 4u);
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(what_nobody_is_told_of_is_passed_over) {
  given_publisher g;
  for (std::uint64_t n = 0; n < 20; ++n)
    g.record({entity_kind::letter, entity_in(2, n).id}, 3);
  g.record(entity_in(2, 30), 1);
  g.settle();
  BOOST_TEST(g.store->published_until(2) == 61u);
  BOOST_TEST(g.sink.messages("events", 2).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_restart_goes_on_behind_what_was_acknowledged) {
  given_publisher g;
  g.record(entity_in(1, 1), 2);
  g.settle();
  g.record(entity_in(1, 1), 2);
  g.restart();
  g.settle();
  g.check_that_all_was_heard_in_order();
  BOOST_TEST(g.sink.messages("events", 1).size() == 4u);
}

BOOST_AUTO_TEST_CASE(what_was_not_acknowledged_is_not_noted) {
  given_publisher g;
  g.sink.hold(true);
  g.record(entity_in(1, 1), 20);
  g.settle();
  BOOST_TEST(g.sink.under_way() == 6u); // Eight may be, but there is no room for one more page.
  BOOST_TEST(g.store->published_until(1) == 0u);
  BOOST_TEST(g.store->read_outbox_depth().rows == 20u);
  g.sink.hold(false);
  g.settle();
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(every_shard_begins_with_one_event) {
  given_publisher g;
  g.record(entity_in(1, 1), 4);
  g.record(entity_in(2, 1), 4);
  g.publisher->turn();
  BOOST_TEST(g.sink.messages("events", 1).size() == 1u);
  BOOST_TEST(g.sink.messages("events", 2).size() == 1u);
  BOOST_TEST(!g.publisher->has_backlog()); // Turning again at once is of no use before an answer.
  g.publisher->turn();
  BOOST_TEST(g.sink.messages("events", 1).size() == 4u);
  g.sink.hold(true);
  g.record(entity_in(1, 1), 3);
  g.publisher->turn();
  g.sink.reset();
  g.sink.hold(false);
  g.publisher->turn();
  BOOST_TEST(g.sink.messages("events", 1).size() == 4u);
  g.publisher->turn();
  BOOST_TEST(g.sink.messages("events", 1).size() == 5u);
  g.settle();
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(after_a_reset_everything_unacknowledged_is_offered_again) {
  given_publisher g;
  g.sink.hold(true);
  g.record(entity_in(1, 1), 6);
  g.settle();
  g.sink.reset(2); // Two were kept by the backbone, but nobody said so.
  g.sink.hold(false);
  g.settle();
  g.check_that_all_was_heard_in_order();
  BOOST_TEST(g.sink.messages("events", 1).size() == 8u);
  BOOST_TEST(g.publisher->stats().resets.load() == 1u);
}

BOOST_AUTO_TEST_CASE(a_full_sink_loses_nothing) {
  given_publisher g;
  g.record(entity_in(1, 1), 3);
  g.record(entity_in(2, 1), 3);
  g.sink.fail_offers(4);
  for (int i = 0; i < 5; ++i)
    g.settle();
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(a_refused_event_holds_its_shard_back_until_it_is_taken) {
  given_publisher g;
  g.record(entity_in(1, 1), 3);
  g.record(entity_in(2, 1), 3);
  g.sink.refuse(std::uint64_t{1} << 48 | 2, fail(errc::too_large, "the broker takes less"));
  g.settle();
  BOOST_TEST(g.store->published_until(1) == 1u);
  BOOST_TEST(g.store->published_until(2) == 3u);
  BOOST_TEST(g.publisher->stats().refused.load() == 1u);
  g.time.pass(milliseconds{4'999});
  g.settle();
  BOOST_TEST(g.store->published_until(1) == 1u);
  g.time.pass(milliseconds{1});
  g.settle();
  BOOST_TEST(g.store->read_outbox_depth().rows == 0u);
  BOOST_TEST(g.heard()[entity_in(1, 1).text()].size() == 3u);
}

BOOST_AUTO_TEST_CASE(an_unreadable_event_holds_back_its_shard_only) {
  given_publisher g;
  g.record(entity_in(1, 1), 3);
  g.record(entity_in(2, 1), 3);
  g.store->replace_event(entity_in(1, 1), 2, "rubbish");
  g.settle();
  BOOST_TEST(g.store->published_until(1) == 1u);
  BOOST_TEST(g.store->published_until(2) == 3u);
  BOOST_TEST(g.publisher->stats().unreadable.load() == 1u);
  g.store->replace_event(entity_in(1, 1), 2, an_event());
  g.time.pass(g.limits.retry);
  g.settle();
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(whatever_happens_nothing_is_lost_and_order_is_kept) {
  for (std::uint32_t seed = 1; seed <= 200; ++seed) {
    given_publisher g;
    std::mt19937 dice{seed};
    for (int step = 0; step < 60; ++step) {
      switch (dice() % 10) {
      case 0:
        g.sink.hold(true);
        break;
      case 1:
        g.sink.hold(false);
        break;
      case 2:
        g.sink.reset(dice() % 4);
        break;
      case 3:
        g.sink.fail_offers(dice() % 4);
        break;
      case 4:
        g.restart(); // As after a kill: what is on its way is known to the sink alone.
        g.sink.reset(dice() % 4);
        break;
      case 5:
        g.sink.hold_topic(std::array{"", "events", "replies"}[dice() % 3]);
        break;
      default:
        auto entity = entity_in(static_cast<shard_number>(dice() % shards), dice() % 3);
        if (dice() % 4 == 0)
          entity.kind = entity_kind::letter;
        g.record(entity, 1 + dice() % 5, dice() % 3 == 0 ? std::to_string(dice()) : "");
      }
      for (auto turns = dice() % 3; turns > 0; --turns)
        g.publisher->turn();
    }
    g.sink.hold(false);
    g.sink.hold_topic("");
    for (int i = 0; i < 10; ++i)
      g.settle();
    BOOST_TEST_CONTEXT("seed " << seed) {
      g.check_that_all_was_heard_in_order();
    }
  }
}

BOOST_AUTO_TEST_CASE(hours_without_a_backbone_cost_nothing_but_the_disk) {
  given_publisher g;
  g.record(entity_in(0, 1), 2);
  g.settle();
  g.sink.hold(true);
  // Twelve hours; each minute somebody does something, and once the process starts anew.
  std::mt19937 dice{12};
  for (int minute = 0; minute < 12 * 60; ++minute) {
    const auto shard = static_cast<shard_number>(dice() % shards);
    g.record(entity_in(shard, 1 + dice() % 20), 1 + dice() % 2);
    for (int turns = 0; turns < 10; ++turns)
      g.publisher->turn();
    BOOST_TEST(g.publisher->stats().on_their_way.load() <= g.limits.in_flight_max);
    if (minute == 400)
      g.restart();
    g.time.pass(seconds{60});
  }
  BOOST_TEST(g.store->read_outbox_depth().rows > 700u);
  BOOST_TEST(g.store->read_outbox_depth().rows < 1'500u);
  g.sink.hold(false);
  for (int i = 0; i < 10; ++i)
    g.settle();
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_CASE(its_thread_publishes_what_is_committed_and_waits_at_the_end) {
  given_publisher g;
  publisher_thread thread{*g.publisher};
  for (std::uint64_t n = 0; n < 50; ++n) {
    const auto entity = entity_in(static_cast<shard_number>(n % shards), n);
    const auto b = batch_of(entity, 0, {an_event()});
    BOOST_REQUIRE(g.store->write(std::span{&b, 1}, noon).value().front());
    g.versions[entity] = 1;
    thread.committed(b);
  }
  for (int tries_left = 1'000; g.store->read_outbox_depth().rows > 0; --tries_left) {
    BOOST_REQUIRE(tries_left > 0);
    std::this_thread::sleep_for(milliseconds{10});
  }
  thread.stop(milliseconds{1'000});
  g.check_that_all_was_heard_in_order();
}

BOOST_AUTO_TEST_SUITE_END()

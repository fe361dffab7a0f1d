// SPDX-License-Identifier: Apache-2.0
// The production core in virtual time: actors, commits and background work happen one step at a
// time, when told to. Behind every seam stands something that waits to be stepped.
#pragma once

#include "actors/core.hpp"
#include "actors/event_feed_service.hpp"
#include "persistence/memory_journal.hpp"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <utility>
#include <vector>

namespace dossier::test {

class virtual_clock final : public clock {
public:
  timestamp now() const override { return now_; }
  void set(timestamp t) { now_ = t; }

private:
  timestamp now_ = from_ms(1'800'000'000'000);
};

/// Ids and dice from a seed.
class seeded_ids final : public id_source {
public:
  explicit seeded_ids(std::uint64_t seed)
    : dice_(seed) {}
  entity_id next(timestamp now, shard_number shard) override;
  std::uint32_t dice() override { return static_cast<std::uint32_t>(dice_()); }

private:
  std::mt19937_64 dice_;
};

/// Batches wait until a group of them is written.
class stepped_commits final : public commit_queue {
public:
  explicit stepped_commits(journal& store, const clock& time)
    : store_(store)
    , time_(time) {}

  void submit(batch b, commit_done done) override;
  std::size_t waiting() const { return queued_.size(); }
  /// Writes the first `count` as one group, tells the listener, answers them.
  void write(std::size_t count);
  /// Writes the first `count` and answers nobody: the process dies between the two.
  void write_unanswered(std::size_t count);
  /// Answers the first with a failure, unwritten.
  void refuse_first(const failure& why);
  /// Forgets what waits, unwritten and unanswered: the process died.
  void drop_all();

  std::function<void(const batch&)> on_committed;

private:
  journal& store_;
  const clock& time_;
  std::deque<std::pair<batch, commit_done>> queued_;
};

class stepped_background final : public background {
public:
  void run(std::function<void()> work) override { queued_.push_back(std::move(work)); }
  std::size_t waiting() const { return queued_.size(); }
  void run_first();
  void drop_all() { queued_.clear(); }

private:
  std::deque<std::function<void()>> queued_;
};

class stepped_pulse final : public pulse {
public:
  void wake_within(milliseconds wait) override {
    if (!wanted_ || wait < *wanted_)
      wanted_ = wait;
  }
  /// How soon somebody wants a beat; asking again forgets it.
  milliseconds take() {
    constexpr milliseconds regular{100};
    return std::min(std::exchange(wanted_, std::nullopt).value_or(regular), regular);
  }

private:
  std::optional<milliseconds> wanted_;
};

/// The feed, until it is told to throw at whoever asks whether there is news.
class throwing_feed final : public event_feed {
public:
  shard_number shard_count() const override { return inner->shard_count(); }
  std::uint64_t recorded() const override {
    if (throws > 0) {
      --throws;
      ++thrown;
      throw std::runtime_error("the test says so");
    }
    return inner->recorded();
  }
  feed_cursor end() const override { return inner->end(); }
  result<feed_page> read(const feed_question& question) const override {
    return inner->read(question);
  }

  std::unique_ptr<event_feed_service> inner;
  mutable std::uint32_t throws = 0; ///< So many times from now on.
  mutable std::uint32_t thrown = 0;
};

/// What became of a command; empty while it has no answer.
using outcome = std::optional<result<answer<document::view>>>;

class stepped_world {
public:
  /// With webhooks if there is somebody who makes calls to the outside. Calls that he still holds
  /// go in on_stop.
  explicit stepped_world(const settings& s, std::uint64_t seed = 1, outbound* calls = nullptr);
  ~stepped_world();

  /// Sends a command; the outcome appears while the world is stepped. Answers are counted.
  std::shared_ptr<outcome> submit(const entity_id& id, document::command what,
                                  command_meta meta = {});
  /// Sends a command and steps until it is answered.
  result<answer<document::view>> ask(const entity_id& id, document::command what,
                                     command_meta meta = {});

  /// Steps in order of arrival until nothing is left to do at this point in time.
  void run();
  /// Lets time pass, beating as production's pulse would, stepping all that becomes possible.
  void advance(milliseconds by);
  /// One beat after `by`; nothing else is stepped.
  void beat(milliseconds by);
  /// Sets the wall clock; uptime goes on as before.
  void step_clock(milliseconds by) { time.set(time.now() + by); }
  /// kill -9: all that is in memory is gone; the journal is not. A new process starts.
  void kill_and_restart();

  /// Runs one message of one actor, the `which`-th of those that could run. False if none could.
  bool step_actor(std::size_t which = 0);
  std::size_t runnable_actors();

  /// Called when a core has started, and when one has stopped and is about to go.
  std::function<void()> on_start;
  std::function<void()> on_stop;

  settings config;
  virtual_clock time;
  std::unique_ptr<memory_journal> store;
  seeded_ids ids;
  stepped_commits commits;
  stepped_background loaders;
  stepped_pulse heart;
  throwing_feed feed; ///< Of webhooks.
  std::unique_ptr<const webhook_parts> outside;
  std::unique_ptr<dossier::core> core;
  milliseconds uptime{0};
  std::uint64_t answers_twice = 0; ///< Must stay 0.
  std::uint64_t commands = 0;
  std::uint64_t answers = 0;

private:
  void start();

  outbound* const calls_;
};

} // namespace dossier::test

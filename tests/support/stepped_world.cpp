// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stepped_world.hpp"

#include "protocol/assert.hpp"

#include <caf/actor_system.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <algorithm>

namespace dossier::test {

entity_id seeded_ids::next(timestamp now, shard_number shard) {
  std::array<std::uint8_t, 10> dice{};
  for (auto& byte : dice)
    byte = static_cast<std::uint8_t>(dice_());
  return entity_id::make(now, shard, dice);
}

void stepped_commits::submit(batch b, commit_done done) {
  queued_.emplace_back(std::move(b), std::move(done));
}

void stepped_commits::write(std::size_t count) {
  std::vector<batch> group;
  std::vector<commit_done> done;
  for (std::size_t i = 0; i < count; ++i) {
    group.push_back(std::move(queued_.front().first));
    done.push_back(std::move(queued_.front().second));
    queued_.pop_front();
  }
  auto outcomes = store_.write(group, time_.now());
  DOSSIER_ASSERT(outcomes, "the journal in memory writes");
  for (std::size_t i = 0; i < count; ++i)
    if ((*outcomes)[i] && on_committed)
      on_committed(group[i]);
  for (std::size_t i = 0; i < count; ++i)
    done[i]((*outcomes)[i]);
}

void stepped_commits::write_unanswered(std::size_t count) {
  std::vector<batch> group;
  for (std::size_t i = 0; i < count; ++i) {
    group.push_back(std::move(queued_.front().first));
    queued_.pop_front();
  }
  DOSSIER_ASSERT(store_.write(group, time_.now()), "the journal in memory writes");
}

void stepped_commits::refuse_first(const failure& why) {
  auto done = std::move(queued_.front().second);
  queued_.pop_front();
  done(why);
}

void stepped_commits::drop_all() {
  queued_.clear();
}

void stepped_background::run_first() {
  auto work = std::move(queued_.front());
  queued_.pop_front();
  work();
}

stepped_world::stepped_world(const settings& s, std::uint64_t seed, outbound* calls)
  : config(s)
  , store(memory_journal::make(s.storage.shards))
  , ids(seed)
  , commits(*store, time)
  , calls_(calls) {
  start();
}

stepped_world::~stepped_world() {
  commits.drop_all();
  loaders.drop_all();
  if (on_stop)
    on_stop();
  core = nullptr;
}

void stepped_world::start() {
  constexpr std::size_t looks_max = 1'000;
  if (calls_ != nullptr) {
    feed.inner = *event_feed_service::open(*store, "/dossier", looks_max);
    outside.reset(new webhook_parts{*calls_, feed, *store, std::string(32, 'k')});
  }
  core = std::make_unique<dossier::core>(
    core_parts{*store, commits, time, ids, loaders, heart, config, true, outside.get()});
  commits.on_committed = [this](const batch& b) {
    core->committed(b);
    if (feed.inner)
      feed.inner->committed(b);
  };
  core->beat(uptime);
  if (on_start)
    on_start();
}

void stepped_world::kill_and_restart() {
  // The completions hold actors: they go before the actors' system does.
  commits.on_committed = nullptr;
  core->stop();
  commits.drop_all();
  loaders.drop_all();
  if (on_stop)
    on_stop();
  core = nullptr;
  start();
}

std::shared_ptr<outcome> stepped_world::submit(const entity_id& id, document::command what,
                                               command_meta meta) {
  auto seen = std::make_shared<outcome>();
  ++commands;
  core->documents().submit(
    id, std::move(what), std::move(meta),
    std::make_shared<reply<document::view>>([this, seen](result<answer<document::view>> got) {
      ++answers;
      answers_twice += seen->has_value() ? 1 : 0;
      *seen = std::move(got);
    }));
  return seen;
}

result<answer<document::view>> stepped_world::ask(const entity_id& id, document::command what,
                                                  command_meta meta) {
  auto seen = submit(id, std::move(what), std::move(meta));
  run();
  if (!*seen)
    return fail(errc::internal, "the command was not answered");
  return **seen;
}

std::size_t stepped_world::runnable_actors() {
  return dynamic_cast<caf::scheduler::test_coordinator&>(core->system().scheduler()).jobs.size();
}

bool stepped_world::step_actor(std::size_t which) {
  auto& scheduler = dynamic_cast<caf::scheduler::test_coordinator&>(core->system().scheduler());
  if (scheduler.jobs.empty())
    return false;
  const auto at
    = scheduler.jobs.begin() + static_cast<std::ptrdiff_t>(which % scheduler.jobs.size());
  std::rotate(scheduler.jobs.begin(), at, at + 1);
  scheduler.run_once();
  return true;
}

void stepped_world::run() {
  for (;;) {
    if (step_actor())
      continue;
    if (loaders.waiting() > 0)
      loaders.run_first();
    else if (commits.waiting() > 0)
      commits.write(commits.waiting());
    else
      return;
  }
}

void stepped_world::beat(milliseconds by) {
  uptime += by;
  time.set(time.now() + by);
  core->beat(uptime);
}

void stepped_world::advance(milliseconds by) {
  run();
  while (by > milliseconds{0}) {
    // Nothing wakes anybody within 100 ms of quiet: then beat rarely, so that a year passes
    // quickly.
    auto wait = std::max(heart.take(), milliseconds{1});
    if (wait >= milliseconds{100} && by > milliseconds{3'600'000})
      wait = milliseconds{20'000};
    wait = std::min(wait, by);
    beat(wait);
    by -= wait;
    run();
  }
}

} // namespace dossier::test

// SPDX-License-Identifier: Apache-2.0
// The committer's thread: take what is queued, write it once, tell listeners, answer.
#include "persistence/commit_queue.hpp"

#include "protocol/assert.hpp"
#include "protocol/planted.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

namespace dossier {

namespace {

/// No exception crosses a folder, and what a store threw in the middle of leaves everything
/// unknown.
result<std::vector<write_outcome>> write_or_fail(journal& store, std::span<const batch> group,
                                                 timestamp now) {
  try {
    auto outcomes = store.write(group, now);
    DOSSIER_ASSERT(!outcomes || outcomes->size() == group.size(),
                   "A journal answers each batch of its group.");
    return outcomes;
  } catch (const std::exception& bug) {
    return fail(errc::unavailable, std::string{"writing a group of batches: the store threw: "}
                                     + bug.what() + "; restart dossier");
  }
}

} // namespace

group_committer::group_committer(journal& store, const clock& time, limits bounds,
                                 device_failed on_failure)
  : store_(store)
  , time_(time)
  , bounds_(bounds)
  , on_failure_(std::move(on_failure)) {
  DOSSIER_ASSERT(bounds_.group_batches_max > 0, "A group holds at least one batch.");
  DOSSIER_ASSERT(on_failure_ != nullptr, "Somebody is told of a failed device.");
  thread_ = std::thread{[this] {
    run();
  }};
}

group_committer::~group_committer() {
  stop();
}

void group_committer::submit(batch b, commit_done done) {
  {
    const std::lock_guard lock{mutex_};
    if (!stopping_) {
      const bool was_empty = queued_.empty();
      queued_.push_back(std::move(b));
      queued_done_.push_back(std::move(done));
      stats_.waiting.fetch_add(1, std::memory_order_relaxed);
      if (was_empty)
        arrived_.notify_one();
      return;
    }
  }
  done(fail(errc::unavailable, "storing a change of " + b.entity.text()
                                 + ": dossier is stopping; repeat it after the restart"));
}

void group_committer::stop() {
  {
    const std::lock_guard lock{mutex_};
    stopping_ = true;
    arrived_.notify_one();
  }
  if (thread_.joinable())
    thread_.join();
}

void group_committer::run() {
  std::vector<batch> batches;
  std::vector<commit_done> done;
  while (true) {
    {
      std::unique_lock lock{mutex_};
      arrived_.wait(lock, [this] { return stopping_ || !queued_.empty(); });
      if (queued_.empty())
        return;
      batches.swap(queued_);
      done.swap(queued_done_);
    }
    for (std::size_t from = 0; from < batches.size();) {
      const auto count = group_size(std::span{batches}.subspan(from));
      if (!write_group(std::span{batches}.subspan(from, count),
                       std::span{done}.subspan(from, count)))
        return;
      from += count;
    }
    batches.clear();
    done.clear();
  }
}

std::size_t group_committer::group_size(std::span<const batch> waiting) const {
  const auto count_max = std::min(waiting.size(), bounds_.group_batches_max);
  // The first goes whatever its size is: it has to go somehow.
  std::size_t count = 1;
  for (auto bytes = bytes_of(waiting.front()); count < count_max; ++count) {
    bytes += bytes_of(waiting[count]);
    if (bytes > bounds_.group_bytes_max)
      break;
  }
  return count;
}

bool group_committer::write_group(std::span<const batch> batches, std::span<commit_done> done) {
  if (DOSSIER_PLANTED(ack_before_sync))
    answer(done, std::vector<write_outcome>(batches.size()));
  const auto outcomes = write_or_fail(store_, batches, time_.now());
  if (!outcomes) {
    // Whether the group is durable is unknown, so nobody is told anything: the process has to end.
    {
      const std::lock_guard lock{mutex_};
      stopping_ = true;
    }
    on_failure_(outcomes.error());
    return false;
  }
  std::uint64_t events = 0;
  std::uint64_t conflicts = 0;
  for (std::size_t i = 0; i < batches.size(); ++i) {
    if (const auto& outcome = (*outcomes)[i]; !outcome) {
      conflicts += outcome.error().code == errc::conflict ? 1 : 0;
      continue;
    }
    events += batches[i].events.size();
    for (const auto& listener : listeners_)
      listener(batches[i]);
  }
  stats_.batches.fetch_add(batches.size(), std::memory_order_relaxed);
  stats_.groups.fetch_add(1, std::memory_order_relaxed);
  stats_.events.fetch_add(events, std::memory_order_relaxed);
  stats_.conflicts.fetch_add(conflicts, std::memory_order_relaxed);
  answer(done, *outcomes);
  return true;
}

void group_committer::answer(std::span<commit_done> done,
                             const std::vector<write_outcome>& outcomes) {
  for (std::size_t i = 0; i < done.size(); ++i) {
    if (auto tell = std::exchange(done[i], nullptr)) {
      stats_.waiting.fetch_sub(1, std::memory_order_relaxed);
      tell(outcomes[i]);
    }
  }
}

} // namespace dossier

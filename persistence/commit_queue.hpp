// SPDX-License-Identifier: Apache-2.0
// Group commit: many actors hand in batches, one thread writes what has gathered as one synced
// write and answers each. While the disk syncs, the next group gathers. Knows no CAF.
#pragma once

#include "persistence/journal.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

namespace dossier {

/// Called once for each batch, on the committer's thread, after it is durable or refused; on the
/// submitter's thread if the committer has stopped. Must not block, throw or stop the committer.
using commit_done = std::function<void(write_outcome)>;

/// The seam: production groups on a thread of its own, simulation pumps it step by step.
class commit_queue {
public:
  virtual ~commit_queue() = default;
  /// Thread-safe; never blocks on the disk. Every batch is answered, unless the process stops.
  virtual void submit(batch b, commit_done done) = 0;
};

struct commit_stats {
  std::atomic<std::uint64_t> batches{0};
  std::atomic<std::uint64_t> groups{0}; ///< One fsync each.
  std::atomic<std::uint64_t> events{0};
  std::atomic<std::uint64_t> conflicts{0};
  std::atomic<std::uint64_t> waiting{0}; ///< Batches handed in and not yet answered.
};

class group_committer final : public commit_queue {
public:
  /// Told of each batch after it is durable and before it is answered; runs on the committer's
  /// thread.
  using committed_listener = std::function<void(const batch&)>;
  /// Called when the device failed, on the committer's thread; must not return to normal work.
  /// Production ends the process. The batches of that group and behind it are never answered.
  using device_failed = std::function<void(const failure&)>;

  struct limits {
    std::size_t group_batches_max = 1024;
    std::size_t group_bytes_max = 8u << 20;
  };

  group_committer(journal& store, const clock& time, limits bounds, device_failed on_failure);
  /// Writes what is queued, then stops.
  ~group_committer() override;

  /// Set before the first submit.
  void on_committed(committed_listener listener) {
    const std::lock_guard lock{mutex_}; // The thread has taken it when it comes to the listeners.
    listeners_.push_back(std::move(listener));
  }

  void submit(batch b, commit_done done) override;
  /// Writes what is queued, answers it, joins the thread. Later submits are answered with
  /// unavailable. Called by the committer's owner only.
  void stop();
  const commit_stats& stats() const { return stats_; }

private:
  void run();
  std::size_t group_size(std::span<const batch> waiting) const;
  /// False if the device failed.
  bool write_group(std::span<const batch> batches, std::span<commit_done> done);
  void answer(std::span<commit_done> done, const std::vector<write_outcome>& outcomes);

  journal& store_;
  const clock& time_;
  const limits bounds_;
  const device_failed on_failure_;
  std::vector<committed_listener> listeners_;
  commit_stats stats_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::vector<batch> queued_;
  std::vector<commit_done> queued_done_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The product's storage on a crash_disk: what runs between two power cuts.
#pragma once

#include "persistence/blob_store.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/rocks_journal.hpp"
#include "tests/power_loss/crash_files.hpp"

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace rocksdb {
class Env;
}

namespace dossier::power_loss {

/// Moved by hand. Thread-safe.
class hand_clock final : public clock {
public:
  explicit hand_clock(timestamp start)
    : now_ms_(to_ms(start)) {}
  timestamp now() const override { return from_ms(now_ms_.load()); }
  void advance(milliseconds by) { now_ms_ += by.count(); }

private:
  std::atomic<std::int64_t> now_ms_;
};

/// What became of one batch that was submitted.
struct answered_batch {
  entity_ref entity;
  write_outcome outcome;
};

class machine {
public:
  static constexpr shard_number shard_count = 4;

  /// Makes or opens everything on the disk. Disk and clock must outlive the machine.
  static result<std::unique_ptr<machine>> start(crash_disk& disk, const clock& time);
  ~machine();

  /// Hands the batches in one after the other and waits until all are answered or the device
  /// failed.
  std::vector<answered_batch> commit(std::vector<batch> batches);
  /// Ends the committer as a stopping process does.
  void stop() { committer_->stop(); }

  journal& store() { return *store_; }
  blob_store& blobs() { return *blobs_; }

private:
  explicit machine(crash_disk& disk);

  crash_files files_;
  std::unique_ptr<rocksdb::Env> env_;
  std::unique_ptr<rocks_journal> store_;
  std::unique_ptr<blob_store> blobs_;
  std::mutex mutex_; ///< Guards what follows, up to the committer, which must go first.
  std::condition_variable changed_;
  std::vector<answered_batch> answered_;
  bool has_device_failed_ = false;
  std::unique_ptr<group_committer> committer_;
};

} // namespace dossier::power_loss

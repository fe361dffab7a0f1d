// SPDX-License-Identifier: Apache-2.0
// Which shards of the feed have news of jobs, and where each ends: so that who is interested in
// jobs alone reads nothing while nothing happens to them. Thread-safe.
#pragma once

#include "persistence/journal.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

namespace dossier {

class row_news {
public:
  /// Every shard has news at first: what was recorded before.
  static result<std::unique_ptr<row_news>> open(const journal& store) {
    std::unique_ptr<row_news> made{new row_news(store.shard_count())};
    for (shard_number shard = 0; shard < store.shard_count(); ++shard) {
      const auto end = store.read_feed_end(shard);
      if (!end)
        return end.error();
      made->shards_[shard].end = *end;
    }
    return made;
  }

  /// A batch is durable. From the commit queue; never blocks.
  void committed(const batch& b) {
    const auto rows = feed_rows_of(b);
    if (rows == 0)
      return;
    auto& shard = shards_[b.entity.shard()];
    // Raised before the end moves: who sees this end sees the news.
    if (b.entity.kind == entity_kind::job)
      shard.has_jobs.store(true, std::memory_order_release);
    shard.end.fetch_add(rows, std::memory_order_release);
  }

  /// The last position of the shard's feed. Ask for it before has_jobs(): if there are none then,
  /// there are none up to here but those that were taken.
  std::uint64_t end(shard_number shard) const {
    return shards_[shard].end.load(std::memory_order_acquire);
  }
  bool has_jobs(shard_number shard) const {
    return shards_[shard].has_jobs.load(std::memory_order_acquire);
  }
  /// Before the feed is read: what is recorded meanwhile raises it again.
  void take_jobs(shard_number shard) {
    shards_[shard].has_jobs.store(false, std::memory_order_release);
  }
  /// They were not read after all, or not all of them.
  void put_back(shard_number shard) {
    shards_[shard].has_jobs.store(true, std::memory_order_release);
  }

private:
  struct shard_news {
    std::atomic<bool> has_jobs{true};
    std::atomic<std::uint64_t> end{0};
  };
  explicit row_news(std::size_t shards)
    : shards_(shards) {}

  std::vector<shard_news> shards_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The newest rows of all feeds with their events, in memory: who follows the feed closely needs no
// disk for it. A cache of what is durable; bounded in bytes, oldest out first. Thread-safe.
#pragma once

#include "persistence/journal.hpp"

#include <deque>
#include <mutex>
#include <optional>
#include <vector>

namespace dossier {

class recent_feed {
public:
  /// Holds about `bytes_max` of entries; 0 holds none.
  recent_feed(std::size_t shards, std::size_t bytes_max)
    : bytes_max_(bytes_max)
    , shards_(shards) {}

  /// Takes over entries that have become durable. Those of one shard come in the order of their
  /// positions, without gaps over all calls.
  void add(std::vector<feed_entry>& entries);

  /// As journal::read_feed_events; nullopt if it does not reach back so far.
  std::optional<std::vector<feed_entry>> read(shard_number shard, std::uint64_t after,
                                              std::size_t limit) const;

private:
  const std::size_t bytes_max_;
  mutable std::mutex mutex_;
  std::vector<std::deque<feed_entry>> shards_; ///< Each without gaps.
  std::deque<shard_number> order_;             ///< Whose entry is the next to go, oldest first.
  std::size_t bytes_ = 0;
};

} // namespace dossier

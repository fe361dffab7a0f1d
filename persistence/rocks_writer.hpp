// SPDX-License-Identifier: Apache-2.0
// Turns groups of batches into single synced writes. Internal to persistence/rocks_*. One caller at
// a time: the commit queue's thread; feed_rows() from any.
#pragma once

#include "persistence/recent_feed.hpp"
#include "persistence/rocks_database.hpp"

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include <rocksdb/write_batch.h>

namespace dossier {

class rocks_writer {
public:
  /// Finds where each shard's feed ends and its newest entities; a few seeks a shard. `recent` is
  /// told what becomes durable. Both outlive the writer.
  static result<std::unique_ptr<rocks_writer>> make(rocks_database& database, recent_feed& recent);

  /// See journal::write. After a failure every later call fails too.
  result<std::vector<write_outcome>> write(std::span<const batch> group, timestamp now);

  /// How many events all feeds hold.
  std::uint64_t feed_rows() const { return feed_rows_.load(std::memory_order_relaxed); }

private:
  rocks_writer(rocks_database& database, recent_feed& recent);
  result<void> recover_feed(shard_number shard);
  result<void> recover_newest(shard_number shard);

  write_outcome admit(const batch& b, timestamp now);
  write_outcome check_version(const batch& b);
  /// Whether no entity of its kind and shard has had an event under this or a later id. Ids grow
  /// with time, so this spares most new entities a lookup through all files.
  bool is_newest(const entity_ref& entity) const;
  write_outcome check_answer(const batch& b, timestamp now);
  /// Looks one row up and leaves its value in found_. Damaged bytes refuse the batch only; any
  /// other failure is the device's and noted too.
  result<bool> has(keys::row kind, std::string_view key);

  void add(const batch& b, bool is_last);
  void add_events(const batch& b);
  void add_feed_row(const batch& b, std::uint64_t sequence, std::string_view reply,
                    std::shared_ptr<const std::string> event);
  void add_timers(const batch& b);
  void put(keys::row kind, std::string_view key, std::string_view head, std::string_view rest = {});
  void erase(keys::row kind, std::string_view key);
  void note(const rocksdb::Status& status);
  failure lost();

  rocks_database& database_;
  recent_feed& recent_;
  rocksdb::WriteOptions write_options_;
  std::vector<std::uint64_t> feed_ends_; ///< The last position of each shard; 0: none.
  std::atomic<std::uint64_t> feed_rows_{0};
  /// The last id of each kind in each shard that has or had events, or would have had.
  std::map<std::pair<shard_number, entity_kind>, entity_id> newest_;
  bool is_lost_ = false; ///< The device failed: what is durable is unknown until the next opening.

  // Of the group being written; kept to reuse their memory.
  rocksdb::WriteBatch changes_;
  rocksdb::Status status_; ///< The device's first failure.
  rocksdb::PinnableSlice found_;
  std::vector<feed_entry> told_; ///< Its rows of the feed.
  std::unordered_set<entity_ref> entities_;
  std::set<std::pair<shard_number, command_id>> answers_;
};

} // namespace dossier

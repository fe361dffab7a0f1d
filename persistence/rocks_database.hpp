// SPDX-License-Identifier: Apache-2.0
// An open RocksDB directory of ours: its lock, layout and column families, and the two ways to read
// it. Internal to persistence/rocks_*. Thread-safe after opening.
#pragma once

#include "persistence/rocks_columns.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

namespace dossier {

/// Corrupt if RocksDB met damaged bytes, else unavailable. `attempt` is e.g. "reading the events".
failure failure_of(const rocksdb::Status& status, const std::string& attempt);

/// The iterator's bound lives beside the iterator, which points to it.
struct bounded_iterator {
  std::string end;
  rocksdb::Slice end_slice;
  std::unique_ptr<rocksdb::Iterator> rows;
};

class rocks_database {
public:
  /// See rocks_journal::open.
  static result<std::unique_ptr<rocks_database>> open(const rocks_options& options);
  /// Flushes what only the log holds, so that the next opening has nothing to replay.
  ~rocks_database();
  rocks_database(const rocks_database&) = delete;
  rocks_database& operator=(const rocks_database&) = delete;

  rocksdb::DB& db() const { return *db_; }
  rocksdb::ColumnFamilyHandle* handle(column c) const {
    return handles_[static_cast<std::size_t>(c)];
  }
  rocksdb::ColumnFamilyHandle* handle(keys::row kind) const { return handle(column_of(kind)); }
  shard_number shard_count() const { return shard_count_; }
  bool is_read_only() const { return options_.read_only; }
  const std::string& path() const { return options_.path; }
  expired_answers& filter() { return filter_; }
  std::size_t block_cache_bytes() const { return cache_->GetUsage(); }

  /// The row under this key; nullopt if there is none.
  result<std::optional<rocksdb::PinnableSlice>> find(keys::row kind, std::string_view key) const;

  /// The last position of a shard's feed; 0: it is empty.
  result<std::uint64_t> find_feed_end(shard_number shard) const;

  /// For rows whose loss with the power does no harm. Any thread.
  result<void> put_unsynced(keys::row kind, std::string_view key, std::string_view value);

  /// The same for several changes at once, all or none.
  result<void> write_unsynced(rocksdb::WriteBatch& changes);

  /// Called with the key and value of a row; false ends the walk.
  using visitor = std::function<result<bool>(std::string_view key, std::string_view value)>;
  /// Visits the rows from `first` up to `end`, without `end`, in order.
  result<void> walk(keys::row kind, std::string_view first, std::string end,
                    const visitor& visit) const;
  /// Iterators over the whole ranges of these rows in a shard, of one moment, at their first rows.
  /// They do not displace what the cache holds.
  result<std::vector<bounded_iterator>> iterate(shard_number shard,
                                                const std::vector<keys::row>& kinds) const;

private:
  explicit rocks_database(const rocks_options& options);
  result<void> lock_for_reading();
  result<void> open_files();
  result<void> check_layout();
  result<void> write_layout();
  result<void> sync_parent_directory();

  rocks_options options_;
  std::shared_ptr<rocksdb::Cache> cache_;
  expired_answers filter_;
  rocksdb::FileLock* lock_ = nullptr; ///< Only when reading: RocksDB takes it itself for writing.
  std::vector<rocksdb::ColumnFamilyHandle*> handles_;
  std::unique_ptr<rocksdb::DB> db_;
  shard_number shard_count_ = 0;
};

} // namespace dossier

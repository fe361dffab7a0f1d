// SPDX-License-Identifier: Apache-2.0
// The journal on RocksDB. Only persistence/rocks_* include RocksDB; its users do not see it.
#pragma once

#include "persistence/journal.hpp"

#include <memory>
#include <string>

namespace rocksdb {
class Env;
}

namespace dossier {

struct rocks_options {
  std::string path;              ///< The database's directory; made if missing.
  shard_number shard_count = 64; ///< Used when the directory is made; later openings must agree.
                                 ///< Not looked at when reading only.
  std::size_t block_cache_bytes = 64u << 20;
  std::size_t recent_feed_bytes = 16u << 20;  ///< Of events for those who keep up with the feed.
  std::size_t write_buffer_bytes = 32u << 20; ///< Per column family.
  std::size_t wal_bytes_max = 48u << 20;      ///< Bounds what a restart replays: about 1 s of work.
  bool read_only = false;      ///< For `verify`: changes nothing; not_found if there is none.
  rocksdb::Env* env = nullptr; ///< Tests put a failing disk here; nullptr is the real one.
};

/// Figures of the store for metrics and admission.
struct rocks_stats {
  bool is_write_stopped = false;
  std::uint64_t level0_files = 0; ///< Of the column family that has most; writes stop at 36.
  std::uint64_t sst_bytes = 0;
  std::uint64_t memtable_bytes = 0;
  std::uint64_t block_cache_bytes = 0;
};

class rocks_journal : public journal {
public:
  /// Opens or makes the database. unavailable if another process holds it, corrupt if its layout or
  /// shard count is not ours.
  static result<std::unique_ptr<rocks_journal>> open(const rocks_options& options);
  virtual rocks_stats stats() const = 0;
};

} // namespace dossier

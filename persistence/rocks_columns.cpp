// SPDX-License-Identifier: Apache-2.0
// The tuning of RocksDB 7.8: small machines, one writer that syncs each group, fast restarts.
#include "persistence/rocks_columns.hpp"

#include "persistence/rows.hpp"

#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/utilities/table_properties_collectors.h>

namespace dossier {

namespace {

constexpr std::size_t kib = 1u << 10;
constexpr std::size_t mib = 1u << 20;

bool is_looked_up_by_key(column c) {
  switch (c) {
  case column::events:
  case column::states:
  case column::answers:
    return true;
  case column::meta:
  case column::timers:
    return false;
  }
  return false;
}

} // namespace

bool expired_answers::Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*,
                             bool*) const {
  // What is no answer row is kept, for `verify` to name.
  const auto expiry = rows::expiry_of_answer({value.data(), value.size()});
  return expiry && *expiry < now_.load(std::memory_order_relaxed);
}

rocksdb::DBOptions database_options(const rocks_options& options) {
  rocksdb::DBOptions db;
  db.env = options.env != nullptr ? options.env : rocksdb::Env::Default();
  db.create_if_missing = !options.read_only;
  db.create_missing_column_families = !options.read_only;
  db.paranoid_checks = true;

  // Why: a write that was being made when the power went may be torn anywhere; all before it was
  // synced.
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  // Why: a log lives until every column family has flushed, and a restart replays all of it.
  db.max_total_wal_size = options.wal_bytes_max;
  db.manual_wal_flush = false;
  db.avoid_flush_during_shutdown = false;

  // Why: one thread writes, so nothing is gained by spinning or by inserting in parallel.
  db.allow_concurrent_memtable_write = false;
  db.enable_write_thread_adaptive_yield = false;

  db.max_background_jobs = 2;
  db.max_bgerror_resume_count
    = 0;                   // A device that failed once is not trusted again: the process stops.
  db.bytes_per_sync = mib; // Spreads write-back, so that the log's syncs do not queue behind it.
  db.avoid_unnecessary_blocking_io = true;

  db.max_open_files = 512;
  db.skip_stats_update_on_db_open = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  db.max_manifest_file_size = 16 * mib;
  db.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
  db.max_log_file_size = 2 * mib;
  db.keep_log_file_num = 4;
  return db;
}

rocksdb::ColumnFamilyOptions column_options(column c, const rocks_options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            const expired_answers& filter) {
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = 8 * 1024;
  table.format_version = 5;
  table.cache_index_and_filter_blocks = true;
  // Why: the whole filter of a large file does not fit into a shard of the cache and would be read
  // anew for each lookup. Its partitions do, and neighbouring ids share one.
  table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
  table.partition_filters = true;
  table.metadata_block_size = 16 * kib;
  table.metadata_cache_options.top_level_index_pinning = rocksdb::PinningTier::kAll;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  if (is_looked_up_by_key(c))
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));

  rocksdb::ColumnFamilyOptions family;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  family.write_buffer_size = options.write_buffer_bytes;
  // Why: ids, positions and due times mostly grow, so the next key of a shard's row kind goes
  // beside the last one; inserting from there saves most of the search. The prefix is the shard and
  // the kind.
  family.memtable_insert_with_hint_prefix_extractor.reset(rocksdb::NewFixedPrefixTransform(3));
  family.compression = rocksdb::kLZ4Compression;
  family.level_compaction_dynamic_level_bytes = true;
  family.level0_file_num_compaction_trigger = 8;
  family.level0_slowdown_writes_trigger = 20;
  family.level0_stop_writes_trigger = 36;
  // Rewriting for age alone serves only where age means something.
  family.ttl = 0;
  family.periodic_compaction_seconds = 0;
  if (c == column::answers) {
    family.compaction_filter = &filter;
    family.periodic_compaction_seconds = 24 * 60 * 60;
  }
  if (c == column::timers) {
    // Why: due timers are erased at the front of their range, and every later
    // scan starts there. Files full of such erasures are compacted early.
    family.table_properties_collector_factories.push_back(
      rocksdb::NewCompactOnDeletionCollectorFactory(4096, 2048));
    family.level0_file_num_compaction_trigger = 2;
  }
  return family;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Which column family holds which rows, and how each is tuned. Internal to persistence/rocks_*.
#pragma once

#include "persistence/keys.hpp"
#include "persistence/rocks_journal.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include <rocksdb/cache.h>
#include <rocksdb/compaction_filter.h>
#include <rocksdb/options.h>

namespace dossier {

/// In the order in which they are opened. Never reordered or renamed: the names stand in the
/// manifest.
enum class column : std::uint8_t { meta, events, states, timers, answers };
inline constexpr std::array<const char*, 5> column_names{"default", "events", "states", "timers",
                                                         "answers"};

/// The one table of where rows live.
constexpr column column_of(keys::row kind) {
  switch (kind) {
  case keys::row::published:
  case keys::row::handled:
  case keys::row::note:
    return column::meta;
  case keys::row::event:
  case keys::row::feed:
    return column::events;
  case keys::row::state:
  case keys::row::listing:
  case keys::row::reference:
  case keys::row::entry:
    return column::states;
  case keys::row::timer:
  case keys::row::inbox: // As short-lived as timers.
    return column::timers;
  case keys::row::answer:
    return column::answers;
  }
  return column::meta;
}

/// Drops answers past their expiry whenever their file is rewritten. Its time is that of the last
/// write, so it asks no clock of its own. Thread-safe; outlives the database.
class expired_answers final : public rocksdb::CompactionFilter {
public:
  const char* Name() const override { return "dossier.expired_answers"; }
  bool Filter(int level, const rocksdb::Slice& key, const rocksdb::Slice& value,
              std::string* new_value, bool* is_changed) const override;
  void set_now(timestamp now) { now_.store(now, std::memory_order_relaxed); }

private:
  std::atomic<timestamp> now_{timestamp::min()};
};

inline rocksdb::Slice slice_of(std::string_view bytes) {
  return {bytes.data(), bytes.size()};
}

rocksdb::DBOptions database_options(const rocks_options& options);
rocksdb::ColumnFamilyOptions column_options(column c, const rocks_options& options,
                                            const std::shared_ptr<rocksdb::Cache>& cache,
                                            const expired_answers& filter);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Reads of the feed from the disk. Internal to persistence/rocks_*.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/rocks_database.hpp"

namespace dossier {

/// See journal::read_feed.
result<std::vector<feed_row>> read_feed_rows(const rocks_database& database, shard_number shard,
                                             std::uint64_t after, std::size_t limit);

/// See journal::read_feed_events.
result<std::vector<feed_entry>> read_feed_entries(const rocks_database& database,
                                                  shard_number shard, std::uint64_t after,
                                                  std::size_t limit);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// What the parts of the server count, as metrics.
#pragma once

#include "actors/inbox.hpp"
#include "actors/ingester.hpp"
#include "actors/row_publisher.hpp"
#include "gateway/metrics.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/rocks_journal.hpp"

#include <vector>

namespace dossier {

/// `oldest_ms`: since the oldest unpublished event was recorded; 0 if there is none.
std::vector<metric> store_metrics(const commit_stats& commits, const rocks_stats& store,
                                  const outbox_depth& outbox, milliseconds oldest_ms);
std::vector<metric> inbox_metrics(const inbox_stats& stats,
                                  const std::vector<inbox_partition>& partitions);
std::vector<metric> ingester_metrics(const ingester_stats& stats);
std::vector<metric> row_metrics(const row_publisher_stats& stats, timestamp now);

} // namespace dossier

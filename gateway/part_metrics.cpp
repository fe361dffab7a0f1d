// SPDX-License-Identifier: Apache-2.0
#include "gateway/part_metrics.hpp"

#include <algorithm>

namespace dossier {

namespace {

using kind = metric::kind_type;

double value(std::uint64_t counter) {
  return static_cast<double>(counter);
}

} // namespace

std::vector<metric> store_metrics(const commit_stats& commits, const rocks_stats& store,
                                  const outbox_depth& outbox, milliseconds oldest_ms) {
  return {
    {"dossier_commit_batches_total", "Decisions written.", kind::counter,
     value(commits.batches.load())},
    {"dossier_commit_groups_total", "Groups of decisions written, one fsync each.", kind::counter,
     value(commits.groups.load())},
    {"dossier_commit_events_total", "Events written.", kind::counter, value(commits.events.load())},
    {"dossier_commit_conflicts_total",
     "Decisions refused because they were made on an older state.", kind::counter,
     value(commits.conflicts.load())},
    {"dossier_commit_waiting", "Decisions handed in and not yet durable.", kind::gauge,
     value(commits.waiting.load())},
    {"dossier_outbox_rows", "Events not yet published.", kind::gauge, value(outbox.rows)},
    {"dossier_outbox_oldest_seconds", "Age of the oldest event that is not published.", kind::gauge,
     static_cast<double>(oldest_ms.count()) / 1'000},
    {"dossier_store_write_stopped", "1 while the store refuses writes.", kind::gauge,
     store.is_write_stopped ? 1.0 : 0.0},
    {"dossier_store_level0_files", "Tables waiting to be compacted.", kind::gauge,
     value(store.level0_files)},
    {"dossier_store_sst_bytes", "Size of the tables on disk.", kind::gauge, value(store.sst_bytes)},
    {"dossier_store_memtable_bytes", "Written and not yet in tables.", kind::gauge,
     value(store.memtable_bytes)},
    {"dossier_store_block_cache_bytes", "Blocks of tables held in memory.", kind::gauge,
     value(store.block_cache_bytes)},
  };
}

std::vector<metric> inbox_metrics(const inbox_stats& stats,
                                  const std::vector<inbox_partition>& partitions) {
  std::uint64_t lag = 0;
  for (const auto& each : partitions)
    lag += each.end - each.next;
  return {
    {"dossier_inbox_received_total", "Messages read from the topic of commands.", kind::counter,
     value(stats.received.load())},
    {"dossier_inbox_done_total", "Commands from messages that took effect.", kind::counter,
     value(stats.done.load())},
    {"dossier_inbox_repeated_total", "Commands from messages that had taken effect before.",
     kind::counter, value(stats.repeated.load())},
    {"dossier_inbox_refused_total", "Messages that became dead letters at once.", kind::counter,
     value(stats.refused.load())},
    {"dossier_inbox_put_off_total", "Messages that became letters to be tried again.",
     kind::counter, value(stats.put_off.load())},
    {"dossier_inbox_in_flight", "Commands from messages that are being worked on.", kind::gauge,
     value(stats.in_flight.load())},
    {"dossier_inbox_paused", "1 while no messages are read because there is no room.", kind::gauge,
     stats.is_paused.load() ? 1.0 : 0.0},
    {"dossier_inbox_lag", "Messages in the topic of commands that are not handled yet.",
     kind::gauge, value(lag)},
  };
}

std::vector<metric> ingester_metrics(const ingester_stats& stats) {
  return {
    {"dossier_ingestion_bytes_total", "Bytes of files that became rows and rejects.", kind::counter,
     value(stats.bytes_read.load())},
    {"dossier_ingestion_rows_total", "Rows stored.", kind::counter, value(stats.rows.load())},
    {"dossier_ingestion_rejects_total", "Records that became no rows.", kind::counter,
     value(stats.rejects.load())},
    {"dossier_ingestion_chunks_total", "Chunks read to their end.", kind::counter,
     value(stats.chunks_read.load())},
    {"dossier_ingestion_failures_total", "Attempts at chunks that failed.", kind::counter,
     value(stats.chunks_failed.load())},
    {"dossier_ingestion_running", "Chunks that are being read.", kind::gauge,
     value(stats.running.load())},
  };
}

std::vector<metric> row_metrics(const row_publisher_stats& stats, timestamp now) {
  const auto since = stats.due_since_ms.load();
  const auto lag_ms = since == 0 ? 0 : std::max<std::int64_t>(0, to_ms(now) - since);
  return {
    {"dossier_rows_published_total", "Rows that the backbone has acknowledged.", kind::counter,
     value(stats.published.load())},
    {"dossier_rows_in_flight", "Rows offered to the backbone and not acknowledged.", kind::gauge,
     value(stats.on_their_way.load())},
    {"dossier_rows_refused_total", "Rows that the backbone refused; they are tried again.",
     kind::counter, value(stats.refused.load())},
    {"dossier_rows_resets_total", "How often all rows on their way were sent again.", kind::counter,
     value(stats.resets.load())},
    {"dossier_rows_passed_over_total", "Chunks and events of jobs whose rows cannot be read.",
     kind::counter, value(stats.passed_over.load())},
    {"dossier_rows_lag_seconds", "Since the oldest rows became due that are not published.",
     kind::gauge, static_cast<double>(lag_ms) / 1'000},
  };
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// How far each webhook has come, noted in the journal beside what is written in batches. A removed
// webhook's note goes; that it will is announced before the removal is written, so that a process
// that ends between the two leaves nothing that nobody would find. Thread-safe; blocks on the disk.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"

#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// What is noted for a webhook; nullopt if nothing.
result<std::optional<std::string>> read_position(const journal& notes, const entity_id& webhook);
/// The webhooks of a shard whose removal was announced and whose notes have not gone since.
result<std::vector<entity_id>> read_leaving(const journal& notes, shard_number shard);

class webhook_notes {
public:
  explicit webhook_notes(journal& notes)
    : notes_(notes) {}

  result<void> write_position(const entity_id& webhook, std::string_view position);
  /// Before the removal is written. Again: no effect. Stays if the removal is not written after
  /// all, until the webhook is removed.
  result<void> announce(const entity_id& webhook);
  /// The removal is written: its note goes, then the announcement.
  result<void> forget(const entity_id& webhook);

private:
  /// With the lock held.
  result<void> write_leaving(shard_number shard, const std::vector<entity_id>& ids);

  journal& notes_;
  std::mutex mutex_; ///< Announcements of a shard stand in one row.
};

} // namespace dossier

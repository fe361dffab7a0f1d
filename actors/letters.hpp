// SPDX-License-Identifier: Apache-2.0
// What the edge and the consumers of messages may do with letters: send one a command, look for
// some. Hides regions, shells and the journal. Thread-safe.
#pragma once

#include "actors/entity/reply.hpp"
#include "actors/history.hpp"
#include "persistence/journal.hpp"
#include "protocol/letter.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// A letter as read.
struct found_letter {
  entity_id id;
  letter::view view;
};

/// Those that fit all that is given.
struct letter_filter {
  letter::status status = letter::status::dead; ///< dead or retrying; of others there is no list.
  std::optional<errc> reason;                   ///< Of the last trouble.
  std::optional<std::string> type;
  std::optional<std::string> fingerprint;
  std::optional<timestamp> older_than; ///< Received before this.
  std::optional<timestamp> newer_than; ///< Received after this.
};

/// Newest first. `next` is where the following page starts; nullopt at the end. A page may be short
/// or empty with a `next` when a filter passes few of the letters that were looked at.
struct letter_page {
  std::vector<found_letter> items;
  std::optional<listing> next;
};

/// Letters of one fingerprint.
struct letter_group {
  std::string fingerprint;
  std::uint64_t count = 0;
  std::string type;        ///< Of the newest.
  letter::trouble example; ///< The last trouble of the newest.
  timestamp oldest;        ///< When the first of them was received.
  timestamp newest;
};

struct letter_groups {
  std::vector<letter_group> groups; ///< The largest first.
  std::uint64_t looked_at = 0;
  bool is_cut = false; ///< There are older letters that were not looked at.
};

/// How many there are, as of the last committed batch.
struct letter_counts {
  std::uint64_t retrying = 0;
  std::uint64_t dead = 0;
};

class letters {
public:
  virtual ~letters() = default;

  /// A fresh id in this shard, which must exist.
  virtual entity_id next_id(shard_number shard) = 0;
  /// Sends a command. `done` is answered exactly once, on any thread, after the effect is durable;
  /// busy when the letter's or the region's queue is full, quarantined when its history cannot be
  /// read, unavailable when the outcome is unknown (the caller repeats).
  virtual void submit(const entity_id& id, letter::command what, command_meta meta,
                      std::shared_ptr<reply<letter::view>> done)
    = 0;

  // Reads of committed state; they wake no actor, block on the disk, and look at no more than
  // letters.scan_max letters and about letters.scan_mib_max of messages.

  /// not_found if it never existed. What is over is found, with its status.
  virtual result<found_letter> find(const entity_id& id) const = 0;
  virtual result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                                     std::size_t limit) const = 0;
  virtual result<letter_page> list(const letter_filter& filter, const std::optional<listing>& after,
                                   std::size_t limit) const = 0;
  /// The letters of this status by their fingerprints.
  virtual result<letter_groups> groups(letter::status status) const = 0;
  /// Fails if the lists could not be read at the start. Reads memory only.
  virtual result<letter_counts> counts() const = 0;
};

} // namespace dossier

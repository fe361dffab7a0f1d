// SPDX-License-Identifier: Apache-2.0
// How far each partition of the topic of commands is handled, in memory: what the journal knew at
// the assignment, and what has begun and ended since. The rows of single messages are written in
// the batches of their effects; this only moves the mark below which all is handled, and lets the
// rows below it go. One thread at a time; snapshot() for any.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/message_source.hpp"
#include "persistence/offset_tracker.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <unordered_set>
#include <vector>

namespace dossier {

/// One partition as operators see it.
struct inbox_partition {
  std::uint16_t partition = 0;
  std::uint64_t next = 0; ///< All below is handled.
  std::uint64_t end = 0;  ///< Behind the last message there is, as last heard.
};

/// A message under way; `life` tells this assignment of its partition from earlier ones.
struct begun_place {
  inbox_place place;
  std::uint64_t life = 0;
};

class inbox_places {
public:
  /// The journal outlives it.
  explicit inbox_places(journal& store)
    : store_(store) {}

  /// Takes a partition on: where it is to be read from. If the journal's offsets are of another
  /// source, they mean nothing and go. One that was given away meanwhile goes on where it was, as
  /// what is under way of it still is.
  result<std::uint64_t> open(std::uint16_t partition, const std::string& source);
  void close(std::uint16_t partition);

  /// A message was read. nullopt: it was handled before, or its partition is not ours.
  std::optional<begun_place> begin(const inbox_place& place);
  /// It is handled and the journal knows.
  void finish(const begun_place& begun);

  /// Moves the marks; a write each, so not after each message. Tells the source, if there is one.
  void note(message_source* source);
  /// Ended since the last note().
  std::size_t finished() const { return finished_; }

  /// Looks at where the topic ends, for snapshot().
  void look(const message_source& source);
  std::vector<inbox_partition> snapshot() const;

private:
  struct partition_state {
    std::string source;
    std::uint64_t life = 0;
    offset_tracker offsets;
    std::unordered_set<std::uint64_t> handled; ///< Above the mark, from before.
    std::vector<std::uint64_t> rows;           ///< Offsets whose rows stand, in no order.
    bool has_moved = false;
    bool is_ours = true;
  };

  void begin_anew(std::uint16_t partition, partition_state& state, std::uint64_t offset);

  journal& store_;
  std::map<std::uint16_t, partition_state> partitions_;
  bool has_told_of_source_ = false;
  std::uint64_t lives_ = 0;
  std::size_t finished_ = 0;
  mutable std::mutex mutex_;
  std::vector<inbox_partition> snapshot_; ///< Guarded by mutex_.
};

} // namespace dossier

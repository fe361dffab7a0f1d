// SPDX-License-Identifier: Apache-2.0
// What survives. One interface, two implementations held to one contract suite
// (tests/persistence/journal_contract_tests.cpp): RocksDB for the product, memory for tests.
// Reads are thread-safe and see committed data only. write() has one caller: the commit queue's
// thread.
#pragma once

#include "persistence/batch.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct stored_event {
  std::uint64_t sequence = 0;
  std::string bytes; ///< An encoded envelope.
};

/// A durable timer as the timekeeper and the operators see it.
struct timer_row {
  entity_ref entity;
  dossier::timer timer;
};

/// A place in one shard's timers, which are ordered by (due, entity, name).
struct timer_cursor {
  timestamp due;
  entity_ref entity;
  std::string name;
  auto operator<=>(const timer_cursor&) const = default;
};

/// What others are told: every event of a shard in commit order, for ever, and between them the
/// replies to commands. Positions count from 1, per shard, without gaps. What stands behind the
/// shard's published position is its outbox.
struct feed_row {
  shard_number shard = 0;
  std::uint64_t position = 0;
  entity_ref entity;
  std::uint64_t sequence = 0; ///< Of the event; 0: it is a reply.
  std::string reply;          ///< As batch::reply.
};

/// A row of the feed with what it stands for.
struct feed_entry {
  feed_row row;
  /// An encoded envelope; nullptr if the row is a reply, or its event is not there.
  std::shared_ptr<const std::string> event;
};

/// How far one partition of the topic of commands has been handled.
struct inbox_state {
  std::string source;     ///< Which topic of which cluster the offsets are of; empty: none yet.
  std::uint64_t next = 0; ///< All offsets below are handled.
  std::vector<std::uint64_t> handled; ///< Those from `next` on that are, ascending.
};

/// A place in a customer's or a named list, newest first.
struct listing {
  timestamp created_at;
  entity_ref entity;
  auto operator<=>(const listing&) const = default;
};

/// How much stands unpublished, for metrics.
struct outbox_depth {
  std::uint64_t rows = 0;
};

/// What became of one batch of a group.
using write_outcome = result<void>;

class journal {
public:
  virtual ~journal() = default;

  /// Fixed when the data directory was made.
  virtual shard_number shard_count() const = 0;

  // Reading one entity.

  /// The newest state row, whatever its format; nullopt if there is none.
  virtual result<std::optional<state_row>> read_state(const entity_ref& entity) const = 0;
  /// One event by its sequence; nullopt if there is none.
  virtual result<std::optional<std::string>> read_event(const entity_ref& entity,
                                                        std::uint64_t sequence) const = 0;
  /// Events with sequence >= first, in order, at most `limit`.
  virtual result<std::vector<stored_event>>
  read_events(const entity_ref& entity, std::uint64_t first, std::size_t limit) const = 0;
  /// The answer stored under this command id in this shard; rows past their expiry read as none.
  virtual result<std::optional<stored_answer>> find_answer(shard_number shard, const command_id& id,
                                                           timestamp now) const = 0;

  // Scanning. Each returns at most `limit` rows, in order, strictly after the cursor if there is
  // one.

  /// Timers due at or before `due_until`.
  virtual result<std::vector<timer_row>> read_timers(shard_number shard,
                                                     const std::optional<timer_cursor>& after,
                                                     timestamp due_until,
                                                     std::size_t limit) const = 0;
  /// Those of the wished timers that are stored, in the order of `wished`.
  virtual result<std::vector<timer_row>> read_timers_of(const entity_ref& entity,
                                                        const std::vector<timer>& wished) const = 0;
  virtual result<std::vector<feed_row>> read_feed(shard_number shard, std::uint64_t after,
                                                  std::size_t limit) const = 0;
  /// The same rows with their events. Costs far less than a read_event() of each, and nothing of
  /// the disk for those who keep up with the feed.
  virtual result<std::vector<feed_entry>> read_feed_events(shard_number shard, std::uint64_t after,
                                                           std::size_t limit) const = 0;
  /// The last position of a shard's feed; 0: it is empty.
  virtual result<std::uint64_t> read_feed_end(shard_number shard) const = 0;
  /// Up to which position of its feed the backbone has acknowledged a shard's events.
  virtual std::uint64_t published_until(shard_number shard) const = 0;
  /// Newest first; of one millisecond in the order of the entities.
  virtual result<std::vector<listing>> read_listings(std::string_view customer,
                                                     const std::optional<listing>& after,
                                                     std::size_t limit) const = 0;
  /// One shard's part of a list of list_entry rows, likewise.
  virtual result<std::vector<listing>> read_list(shard_number shard, std::string_view list,
                                                 const std::optional<listing>& after,
                                                 std::size_t limit) const = 0;
  /// Whether any entity refers to this content of this customer.
  virtual result<bool> is_referenced(std::string_view customer,
                                     const sha256_digest& sha256) const = 0;
  virtual outbox_depth read_outbox_depth() const = 0;
  virtual result<inbox_state> read_inbox(std::uint16_t partition) const = 0;
  /// What write_note() left under this name; nullopt if nothing.
  virtual result<std::optional<std::string>> read_note(shard_number shard,
                                                       std::string_view name) const = 0;

  /// Walks every entity that has events or a state row, in key order, until `visit` returns false.
  virtual result<void> each_entity(shard_number shard,
                                   const std::function<bool(const entity_ref&)>& visit) const = 0;
  /// Walks every projection row of a shard with its entity, for `verify`, until `visit` returns
  /// false.
  virtual result<void>
  each_projection(shard_number shard,
                  const std::function<bool(const projection&, const entity_ref&)>& visit) const = 0;

  // Writing.

  /// Writes a group as one atomic, synced write. outcomes[i] tells of group[i]; refused batches
  /// leave the others untouched. Refused as conflict: the entity's version is not the expected one,
  /// an earlier batch of the group is of the same entity, or the command id has an answer already.
  /// Refused otherwise: what check_batch() refuses. Within a batch what is erased goes before what
  /// is put. A failure of the result itself means that the device failed and nothing is known: the
  /// caller must stop the process, never retry.
  virtual result<std::vector<write_outcome>> write(std::span<const batch> group, timestamp now) = 0;
  /// Notes that the backbone has a shard's events up to `position`. One caller, which may be
  /// another than that of write(). Not synced: a position that is lost with the power is told
  /// again, and what is published twice has the same ids.
  virtual result<void> note_published(shard_number shard, std::uint64_t position) = 0;
  /// Notes that a partition of this source is handled up to `next`, and forgets the rows of `gone`,
  /// which must lie below. One caller, the inbox's thread. Not synced, but no later batch outlives
  /// the power if this does not.
  virtual result<void> note_inbox(std::uint16_t partition, std::string_view source,
                                  std::uint64_t next, std::span<const std::uint64_t> gone)
    = 0;
  /// Overwrites a small row whose loss with the power does no harm; no bytes remove it. The name is
  /// 1 to 64 characters of [a-z0-9:_-]. Any thread.
  virtual result<void> write_note(shard_number shard, std::string_view name, std::string_view bytes)
    = 0;
};

} // namespace dossier

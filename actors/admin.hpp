// SPDX-License-Identifier: Apache-2.0
// What operators may see of the actors. Thread-safe.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// Where an actor is in its life, as its region sees it.
enum class activity : std::uint8_t { loading, active, backing_off, quarantined };
std::string_view to_string(activity a);

struct actor_info {
  entity_ref entity;
  dossier::activity activity = activity::active;
  std::uint64_t version = 0;
  std::uint32_t mailbox_depth = 0; ///< Commands given to it and not answered.
  std::uint32_t restarts = 0;
  timestamp last_used;
  std::string trouble; ///< Why it backs off or is quarantined; empty otherwise.
};

/// One entity in full: its live actor if there is one, and its stored state.
struct entity_info {
  std::optional<actor_info> actor; ///< nullopt: dormant.
  entity_ref entity;
  std::uint64_t version = 0;
  std::string state_json; ///< The stored state as JSON text.
  std::vector<timer> timers;
};

/// Upper bounds of the lateness histogram's buckets, inclusive; one more bucket follows without
/// bound.
inline constexpr std::array<std::int64_t, 12> lateness_bounds_ms{
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 3'000, 10'000};

struct core_stats {
  std::uint64_t actors_active = 0;
  std::uint64_t actors_quarantined = 0;
  std::uint64_t restarts = 0;
  std::uint64_t passivations = 0;
  std::uint64_t commands = 0;
  std::uint64_t refusals = 0;
  std::uint64_t timers_in_wheel = 0;
  std::uint64_t timers_in_flight = 0;
  std::uint64_t timers_fired = 0;
  std::uint64_t timers_retried = 0;
  std::int64_t timer_lateness_ms_max = 0; ///< Since start.
  std::array<std::uint64_t, lateness_bounds_ms.size() + 1>
    timer_lateness{}; ///< Counts for each bucket.
};

class admin {
public:
  virtual ~admin() = default;
  using actors_listed = std::function<void(result<std::vector<actor_info>>)>;
  /// Live actors of a kind in id order, strictly after `after`, optionally of one activity only.
  /// `done` is called exactly once, on any thread.
  virtual void list_actors(entity_kind kind, std::optional<activity> only,
                           std::optional<entity_id> after, std::size_t limit, actors_listed done)
    = 0;
  using entity_described = std::function<void(result<entity_info>)>;
  /// not_found if it has no history.
  virtual void describe(const entity_ref& entity, entity_described done) = 0;
  /// Ends the entity's actor as a crash would, so that it is read anew; lifts a quarantine. Does
  /// nothing for a dormant entity. Returns at once.
  virtual void restart(const entity_ref& entity) = 0;
  /// Pending timers of all shards in due order, due at or after `from`.
  virtual result<std::vector<timer_row>> timers(timestamp from, std::size_t limit) const = 0;
  /// Oldest unpublished rows, shard by shard.
  virtual result<std::vector<feed_row>> outbox(std::optional<shard_number> shard,
                                               std::size_t limit) const = 0;
  /// When the oldest of them was recorded; nullopt if there are none.
  virtual result<std::optional<timestamp>> oldest_unpublished() const = 0;
  virtual core_stats stats() const = 0;
};

} // namespace dossier

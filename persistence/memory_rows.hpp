// SPDX-License-Identifier: Apache-2.0
// The rows of the journal in memory, as plain maps. Internal to memory_journal.cpp, whose lock
// guards them.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/planted.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace dossier {

/// One customer's rows in listing order: newest first, then by entity.
struct newest_first {
  bool operator()(const listing& a, const listing& b) const {
    return std::tie(b.created_at, a.entity) < std::tie(a.created_at, b.entity);
  }
};

/// What one shard holds.
struct shard_rows {
  std::map<entity_ref, std::map<std::uint64_t, std::string>> events;
  std::map<entity_ref, state_row> states;
  std::set<timer_cursor> timers;
  std::map<std::uint64_t, feed_row> feed;
  std::uint64_t published = 0;
  std::map<command_id, stored_answer> answers;
  std::map<std::string, std::set<listing, newest_first>, std::less<>> listings;
  std::map<std::string, std::set<std::pair<sha256_digest, entity_ref>>, std::less<>> references;
  std::map<std::string, std::set<listing, newest_first>, std::less<>> lists;
  std::uint64_t next_position = 1;
  std::map<std::string, std::string, std::less<>> notes;
};

/// What one partition of the inbox holds.
struct inbox_rows {
  std::string source;
  std::uint64_t next = 0;
  std::set<std::uint64_t> handled;
};

inline std::optional<std::string> find_event(const shard_rows& rows, const entity_ref& entity,
                                             std::uint64_t sequence) {
  const auto history = rows.events.find(entity);
  if (history == rows.events.end() || !history->second.contains(sequence))
    return std::nullopt;
  return history->second.at(sequence);
}

inline void put(shard_rows& rows, const customer_listing& p, const entity_ref& entity) {
  rows.listings[p.customer].insert({p.created_at, entity});
}

inline void put(shard_rows& rows, const content_reference& p, const entity_ref& entity) {
  rows.references[p.customer].insert({p.sha256, entity});
}

inline void put(shard_rows& rows, const list_entry& p, const entity_ref& entity) {
  rows.lists[p.list].insert({p.at, entity});
}

inline void erase(shard_rows& rows, const list_entry& p, const entity_ref& entity) {
  rows.lists[p.list].erase({p.at, entity});
}

inline void erase(shard_rows& rows, const customer_listing& p, const entity_ref& entity) {
  rows.listings[p.customer].erase({p.created_at, entity});
}

inline void erase(shard_rows& rows, const content_reference& p, const entity_ref& entity) {
  rows.references[p.customer].erase({p.sha256, entity});
}

/// The batch's events, and in the feed they and its reply.
inline void add_events(shard_rows& rows, const batch& b) {
  auto sequence = b.expected_version;
  for (const auto& event : b.events) {
    rows.events[b.entity][++sequence] = event;
    if (DOSSIER_PLANTED(drop_feed_row) && sequence > b.expected_version + 1)
      continue;
    const auto position = rows.next_position++;
    rows.feed[position] = {b.entity.shard(), position, b.entity, sequence, {}};
  }
  if (!b.reply.empty()) {
    const auto position = rows.next_position++;
    rows.feed[position] = {b.entity.shard(), position, b.entity, 0, b.reply};
  }
}

inline void erase_timers(shard_rows& rows, const batch& b) {
  for (const auto& t : b.timers_erased)
    rows.timers.erase({t.due, b.entity, t.name});
}

/// The first element after `cursor`, or the first of all.
template <class Set>
auto start_after(const Set& set, const std::optional<typename Set::key_type>& cursor) {
  return cursor ? set.upper_bound(*cursor) : set.begin();
}

/// A page of the list of this name.
template <class Lists>
std::vector<listing> page_of(const Lists& lists, std::string_view name,
                             const std::optional<listing>& after, std::size_t limit) {
  std::vector<listing> found;
  const auto list = lists.find(name);
  if (list == lists.end())
    return found;
  for (auto at = start_after(list->second, after); at != list->second.end() && found.size() < limit;
       ++at)
    found.push_back(*at);
  return found;
}

} // namespace dossier

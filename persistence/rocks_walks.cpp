// SPDX-License-Identifier: Apache-2.0
#include "persistence/rocks_walks.hpp"

#include "persistence/keys.hpp"

#include <algorithm>
#include <optional>
#include <string>

namespace dossier {

namespace {

/// Walks the entities of one kind of rows.
class entity_walk {
public:
  using parser = result<entity_ref> (*)(std::string_view key);
  entity_walk(rocksdb::Iterator& rows, parser parse)
    : rows_(rows)
    , parse_(parse) {}

  /// The entity of the present row; nullopt behind the last.
  result<std::optional<entity_ref>> current() const {
    if (!rows_.Valid()) {
      if (!rows_.status().ok())
        return failure_of(rows_.status(), "walking the stored entities");
      return std::optional<entity_ref>{};
    }
    auto entity = parse_(rows_.key().ToStringView());
    if (!entity)
      return entity.error();
    return std::optional{*entity};
  }

  /// Goes to the first row whose key does not start with `prefix`.
  void skip(const std::string& prefix) {
    // Short histories are passed step by step; a seek costs as much as several steps.
    constexpr int skips_max = 8;
    for (int step = 0; rows_.Valid() && rows_.key().starts_with(prefix); ++step) {
      if (step < skips_max)
        rows_.Next();
      else
        rows_.Seek(keys::end_of(prefix));
    }
  }

private:
  rocksdb::Iterator& rows_;
  parser parse_;
};

} // namespace

result<void> walk_entities(const rocks_database& database, shard_number shard,
                           const std::function<bool(const entity_ref&)>& visit) {
  auto iterators = database.iterate(shard, {keys::row::event, keys::row::state});
  if (!iterators)
    return iterators.error();
  entity_walk events{*iterators->front().rows, [](std::string_view key) -> result<entity_ref> {
                       auto parsed = keys::parse_event_key(key);
                       if (!parsed)
                         return parsed.error();
                       return parsed->first;
                     }};
  entity_walk states{*iterators->back().rows, keys::parse_state_key};
  while (true) {
    auto with_events = events.current();
    if (!with_events)
      return with_events.error();
    auto with_state = states.current();
    if (!with_state)
      return with_state.error();
    if (!*with_events && !*with_state)
      return {};
    const auto next = !*with_events  ? **with_state
                      : !*with_state ? **with_events
                                     : std::min(**with_events, **with_state);
    if (!visit(next))
      return {};
    events.skip(keys::event_prefix(next));
    states.skip(keys::state_key(next));
  }
}

result<void>
walk_projections(const rocks_database& database, shard_number shard,
                 const std::function<bool(const projection&, const entity_ref&)>& visit) {
  auto iterators
    = database.iterate(shard, {keys::row::listing, keys::row::reference, keys::row::entry});
  if (!iterators)
    return iterators.error();
  for (auto& [end, end_slice, rows] : *iterators) {
    for (; rows->Valid(); rows->Next()) {
      auto row = keys::parse_projection_key(rows->key().ToStringView());
      if (!row)
        return row.error();
      if (!visit(row->first, row->second))
        return {};
    }
    if (!rows->status().ok())
      return failure_of(rows->status(), "walking the stored projections");
  }
  return {};
}

} // namespace dossier

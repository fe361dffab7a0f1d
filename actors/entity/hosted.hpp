// SPDX-License-Identifier: Apache-2.0
// An entity in memory, and how it is read back: from its state row if that can be read, else folded
// from its events.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/envelope.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>

namespace dossier {

/// An entity's state and the sequence of its last event; version 0 is an entity that does not
/// exist.
template <class K>
struct hosted {
  typename K::state state;
  std::uint64_t version = 0;
};

/// How many events of an entity in this state there are to a state row: K::snapshot_every, or each
/// if the kind says that the row is small.
template <class K>
std::uint64_t snapshot_every_of(const typename K::state& s) {
  if constexpr (requires { K::has_small_row(s); })
    return K::has_small_row(s) ? 1 : K::snapshot_every;
  else
    return K::snapshot_every;
}

/// Folds the events that follow `base` into it. corrupt names the first event that cannot be read.
template <class K>
result<void> fold_events(const journal& store, const entity_ref& entity, hosted<K>& base) {
  constexpr std::size_t page = 1'000;
  for (;;) {
    auto events = store.read_events(entity, base.version + 1, page);
    if (!events)
      return events.error();
    for (const auto& stored : *events) {
      const auto where = "event " + std::to_string(stored.sequence) + " of " + entity.text();
      if (stored.sequence != base.version + 1)
        return fail(errc::corrupt, where + " follows " + std::to_string(base.version)
                                     + ": events are missing between them");
      auto read = decode_envelope(stored.bytes);
      if (!read)
        return fail(errc::corrupt, where + " cannot be read: " + read.error().why);
      auto event = K::decode_event(read->type, read->version, read->data);
      if (!event)
        return fail(errc::corrupt, where + " cannot be read: " + event.error().why);
      evolve(base.state, *event, occurrence{stored.sequence, read->at});
      base.version = stored.sequence;
    }
    if (events->size() < page)
      return {};
  }
}

/// Reads an entity as it was last committed. The state row is a cache: one of another format, or
/// damaged, is ignored and the events are folded from the start. Blocks on the disk.
template <class K>
result<hosted<K>> recover(const journal& store, const entity_ref& entity) {
  hosted<K> found;
  auto row = store.read_state(entity);
  if (!row && row.error().code != errc::corrupt)
    return row.error();
  if (row && *row && (*row)->format == K::state_format) {
    if (auto state = K::decode_state((*row)->bytes)) {
      found.state = std::move(*state);
      found.version = (*row)->version;
      if constexpr (K::snapshot_every == 1)
        return found;
    }
  }
  if (auto folded = fold_events(store, entity, found); !folded)
    return folded.error();
  return found;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/history.hpp"

#include <string>
#include <utility>

namespace dossier {

result<std::vector<history_entry>> read_history(const journal& store, const entity_ref& entity,
                                                std::uint64_t first, std::size_t limit) {
  auto events = store.read_events(entity, first, limit);
  if (!events)
    return events.error();
  std::vector<history_entry> entries;
  for (const auto& stored : *events) {
    auto event = decode_envelope(stored.bytes);
    if (!event)
      return fail(errc::corrupt, "event " + std::to_string(stored.sequence) + " of " + entity.text()
                                   + " cannot be read: " + event.error().why);
    entries.push_back({stored.sequence, std::move(*event)});
  }
  return entries;
}

} // namespace dossier

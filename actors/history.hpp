// SPDX-License-Identifier: Apache-2.0
// What happened to one entity, event by event. Reads committed history; wakes no actor.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/envelope.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dossier {

/// One line of an entity's history.
struct history_entry {
  std::uint64_t sequence = 0;
  envelope event;
};

/// At most `limit` events from sequence `first` on; none of what never existed. corrupt names the
/// first that cannot be read. Blocks on the disk.
result<std::vector<history_entry>> read_history(const journal& store, const entity_ref& entity,
                                                std::uint64_t first, std::size_t limit);

} // namespace dossier

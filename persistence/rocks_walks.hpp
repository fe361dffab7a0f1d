// SPDX-License-Identifier: Apache-2.0
// Walks over all of a shard, for `verify` and the like. Internal to persistence/rocks_*.
// Thread-safe.
#pragma once

#include "persistence/rocks_database.hpp"

#include <functional>

namespace dossier {

/// See journal::each_entity.
result<void> walk_entities(const rocks_database& database, shard_number shard,
                           const std::function<bool(const entity_ref&)>& visit);
/// See journal::each_projection.
result<void>
walk_projections(const rocks_database& database, shard_number shard,
                 const std::function<bool(const projection&, const entity_ref&)>& visit);

} // namespace dossier

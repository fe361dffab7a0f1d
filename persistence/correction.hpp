// SPDX-License-Identifier: Apache-2.0
// Writes the correction of a chunk: what some of its records are instead of what its file says.
// Each revision says all of it, so that a reader needs two files and no history.
#pragma once

#include "persistence/chunk_rows.hpp"

#include "protocol/csv/row_block.hpp"

#include <span>
#include <string_view>

namespace dossier {

/// What some of a chunk's records are from now on: each is in one of both, or in neither and as it
/// was.
struct chunk_changes {
  const csv::row_block* rows = nullptr;   ///< nullptr: none.
  std::span<const stored_reject> rejects; ///< Ascending.
};

/// Writes a revision that has what `now`'s has and these. It counts when an event names it. Blocks
/// on the disk.
result<void> write_correction(row_store& rows, const row_file_key& as, const csv::schema& schema,
                              const chunk_rows& now, const chunk_changes& changes);

} // namespace dossier

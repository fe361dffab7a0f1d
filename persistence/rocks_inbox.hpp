// SPDX-License-Identifier: Apache-2.0
// The inbox's rows: which messages have been handled. Internal to persistence/rocks_*; the rows
// themselves are written in the batches of their effects.
#pragma once

#include "persistence/rocks_database.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace dossier {

/// See journal::read_inbox.
result<inbox_state> read_inbox_rows(const rocks_database& database, std::uint16_t partition);
/// See journal::note_inbox.
result<void> note_inbox_rows(rocks_database& database, std::uint16_t partition,
                             std::string_view source, std::uint64_t next,
                             std::span<const std::uint64_t> gone);

} // namespace dossier

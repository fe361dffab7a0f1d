// SPDX-License-Identifier: Apache-2.0
// Rows as JSON, as answers show them and as records on topics say them: one writer, so that both
// are the same. Pure.
#pragma once

#include "protocol/csv/row_block.hpp"
#include "protocol/csv/schema.hpp"
#include "protocol/json_text.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>

namespace dossier::csv {

/// {"row": …, "offset": …, "values": {…}}: texts as they are, numbers as numbers, moments in
/// ISO 8601, null where there is no value. corrupt if the block is damaged.
result<void> write_row(json_writer& out, const schema& s, const row_block_reader& block,
                       std::uint32_t row);

/// The value of a column as write_row() writes it, without the quotes of a text. corrupt if the
/// block is damaged or the row has no value there.
result<std::string> shown_value(const schema& s, const row_block_reader& block, std::uint32_t row,
                                std::size_t column);

/// What everybody says who cannot read a stored row.
failure damaged_row();

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
// Ingested rows and rejects as answers say them: JSON, a JSON value for each line, or CSV. Pure.
#pragma once

#include "persistence/stored_reject.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/csv/schema.hpp"
#include "protocol/json_text.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

/// How rows or rejects are written.
enum class row_form : std::uint8_t {
  json,   ///< One object with a page of items.
  ndjson, ///< A line for each item.
  csv,    ///< RFC 4180 with a header, in UTF-8.
};

/// The values of a row as a record; csv::write_row() writes JSON. corrupt if the block is damaged.
result<void> append_row_csv(std::string& out, const csv::schema& s,
                            const csv::row_block_reader& block, std::uint32_t row);
void append_row_csv_header(std::string& out, const csv::schema& s);

void write_reject(json_writer& out, const stored_reject& r);
/// Whatever a spreadsheet would take for a formula gets an apostrophe in front, as OWASP advises
/// against CSV injection.
void append_reject_csv(std::string& out, const stored_reject& r);
void append_reject_csv_header(std::string& out);
/// The text as it was before an apostrophe was put in front.
std::string_view without_apostrophe(std::string_view text);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// A record that became no row, and all that is needed to repair it.
#pragma once

#include "protocol/csv/records.hpp"
#include "protocol/csv/values.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::csv {

/// Frozen: stored with rejects.
enum class reject_kind : std::uint8_t {
  cast = 1,             ///< A text is no value of its column's type.
  missing_columns = 2,  ///< Fewer fields than columns.
  too_many_columns = 3, ///< More.
  quotes = 4,           ///< Quotes stand where law 1 has no meaning for them, or are never closed.
  line_too_long = 5,    ///< Law 3.
  encoding = 6,         ///< A NUL, or bytes that are no characters of the file's encoding.
  bound = 7,            ///< A value below min or above max, a text too short or too long.
  pattern = 8,          ///< A text that does not match.
  required = 9,         ///< No value where one must be.
  duplicate_key = 10,   ///< Found by whoever stores rows, not here.
};

/// "cast", "missing-columns", …; "unknown" for no kind.
std::string_view to_string(reject_kind kind);

/// Of several things wrong with one record, this is the first of: line too long, encoding, quotes,
/// number of columns, and then field by field from the left.
struct reject {
  reject_kind kind = reject_kind::cast;
  record_start record;                ///< Where it begins, its first line, its number in the file.
  std::uint64_t record_bytes = 0;     ///< With its line end.
  std::uint64_t error_offset = 0;     ///< In the file: the field, or the byte that is wrong.
  std::optional<std::uint32_t> field; ///< Its place in the record, from 0, if one is to blame.
  std::string column;                 ///< The field's name, by the schema or the header.
  std::string message;                ///< A sentence without its full stop.
  /// The whole record without its line end; of one that is too long its first record_bytes_max
  /// bytes. As the file has it if that is UTF-8, else UTF-8 made readable(). Valid during the call
  /// only.
  std::string_view text;
};

/// Called once for each reject, in the order of records.
using reject_sink = std::function<void(const reject&)>;

/// What a value's text was refused for. A text is shown up to 80 bytes.
std::string cast_sentence(const column& c, cast ended, std::string_view text);
std::string bound_sentence(const column& c, std::int64_t value, std::string_view text);
std::string length_sentence(const column& c, std::size_t characters, std::string_view text);
std::string pattern_sentence(const column& c, std::string_view text);

} // namespace dossier::csv

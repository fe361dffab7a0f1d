// SPDX-License-Identifier: Apache-2.0
// What the rows of a CSV file must be: columns with types and rules. Plain data; config/row_schemas
// reads it from files. Pure.
#pragma once

#include "protocol/csv/moments.hpp"
#include "protocol/csv/text_pattern.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

/// Frozen: stands in row blocks.
enum class value_type : std::uint8_t {
  text = 1,        ///< UTF-8.
  integer = 2,     ///< An optional sign and digits.
  decimal = 3,     ///< The number times 10 to the power of the column's scale.
  date = 4,        ///< Days since 1970-01-01.
  time = 5,        ///< Seconds since midnight.
  timestamp = 6,   ///< Microseconds since 1970-01-01T00:00:00Z.
  boolean = 7,     ///< 0 or 1.
  enumeration = 8, ///< The place in the column's choices.
};

/// "text", "integer", …, as schemas write it; "unknown" for no type.
std::string_view to_string(value_type type);
bool parse_value_type(std::string_view name, value_type& type);

inline constexpr std::size_t columns_max = 1'024;
inline constexpr std::size_t choices_max = 256;
inline constexpr std::uint8_t scale_max = 18;

/// An empty field without quotes has no value, and so has an empty quoted one, unless the column is
/// a text: then it is the empty text.
struct column {
  std::string name;
  value_type type = value_type::text;
  bool is_required = false;            ///< No value is a reject.
  std::uint8_t scale = 0;              ///< Of a decimal: how many decimals it may have.
  std::optional<moment_format> format; ///< Of a date, time or timestamp; none: format_of() one.
  std::vector<std::string> choices;    ///< Of an enumeration.
  /// Of numbers and moments, in the unit of the value.
  std::optional<std::int64_t> min;
  std::optional<std::int64_t> max;
  /// Of a text, in characters.
  std::optional<std::uint32_t> length_min;
  std::optional<std::uint32_t> length_max;
  std::optional<text_pattern> pattern;
};

/// The column's format, or that of its type: yyyy-mm-dd, HH:MM:SS or rfc3339.
const moment_format& format_of(const column& c);

/// What becomes of a row whose key was there before.
enum class duplicate_policy : std::uint8_t {
  reject,  ///< It is a reject.
  replace, ///< It is the row that the key finds from then on; a job's rows stay what its file had.
  keep,    ///< Both are found.
};
/// "reject", "replace" or "keep".
std::string_view to_string(duplicate_policy p);
bool parse_duplicate_policy(std::string_view name, duplicate_policy& p);

struct schema {
  std::string name;
  std::uint32_t version = 1;
  std::vector<column> columns;
  std::optional<std::size_t> key; ///< The column that tells rows apart.
  duplicate_policy duplicates = duplicate_policy::reject;

  bool has_unique_keys() const { return key && duplicates == duplicate_policy::reject; }
};

/// What is wrong with a schema, a sentence each, with the place of its column.
struct schema_problem {
  std::optional<std::size_t> column;
  std::string what;
};

/// Empty: it is good.
std::vector<schema_problem> problems_of(const schema& s);

} // namespace dossier::csv

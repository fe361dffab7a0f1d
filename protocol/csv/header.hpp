// SPDX-License-Identifier: Apache-2.0
// The first record of a file, and which of its fields are which columns of a schema. Pure.
#pragma once

#include "protocol/csv/dialect.hpp"
#include "protocol/csv/records.hpp"
#include "protocol/csv/schema.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

struct file_head {
  std::vector<std::string> names; ///< Of the header, without spaces around them; else empty.
  record_start data;              ///< The first record of data.
};

/// Reads byte order mark and header off the UTF-8 of a file's beginning, whose offsets these are:
/// at least record_bytes_max + 4 bytes, or all. malformed, saying why, for a header that is no
/// record, or has none.
result<file_head> read_head(std::string_view bytes, const dialect& d, const record_law& law);

/// What the fields of each record are.
struct column_mapping {
  std::vector<std::optional<std::size_t>>
    columns;                      ///< For each field its column; none: passed over.
  std::vector<std::string> names; ///< For each field, for people.
};

/// Each column takes the field of the same name. Fields that the schema does not name are passed
/// over, unless that is not allowed. invalid_argument, naming all that is missing, there twice or
/// not expected.
result<column_mapping> map_by_name(const schema& s, const std::vector<std::string>& names,
                                   bool may_have_more = true);
/// Each column takes the field at its own place.
column_mapping map_by_position(const schema& s);

} // namespace dossier::csv

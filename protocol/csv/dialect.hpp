// SPDX-License-Identifier: Apache-2.0
// How a CSV file is written: RFC 4180 with another delimiter or quote if need be, LF or CRLF, and
// one of four encodings. Pure.
#pragma once

#include "protocol/csv/records.hpp"
#include "protocol/csv/text_encoding.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dossier::csv {

/// A byte order mark as UTF-8. One that a file begins with belongs to no record.
inline constexpr std::string_view utf8_bom = "\xef\xbb\xbf";

struct dialect {
  char delimiter = ',';
  char quote = '"'; ///< Its own escape: "" in a quoted field is one quote.
  bool has_header = true;
  text_encoding encoding = text_encoding::utf8;

  bool operator==(const dialect&) const = default;
};

/// invalid_argument unless delimiter and quote are two different bytes of ASCII, neither NUL, CR
/// nor LF.
result<dialect> checked(const dialect& d);

inline record_law law_of(const dialect& d, std::uint32_t record_bytes_max) {
  return {d.delimiter, d.quote, record_bytes_max};
}

/// How many bytes a byte order mark takes at the front: 3 or 0.
inline std::size_t bom_bytes(std::string_view utf8) {
  return utf8.starts_with(utf8_bom) ? utf8_bom.size() : 0;
}

/// For sentences: "a comma", "a tab", …; "another character" for those that are never guessed.
std::string_view name_of_delimiter(char delimiter);

} // namespace dossier::csv

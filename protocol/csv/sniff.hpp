// SPDX-License-Identifier: Apache-2.0
// A guess at how a CSV file is written, from its first bytes, with the reasons in sentences. What
// somebody knows better is taken as said. Pure.
#pragma once

#include "protocol/csv/dialect.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

struct dialect_wishes {
  std::optional<char> delimiter;
  std::optional<char> quote;
  std::optional<bool> has_header;
  std::optional<text_encoding> encoding;
};

struct sniffed_dialect {
  csv::dialect dialect;
  /// One for each of encoding, quote, delimiter and header, in this order.
  std::vector<std::string> reasons;
};

/// Looks at `head`, the first bytes of a file, some 64 KiB of them or all; `is_whole` says which.
/// invalid_argument for wishes that cannot be (see checked()). There is always a guess else.
result<sniffed_dialect> sniff(std::string_view head, bool is_whole,
                              const dialect_wishes& wishes = {});

} // namespace dossier::csv

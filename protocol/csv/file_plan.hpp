// SPDX-License-Identifier: Apache-2.0
// How one file is read against one schema: found out from its first bytes, the same each time, so
// that whoever reads a part of it later need not be told. Pure.
#pragma once

#include "protocol/csv/header.hpp"
#include "protocol/csv/read_options.hpp"

#include <cstdint>
#include <string_view>

namespace dossier::csv {

struct file_plan {
  sniffed_dialect found; ///< With the reasons.
  record_law law;
  record_start data; ///< The first record that is a row, by the file's own offset.
  column_mapping mapping;
};

/// How many of a file's first bytes plan_file() wants.
std::size_t head_bytes(std::uint32_t record_bytes_max);

/// `head`: so many of the file's first bytes, or all of them. What sniff(), read_head() and
/// map_by_name() refuse.
result<file_plan> plan_file(std::string_view head, const schema& s, const read_options& wanted,
                            std::uint32_t record_bytes_max);

} // namespace dossier::csv

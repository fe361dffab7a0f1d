// SPDX-License-Identifier: Apache-2.0
// How somebody wants a CSV file to be read. Stands with its job as one line of text, in one form
// for each meaning: jobs of the same file, schema and text are one job. Pure.
#pragma once

#include "protocol/csv/sniff.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>

namespace dossier::csv {

struct read_options {
  dialect_wishes wishes;
  bool is_by_position = false; ///< Fields are columns by their place, not by the header's names.
};

/// "columns=position delimiter=59 encoding=Latin-1 header=no quote=39": what is wished for only, in
/// this order, characters by their code. Empty: everything is found out.
std::string to_text(const read_options& o);
/// Accepts exactly what to_text() writes; corrupt else.
result<read_options> parse_read_options(std::string_view text);

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
// A CSV file of repaired records: the list of rejects, as it was given, with its texts corrected.
// Pure.
#pragma once

#include "actors/repair.hpp"

#include <string_view>
#include <vector>

namespace dossier {

/// Reads the columns `row` and `text`; all others are passed over. In the order of the rows.
/// malformed or invalid_argument names the line; so does a row that is there twice. Stops reading
/// soon behind repair_records_max of them, which is more than a repair takes.
result<std::vector<corrected_record>> read_repaired_records(std::string_view csv);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Looks whether a CSV file fits a schema, before anybody sends it: `dossier check-csv`. Needs no
// server and changes nothing; takes a few megabytes for each thread, however large the file is.
#pragma once

#include "protocol/csv/sniff.hpp"

#include <cstdint>
#include <iosfwd>
#include <string>

namespace dossier {

struct csv_check_request {
  std::string file;
  std::string schema_file;
  csv::dialect_wishes wishes;
  bool is_by_position = false;             ///< Fields are columns by their place, not by name.
  std::uint64_t rows_max = 0;              ///< Only so many rows from the beginning; 0: all.
  std::uint32_t rejects_shown = 10;        ///< The first ones.
  std::uint32_t record_bytes_max = 65'536; ///< See csv::record_law.
  std::uint32_t threads = 0;               ///< 0: as many as there are processors.
};

/// Says how the file is written and why it thinks so, how many rows and rejects it has, and shows
/// the first rejects. 0: all records are rows; 1: some are rejects; 2: it cannot be read so, which
/// is said on `errors`.
int check_csv(const csv_check_request& wanted, std::ostream& out, std::ostream& errors);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Schemas of CSV rows, from TOML files such as config/schemas/cdr.toml. The only part of config/
// that knows protocol/csv/.
//
// A file has name, version (a whole number from 1), optionally key (the name of a required column)
// and duplicates (reject, replace or keep: what becomes of a row whose key was there before), and a
// [[columns]] for each column with name, type (text, integer, decimal, date, time, timestamp,
// boolean, enum) and, as the type allows, required, scale, format, values, min, max, length_min,
// length_max, pattern. min and max are whole numbers, or texts as a row would have them.
#pragma once

#include "config/load.hpp"
#include "protocol/csv/schema.hpp"

#include <string>
#include <vector>

namespace dossier {

struct loaded_row_schema {
  csv::schema schema;
  std::vector<config_problem> problems; ///< Empty: the schema is good. Else all that is wrong.
};

/// Never throws; what cannot be read, is unknown, of a wrong type or senseless is a problem with
/// its line, in the order of lines.
loaded_row_schema load_row_schema(const std::string& path);
/// The same of a text; `name` stands for the path in problems.
loaded_row_schema parse_row_schema(const std::string& text, const std::string& name);

} // namespace dossier

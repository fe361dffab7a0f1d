// SPDX-License-Identifier: Apache-2.0
// A schema of rows as JSON Schema (draft 2020-12), for whoever reads rows as JSON. Pure.
#pragma once

#include "protocol/csv/schema.hpp"

#include <string>
#include <string_view>

namespace dossier::csv {

/// What write_row() writes of rows of this schema adheres to it. `type` is how the schema is named
/// where it is served, "/schemas/<type>/<version>". Patterns of texts are left out: they are not in
/// the language of JSON Schema.
std::string to_json_schema(const schema& s, std::string_view type);

} // namespace dossier::csv

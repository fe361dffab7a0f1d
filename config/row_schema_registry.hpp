// SPDX-License-Identifier: Apache-2.0
// The schemas that rows may be ingested with: those that ship with the program and those of
// ingestion.schemas_dir. Immutable after start; any thread.
#pragma once

#include "protocol/csv/schema.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

struct registered_schema {
  csv::schema schema;
  std::string text; ///< The file it was read from, whole: stands with the rows.
};

class row_schema_registry {
public:
  using entry = std::shared_ptr<const registered_schema>;

  /// Reads every *.toml of the directory, in the order of their names; an empty path has none.
  /// invalid_argument, naming every problem with its line, also if two files have the same name and
  /// version or one has those of a schema that ships.
  static result<row_schema_registry> open(const std::string& directory);

  /// not_found, naming those that there are.
  result<entry> find(std::string_view name, std::uint32_t version) const;
  /// Its highest version; likewise.
  result<entry> newest(std::string_view name) const;
  /// The schema that stored rows have, from its text, which stands with them: one of these, or one
  /// that was known when they were stored. corrupt if the text is no schema.
  result<std::shared_ptr<const csv::schema>> of_text(const std::string& text) const;
  /// By name and version.
  std::vector<entry> all() const;

private:
  failure no_schema(const std::string& what) const;

  std::map<std::pair<std::string, std::uint32_t>, entry, std::less<>> entries_;
};

/// The text of config/schemas/cdr.toml, as it was when the program was built.
std::string_view cdr_schema_text();

} // namespace dossier

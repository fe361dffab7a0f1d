// SPDX-License-Identifier: Apache-2.0
#include "config/row_schema_registry.hpp"

#include "config/row_schemas.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace dossier {

namespace {

result<std::vector<std::filesystem::path>> schema_files(const std::string& directory) {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
       at.increment(error))
    if (at->path().extension() == ".toml")
      files.push_back(at->path());
  if (error)
    return fail(errc::invalid_argument,
                "the schemas of rows in " + directory + " cannot be listed: " + error.message());
  std::ranges::sort(files);
  return files;
}

result<std::string> read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  if (!file || !text)
    return fail(errc::invalid_argument, "the schema " + path.string() + " cannot be read");
  return text.str();
}

result<row_schema_registry::entry> registered(std::string text, const std::string& name) {
  auto loaded = parse_row_schema(text, name);
  std::string why;
  for (const auto& problem : loaded.problems)
    why += (why.empty() ? "" : "; ") + problem.where + ": " + problem.what;
  if (!why.empty())
    return fail(errc::invalid_argument, why);
  return std::make_shared<registered_schema>(
    registered_schema{std::move(loaded.schema), std::move(text)});
}

} // namespace

result<row_schema_registry> row_schema_registry::open(const std::string& directory) {
  row_schema_registry made;
  const auto add = [&made](std::string text, const std::string& from) -> result<void> {
    auto read = registered(std::move(text), from);
    if (!read)
      return read.error();
    const auto& schema = (*read)->schema;
    if (!made.entries_.try_emplace({schema.name, schema.version}, *read).second)
      return fail(errc::invalid_argument, from + ": there is a schema " + schema.name + " version "
                                            + std::to_string(schema.version) + " already");
    return {};
  };
  if (auto added = add(std::string(cdr_schema_text()), "the schema cdr of the program"); !added)
    return added.error();
  if (directory.empty())
    return made;
  const auto files = schema_files(directory);
  if (!files)
    return files.error();
  for (const auto& path : *files) {
    auto text = read_file(path);
    if (!text)
      return text.error();
    if (auto added = add(std::move(*text), path.string()); !added)
      return added.error();
  }
  return made;
}

failure row_schema_registry::no_schema(const std::string& what) const {
  std::string known;
  for (const auto& [which, schema] : entries_)
    known += (known.empty() ? "" : ", ") + which.first + " version " + std::to_string(which.second);
  return fail(errc::not_found, "there is no schema " + what + "; there are: " + known, "schema");
}

result<row_schema_registry::entry> row_schema_registry::find(std::string_view name,
                                                             std::uint32_t version) const {
  const auto at = entries_.find({std::string(name), version});
  if (at == entries_.end())
    return no_schema(std::string(name) + " version " + std::to_string(version));
  return at->second;
}

result<row_schema_registry::entry> row_schema_registry::newest(std::string_view name) const {
  entry found;
  for (const auto& [which, schema] : entries_)
    if (which.first == name)
      found = schema;
  if (!found)
    return no_schema(std::string(name));
  return found;
}

result<std::shared_ptr<const csv::schema>>
row_schema_registry::of_text(const std::string& text) const {
  for (const auto& [which, known] : entries_)
    if (known->text == text)
      return std::shared_ptr<const csv::schema>(known, &known->schema);
  auto loaded = parse_row_schema(text, "the schema of stored rows");
  if (!loaded.problems.empty())
    return fail(errc::corrupt, loaded.problems[0].where + ": " + loaded.problems[0].what);
  return std::make_shared<const csv::schema>(std::move(loaded.schema));
}

std::vector<row_schema_registry::entry> row_schema_registry::all() const {
  std::vector<entry> list;
  for (const auto& [which, schema] : entries_)
    list.push_back(schema);
  return list;
}

} // namespace dossier

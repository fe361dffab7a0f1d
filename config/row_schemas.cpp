// SPDX-License-Identifier: Apache-2.0
#include "config/row_schemas.hpp"

#include "protocol/csv/values.hpp"

#include <toml.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <fstream>
#include <limits>
#include <optional>
#include <sstream>
#include <string_view>

namespace dossier {

namespace {

constexpr std::size_t file_bytes_max = 1'048'576;

class row_schema_reader {
public:
  explicit row_schema_reader(std::string file)
    : file_(std::move(file)) {}

  loaded_row_schema read(const std::string& text) {
    try {
      std::istringstream stream(text);
      read_root(toml::parse(stream, file_));
    } catch (const toml::exception& e) {
      complain(e.location().line(), "this is not TOML");
    } catch (const std::exception&) {
      complain(0, "this cannot be read as TOML");
    }
    std::ranges::stable_sort(found_, {}, &found_problem::line);
    for (auto& problem : found_)
      loaded_.problems.push_back(
        {problem.line == 0 ? file_ : file_ + ':' + std::to_string(problem.line), problem.what});
    return std::move(loaded_);
  }

private:
  struct found_problem {
    std::size_t line;
    std::string what;
  };

  void complain(std::size_t line, std::string what) { found_.push_back({line, std::move(what)}); }
  void complain(const toml::value& at, std::string what) {
    complain(at.location().line(), std::move(what));
  }

  std::optional<std::string> text_of(const std::string& name, const toml::value& value) {
    if (value.is_string())
      return value.as_string().str;
    complain(value, name + " is a text");
    return std::nullopt;
  }

  template <class Number>
  void read_number(const std::string& name, const toml::value& value, std::int64_t lowest,
                   Number& into) {
    constexpr auto highest = std::int64_t{std::numeric_limits<std::uint32_t>::max()};
    if (value.is_integer() && value.as_integer() >= lowest && value.as_integer() <= highest)
      into = static_cast<std::uint32_t>(value.as_integer());
    else
      complain(value, name + " is a whole number from " + std::to_string(lowest) + " to "
                        + std::to_string(highest));
  }

  void read_root(const toml::value& root) {
    const toml::value* key = nullptr;
    for (const auto& [name, value] : root.as_table()) {
      if (name == "name")
        loaded_.schema.name = text_of(name, value).value_or("?");
      else if (name == "version")
        read_number(name, value, 1, loaded_.schema.version);
      else if (name == "key")
        key = &value;
      else if (name == "duplicates")
        read_duplicates(value);
      else if (name == "columns")
        read_columns(value);
      else
        complain(value,
                 "a schema has no " + name + "; it has name, version, key, duplicates and columns");
    }
    if (key != nullptr)
      read_key(*key);
    // Why: what was not understood above would only be complained of twice.
    if (found_.empty())
      for (const auto& problem : csv::problems_of(loaded_.schema))
        complain(problem.column ? lines_[*problem.column] : 1,
                 (problem.column ? name_of(*problem.column) : "") + problem.what);
  }

  void read_columns(const toml::value& value) {
    if (!value.is_array() || !std::ranges::all_of(value.as_array(), [](const toml::value& each) {
          return each.is_table();
        })) {
      complain(value, "columns are written as [[columns]]");
      return;
    }
    for (const auto& each : value.as_array()) {
      loaded_.schema.columns.emplace_back();
      lines_.push_back(each.location().line());
      read_column(each.as_table(), loaded_.schema.columns.back());
    }
  }

  void read_duplicates(const toml::value& value) {
    const auto name = text_of("duplicates", value);
    if (name && !csv::parse_duplicate_policy(*name, loaded_.schema.duplicates))
      complain(value, "duplicates is reject, replace or keep");
  }

  void read_key(const toml::value& value) {
    const auto name = text_of("key", value);
    if (!name)
      return;
    const auto& columns = loaded_.schema.columns;
    const auto found = std::ranges::find(columns, *name, &csv::column::name);
    if (found == columns.end())
      complain(value, "the key " + *name + " is none of the columns");
    else
      loaded_.schema.key = static_cast<std::size_t>(found - columns.begin());
  }

  void read_column(const toml::table& members, csv::column& c) {
    // The type decides what the others mean.
    if (const auto type = members.find("type"); type != members.end())
      read_type(type->second, c);
    else
      complain(lines_.back(), "a column has a type");
    for (const auto& [name, value] : members)
      if (name != "min" && name != "max")
        read_member(name, value, c);
    // Formats and scales are known now.
    for (const std::string name : {"min", "max"})
      if (const auto bound = members.find(name); bound != members.end())
        read_bound(name, bound->second, c, name == "min" ? c.min : c.max);
  }

  void read_type(const toml::value& value, csv::column& c) {
    const auto name = text_of("type", value);
    if (name && !csv::parse_value_type(*name, c.type))
      complain(value, "there is no type " + *name
                        + "; there are text, integer, decimal, date, time, timestamp, boolean and "
                          "enum");
  }

  void read_member(const std::string& name, const toml::value& value, csv::column& c) {
    if (name == "name") {
      c.name = text_of(name, value).value_or("?");
    } else if (name == "required") {
      if (value.is_boolean())
        c.is_required = value.as_boolean();
      else
        complain(value, "required is true or false");
    } else if (name == "scale") {
      if (value.is_integer() && value.as_integer() >= 0 && value.as_integer() <= csv::scale_max)
        c.scale = static_cast<std::uint8_t>(value.as_integer());
      else
        complain(value, "scale is a whole number from 0 to 18");
    } else if (name == "format") {
      read_format(value, c);
    } else if (name == "values") {
      read_choices(value, c);
    } else if (name == "length_min") {
      read_number(name, value, 0, c.length_min);
    } else if (name == "length_max") {
      read_number(name, value, 0, c.length_max);
    } else if (name == "pattern") {
      read_pattern(value, c);
    } else if (name != "type") {
      complain(value, "a column has no " + name);
    }
  }

  void read_format(const toml::value& value, csv::column& c) {
    using kind = csv::moment_format::kind;
    const auto text = text_of("format", value);
    if (!text)
      return;
    const bool is_date = c.type == csv::value_type::date;
    const bool is_time = c.type == csv::value_type::time;
    if (!is_date && !is_time && c.type != csv::value_type::timestamp) {
      complain(value, "formats are for dates, times and timestamps");
      return;
    }
    auto format = csv::moment_format::parse(is_date   ? kind::date
                                            : is_time ? kind::time
                                                      : kind::timestamp,
                                            *text);
    if (format)
      c.format = std::move(*format);
    else
      complain(value, format.error().why);
  }

  void read_choices(const toml::value& value, csv::column& c) {
    if (!value.is_array() || !std::ranges::all_of(value.as_array(), [](const toml::value& each) {
          return each.is_string();
        })) {
      complain(value, "values are a list of texts");
      return;
    }
    for (const auto& each : value.as_array())
      c.choices.push_back(each.as_string().str);
  }

  void read_pattern(const toml::value& value, csv::column& c) {
    const auto text = text_of("pattern", value);
    if (!text)
      return;
    auto pattern = csv::text_pattern::compile(*text);
    if (pattern)
      c.pattern = std::move(*pattern);
    else
      complain(value, pattern.error().why);
  }

  /// A bound is read as a row's value would be, so that it means the same.
  void read_bound(const std::string& name, const toml::value& value, const csv::column& c,
                  std::optional<std::int64_t>& into) {
    if (!value.is_integer() && !value.is_string()) {
      complain(value, name + " is a whole number, or a text as a row would have it");
      return;
    }
    const std::string text
      = value.is_integer() ? std::to_string(value.as_integer()) : value.as_string().str;
    std::int64_t number = 0;
    if (c.type == csv::value_type::text)
      complain(value, "min and max are for numbers, dates and times");
    else if (csv::read_value(c, text, number) != csv::cast::good)
      complain(value, name + " is no value of the column: " + text);
    else
      into = number;
  }

  std::string name_of(std::size_t column) const {
    const auto& name = loaded_.schema.columns[column].name;
    return name.empty() ? "" : name + ": ";
  }

  std::string file_;
  loaded_row_schema loaded_;
  std::vector<std::size_t> lines_; ///< Of each column.
  std::vector<found_problem> found_;
};

} // namespace

loaded_row_schema parse_row_schema(const std::string& text, const std::string& name) {
  return row_schema_reader(name).read(text);
}

loaded_row_schema load_row_schema(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string text(file_bytes_max + 1, '\0');
  stream.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(stream.gcount()));
  // Why: a directory opens like a file and then has no bytes.
  if (text.empty() || stream.bad())
    return {{}, {{path, "this file cannot be read, or is empty"}}};
  if (text.size() > file_bytes_max)
    return {{}, {{path, "this file has more than 1 MiB and so is no schema"}}};
  return parse_row_schema(text, path);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// toml11 is used here and in row_schemas.cpp only.
#include "config/load.hpp"

#include "config/option_value.hpp"
#include "config/options.hpp"

#include <toml.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <functional>
#include <set>
#include <sstream>
#include <string_view>
#include <system_error>

namespace dossier {

namespace {

/// A file larger than this is not one of ours: somebody named the wrong path.
constexpr std::size_t file_bytes_max = 1'048'576;

/// Pairs of settings of which the first may not be above the second.
struct ascending_pair {
  std::string_view lower;
  std::string_view upper;
};

constexpr std::array ascending_pairs{
  ascending_pair{"http.target_bytes_max", "http.header_bytes_max"},
  ascending_pair{"http.stream_heartbeat_ms", "http.handler_deadline_ms"},
  ascending_pair{"storage.write_buffer_mib", "storage.wal_mib_max"},
  ascending_pair{"actors.pending_per_entity_max", "actors.pending_max"},
  ascending_pair{"actors.restart_backoff_ms_min", "actors.restart_backoff_ms_max"},
  ascending_pair{"timers.retry_ms_min", "timers.retry_ms_max"},
  ascending_pair{"documents.list_limit_max", "documents.list_scan_max"},
  ascending_pair{"letters.wait_ms_min", "letters.wait_ms_max"},
  ascending_pair{"ingestion.wait_ms_min", "ingestion.wait_ms_max"},
  ascending_pair{"letters.list_limit_max", "letters.scan_max"},
};

std::string suggestion(const option* near, std::string_view name) {
  return near == nullptr ? "; print-config shows all settings"
                         : "; did you mean " + std::string(name) + "?";
}

std::string name_of(toml::value_t type) {
  switch (type) {
  case toml::value_t::empty:
    return "nothing";
  case toml::value_t::boolean:
    return "a boolean";
  case toml::value_t::integer:
    return "a whole number";
  case toml::value_t::floating:
    return "a number with a fraction";
  case toml::value_t::string:
    return "a text";
  case toml::value_t::offset_datetime:
  case toml::value_t::local_datetime:
  case toml::value_t::local_date:
  case toml::value_t::local_time:
    return "a date or time";
  case toml::value_t::array:
    return "a list of something else";
  case toml::value_t::table:
    return "a table";
  }
  return "something unknown";
}

std::optional<option_value> value_of(const toml::value& value) {
  if (value.is_integer())
    return value.as_integer();
  if (value.is_boolean())
    return value.as_boolean();
  if (value.is_string())
    return value.as_string().str;
  if (!value.is_array())
    return std::nullopt;
  std::vector<std::int64_t> list;
  for (const auto& item : value.as_array()) {
    if (!item.is_integer())
      return std::nullopt;
    list.push_back(item.as_integer());
  }
  return list;
}

/// toml11 explains over several lines, the first of which says what is wrong:
/// "[error] toml::parse_value: unknown value appeared".
std::string first_sentence(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  if (text.starts_with("[error] "))
    text.remove_prefix(8);
  if (text.starts_with("toml::")) {
    const auto colon = text.find(": ");
    text.remove_prefix(colon == text.npos ? 0 : colon + 2);
  }
  return std::string(text);
}

class loader {
public:
  void read_file(const std::string& path) {
    const auto text = slurp(path);
    if (!text)
      return;
    file_ = path;
    try {
      std::istringstream stream(*text);
      const toml::value root = toml::parse(stream, path);
      read_root(root.as_table());
    } catch (const toml::exception& e) {
      complain(path + ":" + std::to_string(e.location().line()),
               "this is not TOML: " + first_sentence(e.what()));
    } catch (const std::exception& e) {
      complain(path, "this cannot be read as TOML: " + first_sentence(e.what()));
    }
  }

  void read_environment(const std::map<std::string, std::string>& variables) {
    for (const auto& [name, text] : variables) {
      const auto found = std::ranges::find(options(), name, variable_of);
      if (found != options().end()) {
        settle(*found, name, assign_text(*found, loaded_.settings, text));
        continue;
      }
      const auto* near = nearest_to_variable(name);
      complain(name, "no setting belongs to this variable"
                       + suggestion(near, near == nullptr ? "" : variable_of(*near)));
    }
  }

  void read_flags(const std::vector<std::pair<std::string, std::string>>& flags) {
    for (const auto& [path, text] : flags) {
      const auto* o = find_option(path);
      if (o == nullptr)
        complain("--set", unknown(path));
      else if (o->is_secret)
        complain("--set", secret_sentence(*o));
      else
        settle(*o, "--set", assign_text(*o, loaded_.settings, text));
    }
  }

  loaded_config finish() && {
    for (const auto& pair : ascending_pairs)
      check_ascending(*find_option(pair.lower), *find_option(pair.upper));
    auto& leads = loaded_.settings.documents.expiring_leads_s;
    std::ranges::sort(leads, std::greater());
    leads.erase(std::unique(leads.begin(), leads.end()), leads.end());
    return std::move(loaded_);
  }

private:
  static std::string secret_sentence(const option& o) {
    return std::string(o.path) + " comes from the environment only, as " + variable_of(o)
           + ", so that it stands in no file and in no list of processes";
  }

  void complain(std::string where, std::string what) {
    loaded_.problems.push_back({std::move(where), std::move(what)});
  }

  static std::string unknown(const std::string& path) {
    const auto* near = nearest_to_path(path);
    return "there is no setting " + path + suggestion(near, near == nullptr ? "" : near->path);
  }

  void settle(const option& o, std::string where, std::optional<std::string> problem) {
    if (problem) {
      doubtful_.insert(o.path);
      complain(std::move(where), std::move(*problem));
    } else {
      origins_[o.path] = std::move(where);
    }
  }

  std::optional<std::string> slurp(const std::string& path) {
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    std::string text(file_bytes_max + 1, '\0');
    stream.read(text.data(), static_cast<std::streamsize>(text.size()));
    // Why: a directory opens like a file and fails only when it is read.
    if (stream.bad() || (stream.fail() && !stream.eof()) || errno == EISDIR) {
      complain(path, "this file cannot be read: " + std::generic_category().message(errno));
      return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(stream.gcount()));
    if (text.size() > file_bytes_max) {
      complain(path, "this file has more than " + digits_of(file_bytes_max)
                       + " bytes and so is no configuration");
      return std::nullopt;
    }
    return text;
  }

  std::string line_of(const toml::value& value) const {
    return file_ + ":" + std::to_string(value.location().line());
  }

  void read_root(const toml::table& root) {
    for (const auto& [name, group] : root) {
      const bool is_known = std::ranges::any_of(
        options(), [&wanted = name](const option& o) { return o.group() == wanted; });
      if (!group.is_table())
        complain(line_of(group),
                 is_known ? name + " is a group of settings: write [" + name + "]" : unknown(name));
      else if (!is_known && group.as_table().empty())
        complain(line_of(group), "there is no group of settings called " + name);
      else
        read_group(name, group.as_table());
    }
    // Why: toml11 keeps tables unordered, and people read their file from top to bottom.
    std::ranges::stable_sort(loaded_.problems, {}, [](const config_problem& p) {
      return std::stoul(p.where.substr(p.where.rfind(':') + 1));
    });
  }

  void read_group(const std::string& group, const toml::table& members) {
    for (const auto& [name, value] : members) {
      const auto path = group + "." + name;
      // Why: a quoted key may contain the dot that separates group and member.
      const bool is_plain = std::ranges::count(path, '.') == 1;
      const auto* o = is_plain ? find_option(path) : nullptr;
      if (o == nullptr)
        complain(line_of(value), unknown(path));
      else if (o->is_secret)
        complain(line_of(value), secret_sentence(*o));
      else if (const auto known = value_of(value))
        settle(*o, line_of(value), assign(*o, loaded_.settings, *known));
      else
        settle(*o, line_of(value),
               path + " must be " + expectation(*o) + ", and is " + name_of(value.type()));
    }
  }

  void check_ascending(const option& lower, const option& upper) {
    // Why: what was refused kept an earlier value, about which nobody needs to hear.
    if (doubtful_.contains(lower.path) || doubtful_.contains(upper.path))
      return;
    const auto low = std::get<std::int64_t>(read(lower, loaded_.settings));
    const auto high = std::get<std::int64_t>(read(upper, loaded_.settings));
    if (low <= high)
      return;
    auto where = origins_[lower.path];
    const auto& other = origins_[upper.path];
    if (!other.empty() && other != where)
      where += (where.empty() ? "" : ", ") + other;
    complain(where, std::string(lower.path) + " is " + digits_of(low) + " and may not be above "
                      + std::string(upper.path) + ", which is " + digits_of(high));
  }

  loaded_config loaded_;
  std::string file_;
  std::map<std::string_view, std::string> origins_; ///< Path of what was set, and where.
  std::set<std::string_view> doubtful_;             ///< Paths of what was refused.
};

} // namespace

loaded_config load_config(const config_sources& sources) {
  loader l;
  if (sources.file)
    l.read_file(*sources.file);
  l.read_environment(sources.environment);
  l.read_flags(sources.flags);
  return std::move(l).finish();
}

std::map<std::string, std::string> dossier_environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto equals = text.find('=');
    if (text.starts_with("DOSSIER_") && equals != text.npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

} // namespace dossier

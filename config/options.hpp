// SPDX-License-Identifier: Apache-2.0
// The table of settings: what a person must know of each one, and how text becomes its value.
// Defaults stand in config/settings.hpp and nowhere else. Used inside config/ only.
#pragma once

#include "config/settings.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier {

/// Where a setting is stored; the alternatives are all the types that a setting may have.
using setting_field = std::variant<bool*, std::uint16_t*, std::uint32_t*, std::uint64_t*,
                                   std::string*, std::vector<std::int64_t>*>;

/// Both ends belong to it. Of a list they hold for each item.
struct option_bounds {
  std::int64_t min = 0;
  std::int64_t max = 0;
};

struct option {
  std::string_view path; ///< "http.threads": group and member of `settings`.
  setting_field (*of)(settings&);
  std::string_view sentence; ///< What it does.
  std::string_view form;     ///< The unit of numbers ("ms"); what a text must be ("an IP address").
  option_bounds bounds{};
  bool (*accepts)(std::string_view) = nullptr; ///< Of texts only: whether it may have this value.
  bool is_secret = false; ///< Comes from the environment only and is never shown.

  std::string_view group() const { return path.substr(0, path.find('.')); }
  std::string_view member() const { return path.substr(path.find('.') + 1); }
};

/// Every setting, grouped, in the order in which it is printed.
std::span<const option> options();

/// nullptr if there is none.
const option* find_option(std::string_view path);

/// "DOSSIER_HTTP_THREADS"; "DOSSIER_ADMIN_KEY" of security.admin_key.
std::string variable_of(const option& o);

/// The setting that somebody who wrote this path, or this variable, probably meant.
const option* nearest_to_path(std::string_view path);
const option* nearest_to_variable(std::string_view name);

} // namespace dossier

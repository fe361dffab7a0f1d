// SPDX-License-Identifier: Apache-2.0
// From declared defaults, a TOML file, the environment and flags to settings, or every problem at
// once. Later sources win: defaults < file < environment (DOSSIER_HTTP_THREADS for http.threads) <
// flags.
#pragma once

#include "config/settings.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// One thing wrong with the configuration, and where: "dossier.toml:12", "DOSSIER_LISTEN_PORT",
/// "--set".
struct config_problem {
  std::string where;
  std::string what;
};

struct config_sources {
  std::optional<std::string> file;                        ///< Path of a TOML file.
  std::map<std::string, std::string> environment;         ///< DOSSIER_… variables only.
  std::vector<std::pair<std::string, std::string>> flags; ///< path, text; in order.
};

struct loaded_config {
  dossier::settings settings;
  std::vector<config_problem> problems; ///< Empty: the settings are good. Else all that is wrong.
};

/// Never throws; an unreadable file, unknown keys, wrong types and values out of bounds are
/// problems.
loaded_config load_config(const config_sources& sources);

/// The DOSSIER_… variables of this process.
std::map<std::string, std::string> dossier_environment();

/// The settings as a TOML file that load_config reads back to the same, each with its sentence,
/// unit and bounds as a comment. Secrets are left out.
std::string print_config(const settings& s);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The commands of the binary besides `serve`. Each prints for people and returns the exit code.
#pragma once

#include "config/load.hpp"

#include <string>
#include <vector>

namespace dossier {

/// Prints each problem on stderr; true if there were none.
bool report_problems(const std::vector<config_problem>& problems);

int print_configuration(const settings& s);
int check_configuration(const std::string& file);

/// What `dossier keys create` was given.
struct key_request {
  std::string name;
  std::string role;
  std::vector<std::string> customers;
};
int create_key(const settings& s, const key_request& wanted);
int list_keys(const settings& s);
int revoke_key(const settings& s, const std::string& name);

/// Offline: the data directory must not be in use. 0 clean, 1 discrepancies, 2 cannot be read.
int verify_store(const settings& s, bool reads_content);

int print_version();

} // namespace dossier

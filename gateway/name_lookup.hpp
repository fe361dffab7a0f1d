// SPDX-License-Identifier: Apache-2.0
// The addresses of a name, as the system's resolver has them.
#pragma once

#include "protocol/destination.hpp"
#include "protocol/result.hpp"

#include <string>
#include <vector>

namespace dossier {

/// All IPv4 and IPv6 addresses in the resolver's order, each once, at least one. not_found if the
/// name has none, unavailable if the resolver cannot tell. Blocks for as long as the resolver is
/// set to; thread-safe.
result<std::vector<ip_address>> look_up_name(const std::string& host);

} // namespace dossier

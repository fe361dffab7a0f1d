// SPDX-License-Identifier: Apache-2.0
// One seed, one whole life of a Dossier in virtual time: clients, crashes of actors and of the
// process, refused commits, clock steps, in an order that the seed decides; then quiet, then the
// properties.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace dossier::simulation {

struct verdict {
  std::uint64_t trace_hash = 0;        ///< Equal for equal seeds.
  std::vector<std::string> violations; ///< Empty: all properties hold.
  std::uint64_t commands = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t kills = 0;
  std::uint64_t virtual_ms = 0;
};

verdict run(std::uint64_t seed);

} // namespace dossier::simulation

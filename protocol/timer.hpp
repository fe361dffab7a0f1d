// SPDX-License-Identifier: Apache-2.0
// A timer is a wish that follows from an entity's state: rules name it, the shell stores the
// difference in the same batch as the events, the timekeeper brings it back as a command when it is
// due.
#pragma once

#include "protocol/time.hpp"

#include <compare>
#include <string>

namespace dossier {

/// What ends, and when. The name is unique within its entity, 1 to 32 characters of [a-z0-9:_-].
struct timer {
  timestamp due;
  std::string name;

  auto operator<=>(const timer&) const = default;
};

} // namespace dossier

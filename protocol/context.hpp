// SPDX-License-Identifier: Apache-2.0
// What a rule may know besides its state and its command, and what is remembered of who asked.
#pragma once

#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <string>

namespace dossier {

/// Everything that is not a fact of the entity itself: rules have no clock and no dice of their
/// own.
struct context {
  timestamp now;
  entity_id self;
  std::uint32_t dice = 0;
};

/// When and as which of its entity's events something happened; sequence counts from 1 without
/// gaps.
struct occurrence {
  std::uint64_t sequence = 0;
  timestamp at;
};

/// Why an event exists. Stored with it and shown in its history.
struct cause {
  std::string command;     ///< The command's name, e.g. "create", or "timer expired".
  std::string by;          ///< "key:<name>", "timer", "collector".
  std::string request_id;  ///< The HTTP request's id; empty for timers.
  std::string traceparent; ///< W3C trace context of the request; empty if it had none.

  auto operator<=>(const cause&) const = default;
};

} // namespace dossier

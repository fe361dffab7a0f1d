// SPDX-License-Identifier: Apache-2.0
// A command that came as a message: where it stood, and what its answer needs. Plain data.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>

namespace dossier {

/// A message of the topic that commands come from.
struct inbox_place {
  std::uint16_t partition = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const inbox_place&) const = default;
};

struct arrival {
  std::optional<inbox_place> place; ///< nullopt: it was handled before, as a letter.
  std::string command;              ///< The event's type; empty: nobody is answered.
  std::string command_id;           ///< The event's id.
  std::string customer;             ///< Keys the answer; may be empty.
  std::string traceparent;          ///< May be empty.
};

} // namespace dossier

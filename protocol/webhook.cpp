// SPDX-License-Identifier: Apache-2.0
#include "protocol/webhook.hpp"

#include <array>

namespace dossier::webhook {

std::string_view name_of(const command& c) {
  constexpr std::array<std::string_view, std::variant_size_v<command>> names{
    "create webhook", "settle handshake", "pause webhook", "resume webhook",
    "rotate secret",  "remove webhook",   "timer expired"};
  return names[c.index()];
}

std::string_view to_string(status s) {
  switch (s) {
  case status::pending:
    return "pending";
  case status::active:
    return "active";
  case status::unverified:
    return "unverified";
  case status::paused:
    return "paused";
  case status::removed:
    return "removed";
  }
  return "unknown";
}

} // namespace dossier::webhook

// SPDX-License-Identifier: Apache-2.0
// An event as it travels to a webhook: CloudEvents 1.0, HTTP protocol binding, beside the fields of
// Standard Webhooks. Pure.
#pragma once

#include "protocol/cloud_event.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier {

struct webhook_message {
  std::string id; ///< The event's: the same for every attempt.
  /// Content-Type, and in binary mode a field "ce-<name>" for each attribute, in visible ASCII.
  std::vector<std::pair<std::string, std::string>> fields;
  std::string body;
  bool operator==(const webhook_message&) const = default;
};

/// Structured mode (HTTP binding 3.2) or binary mode (3.1), whose values are percent-encoded.
webhook_message make_webhook_message(const cloud_event& event, bool is_structured);

} // namespace dossier

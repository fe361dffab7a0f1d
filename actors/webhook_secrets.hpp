// SPDX-License-Identifier: Apache-2.0
// The secrets that webhooks are signed with. None is stored: each follows from the server's key,
// the webhook's id and the number of its generation, so no event, row, log or backup of either can
// tell it.
#pragma once

#include "protocol/ids.hpp"
#include "protocol/webhook.hpp"
#include "protocol/webhook_signature.hpp"

#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// Immutable, thread-safe.
class webhook_secrets {
public:
  /// `key`: at least 32 secret bytes, the same at every start.
  explicit webhook_secrets(std::string key)
    : key_(std::move(key)) {}

  webhook_secret of(const entity_id& id, std::uint32_t generation) const;
  /// Those that sign now: the present one, and before its end the one before.
  std::vector<webhook_secret> signing(const entity_id& id, const webhook::view& what,
                                      timestamp now) const;

private:
  const std::string key_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Idempotency-Key: the same request sent again has its effect once. The header becomes a command
// id, under which the core stores the answer; this file knows of requests that are still on their
// way.
#pragma once

#include "gateway/http.hpp"
#include "protocol/digest.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string_view>

namespace dossier {

struct idempotency {
  command_id id;
  sha256_digest fingerprint{}; ///< Of the body: the same key with another body is refused.
};

/// nullopt without the header. The id covers who asks, the operation, its `scope` (the customer or
/// document that it is about) and the key, so equal keys of different callers or things never meet.
/// The key is 1 to 255 visible ASCII characters, once.
result<std::optional<idempotency>> idempotency_of(const request& r, std::string_view operation,
                                                  std::string_view scope, std::string_view body);

/// The command ids that are being worked on in this process. Thread-safe.
class commands_in_flight {
public:
  explicit commands_in_flight(std::size_t ids_max)
    : ids_max_(ids_max) {}
  commands_in_flight(const commands_in_flight&) = delete;
  commands_in_flight& operator=(const commands_in_flight&) = delete;

  /// Holds its id until the last copy is gone. The table outlives it.
  using turn = std::shared_ptr<const command_id>;

  /// conflict while another holds this id; busy when the table is full.
  result<turn> enter(const command_id& id);

private:
  void leave(const command_id& id);

  const std::size_t ids_max_;
  std::mutex mutex_; ///< Guards ids_.
  std::set<command_id> ids_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// What the deliverer tells everybody else about the deliveries to webhooks.
#pragma once

#include "actors/webhooks.hpp"
#include "protocol/ids.hpp"
#include "protocol/webhook.hpp"

#include <mutex>
#include <optional>
#include <unordered_map>

namespace dossier {

/// What others than the deliverer see of all deliveries; it stays when that crashes. Thread-safe.
class delivery_board {
public:
  std::optional<delivery_status> read(const entity_id& id) const;
  void write(const entity_id& id, const delivery_status& now);
  void forget(const entity_id& id);

  /// A webhook as it was read last, for who signs for it: a call may wait for days, and is signed
  /// with the secrets of the time that it is made at. nullopt if nothing is delivered to it.
  std::optional<webhook::view> known(const entity_id& id) const;
  /// Older versions than the known one do not count.
  void know(const entity_id& id, const webhook::view& what);

private:
  mutable std::mutex mutex_;
  std::unordered_map<entity_id, delivery_status> all_;
  std::unordered_map<entity_id, webhook::view> known_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/delivery_board.hpp"

namespace dossier {

std::optional<delivery_status> delivery_board::read(const entity_id& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = all_.find(id);
  return found == all_.end() ? std::nullopt : std::optional(found->second);
}

void delivery_board::write(const entity_id& id, const delivery_status& now) {
  const std::lock_guard lock(mutex_);
  all_[id] = now;
}

void delivery_board::forget(const entity_id& id) {
  const std::lock_guard lock(mutex_);
  all_.erase(id);
  known_.erase(id);
}

std::optional<webhook::view> delivery_board::known(const entity_id& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(id);
  return found == known_.end() ? std::nullopt : std::optional(found->second);
}

void delivery_board::know(const entity_id& id, const webhook::view& what) {
  const std::lock_guard lock(mutex_);
  auto& known = known_[id];
  if (known.version < what.version)
    known = what;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/webhook_secrets.hpp"

#include "protocol/digest.hpp"

namespace dossier {

webhook_secret webhook_secrets::of(const entity_id& id, std::uint32_t generation) const {
  const auto bytes = hmac_sha256(key_, "webhook/" + id.text() + '/' + std::to_string(generation));
  // 32 bytes are always enough for one.
  return webhook_secret::from_bytes(bytes).value();
}

std::vector<webhook_secret> webhook_secrets::signing(const entity_id& id, const webhook::view& what,
                                                     timestamp now) const {
  std::vector<webhook_secret> all{of(id, what.generation)};
  if (what.generation > 1 && what.old_until && now < *what.old_until)
    all.push_back(of(id, what.generation - 1));
  return all;
}

} // namespace dossier

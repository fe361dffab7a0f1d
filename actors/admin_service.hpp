// SPDX-License-Identifier: Apache-2.0
// The operators' face of the core.
#pragma once

#include "actors/admin.hpp"
#include "actors/entity/services.hpp"
#include "actors/interfaces.hpp"
#include "actors/timekeeper.hpp"

namespace dossier {

class admin_service final : public admin {
public:
  admin_service(entity_services& services, timer_counters& timers,
                region_actor<document_kind> documents);

  void list_actors(entity_kind kind, std::optional<activity> only, std::optional<entity_id> after,
                   std::size_t limit, actors_listed done) override;
  void describe(const entity_ref& entity, entity_described done) override;
  void restart(const entity_ref& entity) override;
  result<std::vector<timer_row>> timers(timestamp from, std::size_t limit) const override;
  result<std::vector<feed_row>> outbox(std::optional<shard_number> shard,
                                       std::size_t limit) const override;
  core_stats stats() const override;

private:
  entity_services& services_;
  timer_counters& timers_;
  const region_actor<document_kind> documents_;
};

} // namespace dossier

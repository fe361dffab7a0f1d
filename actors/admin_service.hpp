// SPDX-License-Identifier: Apache-2.0
// The operators' face of the core.
#pragma once

#include "actors/admin.hpp"
#include "actors/entity/regions.hpp"
#include "actors/entity/services.hpp"
#include "actors/timekeeper.hpp"

namespace dossier {

class admin_service final : public admin {
public:
  admin_service(entity_services& services, timer_counters& timers, const all_regions& regions);

  void list_actors(entity_kind kind, std::optional<activity> only, std::optional<entity_id> after,
                   std::size_t limit, actors_listed done) override;
  void describe(const entity_ref& entity, entity_described done) override;
  void restart(const entity_ref& entity) override;
  result<std::vector<timer_row>> timers(timestamp from, std::size_t limit) const override;
  result<std::vector<feed_row>> outbox(std::optional<shard_number> shard,
                                       std::size_t limit) const override;
  result<std::optional<timestamp>> oldest_unpublished() const override;
  core_stats stats() const override;

private:
  template <class K>
  void describe_as(const entity_ref& entity, entity_described done);
  /// On a loader thread.
  template <class K>
  result<entity_info> read(const entity_ref& entity, std::optional<actor_info> actor) const;

  entity_services& services_;
  timer_counters& timers_;
  const all_regions& regions_;
};

} // namespace dossier

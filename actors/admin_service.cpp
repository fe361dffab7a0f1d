// SPDX-License-Identifier: Apache-2.0
#include "actors/admin_service.hpp"

#include "actors/entity/hosted.hpp"
#include "persistence/recorded_event.hpp"
#include "protocol/command_reply.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

result<timestamp> recorded_at(const journal& store, const feed_row& row) {
  if (row.sequence == 0) {
    const auto reply = decode_reply(row.reply);
    return reply ? result<timestamp>{reply->at} : reply.error();
  }
  const auto recorded = read_recorded_event(store, row);
  return recorded ? result<timestamp>{recorded->at} : recorded.error();
}

} // namespace

std::string_view to_string(activity a) {
  switch (a) {
  case activity::loading:
    return "loading";
  case activity::active:
    return "active";
  case activity::backing_off:
    return "backing-off";
  case activity::quarantined:
    return "quarantined";
  }
  return "unknown";
}

admin_service::admin_service(entity_services& services, timer_counters& timers,
                             const all_regions& regions)
  : services_(services)
  , timers_(timers)
  , regions_(regions) {}

void admin_service::list_actors(entity_kind kind, std::optional<activity> only,
                                std::optional<entity_id> after, std::size_t limit,
                                actors_listed done) {
  const bool is_known = with_kind(kind, [&]<class K>() {
    caf::anon_send(regions_.of<K>(), dossier::list_actors{only, after, limit, done});
  });
  if (!is_known)
    done(fail(errc::not_found, "there is no such kind of actor"));
}

void admin_service::describe(const entity_ref& entity, entity_described done) {
  const bool is_known = with_kind(entity.kind, [&]<class K>() { describe_as<K>(entity, done); });
  if (!is_known)
    done(fail(errc::not_found, "there is no such kind of actor"));
}

template <class K>
void admin_service::describe_as(const entity_ref& entity, entity_described done) {
  caf::anon_send(
    regions_.of<K>(),
    describe_actor{
      entity.id, [this, entity, done = std::move(done)](std::optional<actor_info> actor) {
        // Reading may block: not on the region's time.
        services_.loaders.run([this, entity, done, actor = std::move(actor)]() mutable {
          done(read<K>(entity, std::move(actor)));
        });
      }});
}

template <class K>
result<entity_info> admin_service::read(const entity_ref& entity,
                                        std::optional<actor_info> actor) const {
  entity_info info;
  info.actor = std::move(actor);
  info.entity = entity;
  const auto found = recover<K>(services_.store, entity);
  if (!found && !info.actor)
    return found.error();
  if (found && found->version == 0 && !info.actor)
    return fail(errc::not_found, "there is no " + entity.text());
  if (found && found->version > 0) {
    info.version = found->version;
    info.state_json = to_json(found->state);
    info.timers = timers_of(found->state);
  } else {
    info.state_json = "null";
  }
  return info;
}

void admin_service::restart(const entity_ref& entity) {
  with_kind(entity.kind,
            [&]<class K>() { caf::anon_send(regions_.of<K>(), restart_actor{entity.id}); });
}

result<std::vector<timer_row>> admin_service::timers(timestamp from, std::size_t limit) const {
  std::vector<timer_row> all;
  std::optional<timer_cursor> after;
  for (shard_number shard = 0; shard < services_.store.shard_count(); ++shard) {
    // Strictly after everything that is due before `from`.
    timer_cursor start{from - milliseconds{1}, {static_cast<entity_kind>(0xff), {}}, {}};
    start.entity.id.bytes.fill(0xff);
    start.entity.id.bytes[6] = static_cast<std::uint8_t>(shard >> 8);
    start.entity.id.bytes[7] = static_cast<std::uint8_t>(shard);
    auto rows
      = services_.store.read_timers(shard, to_ms(from) > 0 ? std::optional(start) : std::nullopt,
                                    from_ms(253'402'300'799'999), limit);
    if (!rows)
      return rows.error();
    all.insert(all.end(), std::make_move_iterator(rows->begin()),
               std::make_move_iterator(rows->end()));
  }
  std::sort(all.begin(), all.end(), [](const timer_row& a, const timer_row& b) {
    return std::tie(a.timer.due, a.entity, a.timer.name)
           < std::tie(b.timer.due, b.entity, b.timer.name);
  });
  all.resize(std::min(all.size(), limit));
  return all;
}

result<std::vector<feed_row>> admin_service::outbox(std::optional<shard_number> shard,
                                                    std::size_t limit) const {
  std::vector<feed_row> all;
  const auto first = shard.value_or(0);
  const auto last = shard ? *shard + 1 : services_.store.shard_count();
  for (shard_number s = first; s < last && all.size() < limit; ++s) {
    auto rows
      = services_.store.read_feed(s, services_.store.published_until(s), limit - all.size());
    if (!rows)
      return rows.error();
    all.insert(all.end(), rows->begin(), rows->end());
  }
  return all;
}

result<std::optional<timestamp>> admin_service::oldest_unpublished() const {
  std::optional<timestamp> oldest;
  for (shard_number shard = 0; shard < services_.store.shard_count(); ++shard) {
    const auto rows = services_.store.read_feed(shard, services_.store.published_until(shard), 1);
    if (!rows)
      return rows.error();
    if (rows->empty())
      continue;
    const auto at = recorded_at(services_.store, rows->front());
    if (!at)
      return at.error();
    oldest = std::min(oldest.value_or(*at), *at);
  }
  return oldest;
}

core_stats admin_service::stats() const {
  const auto& c = services_.counters;
  core_stats s;
  s.actors_active = c.actors_active.load();
  s.actors_quarantined = c.actors_quarantined.load();
  s.restarts = c.restarts.load();
  s.passivations = c.passivations.load();
  s.commands = c.commands.load();
  s.refusals = c.refusals.load();
  s.timers_in_wheel = timers_.in_wheel.load();
  s.timers_in_flight = timers_.in_flight.load();
  s.timers_fired = timers_.fired.load();
  s.timers_retried = timers_.retried.load();
  s.timer_lateness_ms_max = timers_.lateness_ms_max.load();
  for (std::size_t i = 0; i < s.timer_lateness.size(); ++i)
    s.timer_lateness[i] = timers_.lateness[i].load();
  return s;
}

} // namespace dossier

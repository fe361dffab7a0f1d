// SPDX-License-Identifier: Apache-2.0
#include "actors/entity/region.hpp"

#include "actors/kinds.hpp"
#include "config/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// A caller is kept waiting for a restart no longer than this; else it is told to come back.
constexpr milliseconds patience_of_callers{2'000};

} // namespace

template <class K>
region_state<K>::~region_state() {
  for (auto& place : shells_)
    if (place.actor)
      caf::anon_send_exit(place.actor, let_go_reason);
}

template <class K>
void region_state<K>::accept(job_ptr<K> job) {
  const auto id = job->id;
  auto at = entries_.find(id);
  if (at == entries_.end() && !make_room()) {
    job->done->deliver(fail(errc::busy, "as many actors are in use as actors.active_max allows"));
    return;
  }
  const bool is_new = at == entries_.end();
  entry& e = is_new ? enter(id) : at->second;
  if (e.activity == activity::quarantined) {
    job->done->deliver(
      fail(errc::quarantined, entity_ref{K::code, id}.text() + " is quarantined: " + e.trouble));
    return;
  }
  if (e.activity == activity::backing_off && e.restart_at - uptime_ > patience_of_callers) {
    job->done->deliver(fail(errc::unavailable, entity_ref{K::code, id}.text()
                                                 + " waits to be restarted: " + e.trouble));
    return;
  }
  if (e.gauge->pending.load() >= services->limits.pending_per_entity_max) {
    job->done->deliver(
      fail(errc::busy, "too many commands wait for " + entity_ref{K::code, id}.text()));
    return;
  }
  by_use_.splice(by_use_.begin(), by_use_, e.place);
  e.last_used = uptime_;
  e.last_used_at = services->time.now();
  job->slot.move_to(e.gauge);
  if (is_new && job->meta.is_fresh_entity)
    start_shell(id, e, hosted<K>{});
  else if (is_new)
    load(id, e);
  if (e.activity == activity::active)
    self->send(shells_[e.shell].actor, submit<K>{std::move(job)});
  else
    e.waiting.push_back(std::move(job));
}

template <class K>
typename region_state<K>::entry& region_state<K>::enter(const entity_id& id) {
  entry& e = entries_[id];
  e.gauge = std::make_shared<entity_gauge>();
  by_use_.push_front(id);
  e.place = by_use_.begin();
  services->counters.actors_active.fetch_add(1, std::memory_order_relaxed);
  return e;
}

template <class K>
void region_state<K>::load(const entity_id& id, entry& e) {
  e.activity = activity::loading;
  e.life = next_life_++;
  services->loaders.run(
    [to = caf::actor_cast<region_actor<K>>(self), store = &services->store, id, life = e.life] {
      auto what = std::make_shared<result<hosted<K>>>(recover<K>(*store, entity_ref{K::code, id}));
      caf::anon_send(to, loaded<K>{id, life, std::move(what)});
    });
}

template <class K>
void region_state<K>::take_up(const loaded<K>& x) {
  const auto at = entries_.find(x.id);
  if (at == entries_.end() || at->second.life != x.life || at->second.activity != activity::loading)
    return;
  entry& e = at->second;
  if (!*x.what) {
    const auto& why = x.what->error();
    if (why.code == errc::corrupt)
      quarantine(x.id, e, why.why);
    else
      back_off(x.id, e, why.why);
    return;
  }
  start_shell(x.id, e, std::move(**x.what));
  for (auto& job : std::exchange(e.waiting, {}))
    self->send(shells_[e.shell].actor, submit<K>{std::move(job)});
}

template <class K>
void region_state<K>::start_shell(const entity_id& id, entry& e, hosted<K> entity) {
  e.activity = activity::active;
  e.life = next_life_++;
  e.trouble.clear();
  e.gauge->answered.store(0);
  e.gauge->version.store(entity.version);
  e.shell = find_shell();
  auto& place = shells_[e.shell];
  place.hosts = id;
  self->send(place.actor, host<K>{std::make_shared<shell_seed<K>>(
                            shell_seed<K>{id, std::move(entity), e.gauge})});
}

/// One that rests, or a new one.
template <class K>
std::size_t region_state<K>::find_shell() {
  if (!resting_.empty()) {
    const auto at = resting_.back();
    resting_.pop_back();
    return at;
  }
  if (vacant_.empty()) {
    vacant_.push_back(shells_.size());
    shells_.emplace_back();
  }
  const auto at = vacant_.back();
  vacant_.pop_back();
  auto& place = shells_[at];
  place.actor = self->spawn(shell<K>, services, policy);
  place.birth = next_life_++;
  place.actor->attach_functor(
    [to = caf::actor_cast<region_actor<K>>(self), at, birth = place.birth](const caf::error& why) {
      if (why != let_go_reason)
        caf::anon_send(to, shell_ended{at, birth, to_string(why)});
    });
  return at;
}

template <class K>
void region_state<K>::shell_has_ended(const shell_ended& x) {
  auto& place = shells_[x.place];
  if (place.birth != x.birth || !place.actor)
    return;
  place.actor = nullptr;
  vacant_.push_back(x.place);
  if (!place.hosts) {
    std::erase(resting_, x.place);
    return;
  }
  const auto id = *std::exchange(place.hosts, std::nullopt);
  entry& e = entries_.at(id);
  e.shell = none;
  if (e.gauge->answered.load() > 0)
    e.restarts = 0;
  back_off(id, e, x.why);
}

template <class K>
void region_state<K>::back_off(const entity_id& id, entry& e, std::string why) {
  const auto& limits = services->limits;
  services->counters.restarts.fetch_add(1, std::memory_order_relaxed);
  if (++e.restarts > limits.restarts_max) {
    quarantine(id, e, "it crashed " + std::to_string(e.restarts) + " times in a row: " + why);
    return;
  }
  const auto doubled = std::uint64_t{limits.restart_backoff_ms_min}
                       << std::min(e.restarts - 1, 20u);
  const milliseconds wait{std::min<std::uint64_t>(doubled, limits.restart_backoff_ms_max)};
  e.activity = activity::backing_off;
  e.restart_at = uptime_ + wait;
  e.trouble = std::move(why);
  backing_off_.push_back(id);
  log(log_level::warn, "actor will restart",
      {{"entity", entity_ref{K::code, id}.text()},
       {"restarts", std::to_string(e.restarts)},
       {"wait_ms", std::to_string(wait.count())},
       {"why", e.trouble}});
}

template <class K>
void region_state<K>::quarantine(const entity_id& id, entry& e, const std::string& why) {
  e.activity = activity::quarantined;
  e.trouble = why;
  services->counters.actors_quarantined.fetch_add(1, std::memory_order_relaxed);
  log(log_level::error, "actor quarantined",
      {{"entity", entity_ref{K::code, id}.text()}, {"why", why}});
  refuse_waiting(
    e, fail(errc::quarantined, entity_ref{K::code, id}.text() + " is quarantined: " + why));
}

template <class K>
void region_state<K>::refuse_waiting(entry& e, const failure& why) {
  for (auto& job : std::exchange(e.waiting, {}))
    job->done->deliver(why);
}

template <class K>
void region_state<K>::on_tick(milliseconds uptime) {
  uptime_ = uptime;
  for (auto looks = backing_off_.size(); looks > 0; --looks) {
    const auto id = backing_off_.front();
    backing_off_.pop_front();
    const auto at = entries_.find(id);
    if (at == entries_.end() || at->second.activity != activity::backing_off)
      continue;
    if (at->second.restart_at <= uptime_)
      load(id, at->second);
    else
      backing_off_.push_back(id);
  }
  const milliseconds patience{services->limits.passivate_after_ms};
  // Bounded, so that a tick never holds up commands for long.
  for (int let_go_max = 5'000; let_go_max > 0 && !by_use_.empty(); --let_go_max) {
    const auto id = by_use_.back();
    auto& e = entries_.at(id);
    if (uptime_ - e.last_used < patience)
      break;
    if (is_idle(e)) {
      let_go(id, e);
    } else {
      // Busy or in trouble: look again after another while.
      e.last_used = uptime_;
      by_use_.splice(by_use_.begin(), by_use_, e.place);
    }
  }
}

/// Room for one more: if the region is full, the entity that was idle for longest goes.
template <class K>
bool region_state<K>::make_room() {
  if (entries_.size() < services->limits.active_max)
    return true;
  int looks_left = 64;
  for (auto at = by_use_.rbegin(); at != by_use_.rend() && looks_left > 0; ++at, --looks_left) {
    const auto id = *at;
    auto& e = entries_.at(id);
    if (is_idle(e)) {
      let_go(id, e);
      return true;
    }
  }
  return false;
}

/// Nothing is in its mailbox: only this region sends to it, and it counts what it sent.
template <class K>
bool region_state<K>::is_idle(const entry& e) const {
  return e.activity == activity::active && e.gauge->pending.load() == 0;
}

template <class K>
void region_state<K>::let_go(const entity_id& id, entry& e) {
  auto& place = shells_[e.shell];
  place.hosts.reset();
  if (resting_.size() < resting_max) {
    resting_.push_back(e.shell);
  } else {
    self->send_exit(place.actor, let_go_reason);
    place.actor = nullptr;
    vacant_.push_back(e.shell);
  }
  by_use_.erase(e.place);
  entries_.erase(id);
  services->counters.passivations.fetch_add(1, std::memory_order_relaxed);
  services->counters.actors_active.fetch_sub(1, std::memory_order_relaxed);
}

template <class K>
actor_info region_state<K>::info_of(const entity_id& id, const entry& e) const {
  return {{K::code, id},  e.activity, e.gauge->version.load(), e.gauge->pending.load(), e.restarts,
          e.last_used_at, e.trouble};
}

template <class K>
std::vector<actor_info> region_state<K>::list(const list_actors& x) const {
  std::vector<actor_info> found;
  for (const auto& [id, e] : entries_)
    if ((!x.only || e.activity == *x.only) && (!x.after || id > *x.after))
      found.push_back(info_of(id, e));
  const auto by_id = [](const actor_info& a, const actor_info& b) {
    return a.entity < b.entity;
  };
  const auto kept = std::min(found.size(), x.limit);
  std::partial_sort(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(kept), found.end(),
                    by_id);
  found.resize(kept);
  return found;
}

template <class K>
std::optional<actor_info> region_state<K>::describe(const entity_id& id) const {
  const auto at = entries_.find(id);
  if (at == entries_.end())
    return std::nullopt;
  return info_of(id, at->second);
}

template <class K>
void region_state<K>::restart(const entity_id& id) {
  const auto at = entries_.find(id);
  if (at == entries_.end())
    return;
  entry& e = at->second;
  if (e.shell != none) {
    self->send_exit(shells_[e.shell].actor, caf::exit_reason::kill);
  } else if (e.activity == activity::quarantined) {
    services->counters.actors_quarantined.fetch_sub(1, std::memory_order_relaxed);
    e.restarts = 0;
    load(id, e);
  }
}

template <class K>
typename region_actor<K>::behavior_type
region(typename region_actor<K>::template stateful_pointer<region_state<K>> self,
       entity_services* services, std::shared_ptr<const typename K::policy> policy) {
  self->state.self = self;
  self->state.services = services;
  self->state.policy = std::move(policy);
  return {
    [self](const submit<K>& x) { self->state.accept(x.job); },
    [self](const loaded<K>& x) { self->state.take_up(x); },
    [self](const shell_ended& x) { self->state.shell_has_ended(x); },
    [self](const tick& x) { self->state.on_tick(x.uptime); },
    [self](const list_actors& x) { x.done(self->state.list(x)); },
    [self](const describe_actor& x) { x.done(self->state.describe(x.id)); },
    [self](const restart_actor& x) { self->state.restart(x.id); },
  };
}

// One line for each kind of entity.
template struct region_state<document_kind>;
template region_actor<document_kind>::behavior_type
region<document_kind>(region_actor<document_kind>::stateful_pointer<region_state<document_kind>>,
                      entity_services*, std::shared_ptr<const document_kind::policy>);
template struct region_state<letter_kind>;
template region_actor<letter_kind>::behavior_type
region<letter_kind>(region_actor<letter_kind>::stateful_pointer<region_state<letter_kind>>,
                    entity_services*, std::shared_ptr<const letter_kind::policy>);
template struct region_state<webhook_kind>;
template region_actor<webhook_kind>::behavior_type
region<webhook_kind>(region_actor<webhook_kind>::stateful_pointer<region_state<webhook_kind>>,
                     entity_services*, std::shared_ptr<const webhook_kind::policy>);
template struct region_state<job_kind>;
template region_actor<job_kind>::behavior_type
region<job_kind>(region_actor<job_kind>::stateful_pointer<region_state<job_kind>>, entity_services*,
                 std::shared_ptr<const job_kind::policy>);

} // namespace dossier

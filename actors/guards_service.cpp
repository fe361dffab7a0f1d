// SPDX-License-Identifier: Apache-2.0
#include "actors/guards_service.hpp"

#include "actors/messages.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

guard::guard_policy policy_of(const webhook_settings& s) {
  return {.concurrency_max = s.concurrency,
          .waiting_max = s.waiting_max,
          .attempt_ms_max = s.attempt_ms_max,
          .retry_after_ms_max = s.retry_after_ms_max,
          .backoff = {.retry_ms_min = s.retry_ms_min,
                      .retry_ms_max = std::max(s.retry_ms_min, s.retry_ms_max),
                      .attempts_max = s.attempts_max},
          .breaker = {.failures_max = s.breaker_failures_max,
                      .open_ms = s.breaker_open_ms,
                      .successes_min = s.breaker_successes_min,
                      .probes_max = 1}};
}

} // namespace

std::string guard_name_of(const destination& to) {
  const auto host = to.host.find(':') == std::string::npos ? to.host : '[' + to.host + ']';
  return host + ':' + std::to_string(to.port);
}

guards_service::guards_service(caf::actor_system& system, outbound& out, const clock& time,
                               id_source& ids, const webhook_settings& settings)
  : system_(system)
  , services_{out, time, ids, policy_of(settings)}
  , destinations_max_(settings.destinations_max) {}

void guards_service::call(const destination& to, std::shared_ptr<guarded_call> what) {
  const auto name = guard_name_of(to);
  {
    const std::lock_guard lock(mutex_);
    if (is_stopped_)
      return;
    if (auto* e = find_or_make(name)) {
      e->gauge->offers_sent.fetch_add(1, std::memory_order_relaxed);
      caf::anon_send(e->actor, offer_call{std::move(what)});
      return;
    }
  }
  what->end({call_ending::how_type::not_accepted, 0, std::nullopt,
             fail(errc::busy, "as many destinations are in use as webhooks.destinations_max "
                              "allows")});
}

guards_service::entry* guards_service::find_or_make(const std::string& name) {
  if (const auto found = entries_.find(name); found != entries_.end())
    return &found->second;
  if (entries_.size() >= destinations_max_ && !make_room())
    return nullptr;
  const guard::call_guard fresh{services_.policy, services_.uptime_ms.load()};
  auto gauge = std::make_shared<guard_gauge>(
    guard_info{name, fresh.snapshot(), services_.time.now(), {}, {}});
  auto actor = system_.spawn(guarding, &services_, gauge);
  actor->attach_functor([this, name, who = actor.id()](const caf::error& why) {
    if (why != let_go_reason)
      has_crashed(name, who);
  });
  return &entries_.emplace(name, entry{std::move(actor), std::move(gauge)}).first->second;
}

/// Its calls have ended as stopped, with its mailbox; the next call makes another one.
void guards_service::has_crashed(const std::string& name, caf::actor_id who) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found != entries_.end() && found->second.actor.id() == who)
    entries_.erase(found);
}

bool guards_service::is_idle(const entry& e) {
  // What was sent and not taken yet is in the mailbox.
  if (e.gauge->offers_sent.load() != e.gauge->offers_taken.load())
    return false;
  const auto now = e.gauge->read().now;
  return now.state == guard::breaker_state::closed
         && now.under_way + now.waiting + now.retrying == 0;
}

bool guards_service::make_room() {
  const auto idle = std::ranges::find_if(entries_, [](const auto& e) { return is_idle(e.second); });
  if (idle == entries_.end())
    return false;
  caf::anon_send_exit(idle->second.actor, let_go_reason);
  entries_.erase(idle);
  return true;
}

std::vector<guard_info> guards_service::list() const {
  const std::lock_guard lock(mutex_);
  std::vector<guard_info> all;
  all.reserve(entries_.size());
  for (const auto& [name, e] : entries_)
    all.push_back(e.gauge->read());
  return all;
}

std::optional<guard_info> guards_service::find(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(name);
  if (found == entries_.end())
    return std::nullopt;
  return found->second.gauge->read();
}

void guards_service::send_to(const std::string& name, const changed& done,
                             const std::function<void(const guard_actor&)>& send) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = entries_.find(name); !is_stopped_ && found != entries_.end()) {
      send(found->second.actor);
      return;
    }
  }
  done(fail(errc::not_found, "There is no guard of this name."));
}

void guards_service::trip(const std::string& name, std::string reason, std::string by,
                          changed done) {
  send_to(name, done, [&](const guard_actor& to) {
    caf::anon_send(to, trip_guard{std::move(reason), std::move(by), done});
  });
}

void guards_service::reset(const std::string& name, std::string by, changed done) {
  send_to(name, done, [&](const guard_actor& to) {
    caf::anon_send(to, reset_guard{std::move(by), done});
  });
}

void guards_service::beat(milliseconds uptime) {
  services_.uptime_ms.store(uptime.count());
  const std::lock_guard lock(mutex_);
  for (const auto& [name, e] : entries_) {
    if (e.gauge->wake_ms.load() > uptime.count())
      continue;
    // Once: the tick sets it again.
    e.gauge->wake_ms.store(guard_gauge::never);
    caf::anon_send(e.actor, tick{uptime});
  }
}

void guards_service::stop() {
  std::map<std::string, entry> ended;
  {
    const std::lock_guard lock(mutex_);
    is_stopped_ = true;
    ended.swap(entries_);
  }
  for (const auto& [name, e] : ended)
    caf::anon_send_exit(e.actor, let_go_reason);
}

} // namespace dossier

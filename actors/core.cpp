// SPDX-License-Identifier: Apache-2.0
#include "actors/core.hpp"

#include "actors/admin_service.hpp"
#include "actors/documents_service.hpp"
#include "actors/entity/region.hpp"
#include "actors/timekeeper.hpp"
#include "config/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <utility>

namespace dossier {

namespace {

void configure(caf::actor_system_config& config, const core_parts& parts) {
  if (parts.is_stepped) {
    config.set("scheduler.policy", caf::atom("testing"));
    return;
  }
  // Work sharing: a plain queue. CAF's work stealing polls when idle, which costs both CPU and
  // latency on few cores. A bounded throughput keeps one busy actor from holding a thread.
  config.set("scheduler.policy", caf::atom("sharing"));
  config.set("scheduler.max-threads", static_cast<std::size_t>(parts.settings.actors.threads));
  config.set("scheduler.max-throughput", std::size_t{100});
}

document::policy policy_of(const document_settings& s) {
  return {s.expiring_leads_s, seconds{s.upload_grant_s}, seconds{s.abandon_after_s}};
}

} // namespace

class core::impl {
public:
  explicit impl(const core_parts& parts)
    : parts_(parts)
    , services_{parts.store,
                parts.commits,
                parts.time,
                parts.ids,
                parts.loaders,
                counters_,
                parts.settings.actors,
                seconds{parts.settings.documents.answers_kept_s}}
    , config_(config_for(parts))
    , system_(std::make_unique<caf::actor_system>(*config_)) {
    documents_region_ = system_->spawn(
      region<document_kind>, &services_,
      std::make_shared<const document::policy>(policy_of(parts.settings.documents)));
    documents_
      = std::make_unique<documents_service>(services_, documents_region_, parts.settings.documents);
    timekeeper_services_.reset(new timekeeper_services{
      parts.store, parts.time, parts.loaders, parts.pulse, timer_counters_, parts.settings.timers,
      [this](const timer_row& row, std::function<void(std::optional<failure>)> done) {
        fire(row, std::move(done));
      }});
    timekeeper_ = system_->spawn(timekeeper, timekeeper_services_.get());
    admin_ = std::make_unique<admin_service>(services_, timer_counters_, documents_region_);
  }

  ~impl() {
    stop();
    admin_ = nullptr;
    documents_ = nullptr;
    timekeeper_ = nullptr;
    documents_region_ = nullptr;
    system_ = nullptr;
  }

  void stop() {
    if (std::exchange(is_stopped_, true))
      return;
    caf::anon_send_exit(timekeeper_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(documents_region_, caf::exit_reason::user_shutdown);
    if (parts_.is_stepped)
      dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler()).run();
    system_->await_all_actors_done();
  }

  void fire(const timer_row& row, std::function<void(std::optional<failure>)> done) {
    switch (row.entity.kind) {
    case entity_kind::document: {
      command_meta meta;
      meta.cause.by = "timer";
      auto answer_to = std::make_shared<reply<document::view>>(
        [done = std::move(done)](result<answer<document::view>> what) {
          done(what ? std::nullopt : std::optional<failure>(what.error()));
        });
      // Not through documents_service: a timer that is due is not refused for the sake of newer
      // work, the timekeeper bounds how many are in flight.
      caf::anon_send(
        documents_region_,
        submit<document_kind>{std::make_shared<command_job<document_kind>>(
          counters_, row.entity.id, document::fire_timer{row.timer.name, row.timer.due},
          std::move(meta), std::move(answer_to))});
      return;
    }
    case entity_kind::letter:
    case entity_kind::webhook:
      break;
    }
    done(fail(errc::corrupt, "a timer belongs to an entity of an unknown kind"));
  }

  void beat(milliseconds uptime) {
    caf::anon_send(documents_region_, tick{uptime});
    caf::anon_send(timekeeper_, tick{uptime});
  }

  void committed(const batch& b) {
    if (b.timers_set.empty())
      return;
    const auto reached = from_ms(timekeeper_services_->scanned_until_ms.load());
    timers_added added;
    for (const auto& t : b.timers_set)
      if (t.due <= reached)
        added.rows.push_back({b.entity, t});
    if (!added.rows.empty())
      caf::anon_send(timekeeper_, std::move(added));
  }

  documents_service& documents() { return *documents_; }
  admin_service& admin() { return *admin_; }
  caf::actor_system& system() { return *system_; }

private:
  static std::unique_ptr<caf::actor_system_config> config_for(const core_parts& parts) {
    auto config = std::make_unique<caf::actor_system_config>();
    configure(*config, parts);
    return config;
  }

  const core_parts parts_;
  core_counters counters_;
  timer_counters timer_counters_;
  entity_services services_;
  std::unique_ptr<timekeeper_services> timekeeper_services_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  region_actor<document_kind> documents_region_;
  timekeeper_actor timekeeper_;
  bool is_stopped_ = false;
  std::unique_ptr<documents_service> documents_;
  std::unique_ptr<admin_service> admin_;
};

core::core(const core_parts& parts)
  : impl_(std::make_unique<impl>(parts)) {}
core::~core() = default;

void core::stop() {
  impl_->stop();
}

dossier::documents& core::documents() {
  return impl_->documents();
}

dossier::admin& core::admin() {
  return impl_->admin();
}

void core::beat(milliseconds uptime) {
  impl_->beat(uptime);
}

void core::committed(const batch& b) {
  impl_->committed(b);
}

caf::actor_system& core::system() {
  return impl_->system();
}

} // namespace dossier

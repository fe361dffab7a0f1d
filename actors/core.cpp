// SPDX-License-Identifier: Apache-2.0
#include "actors/core.hpp"

#include "actors/admin_service.hpp"
#include "actors/documents_service.hpp"
#include "actors/entity/region.hpp"
#include "actors/entity/regions.hpp"
#include "actors/guards_service.hpp"
#include "actors/ingestion_policy.hpp"
#include "actors/jobs_service.hpp"
#include "actors/letter_attempts.hpp"
#include "actors/letter_redrives.hpp"
#include "actors/letter_tally.hpp"
#include "actors/letters_service.hpp"
#include "actors/timekeeper.hpp"
#include "actors/webhooks_service.hpp"
#include "config/log.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <caf/send.hpp>

#include <algorithm>
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

// One for each kind: what its rules take from the settings.

void read_policy(const settings& from, document::policy& p) {
  const auto& s = from.documents;
  p = {s.expiring_leads_s, seconds{s.upload_grant_s}, seconds{s.abandon_after_s}};
}

void read_policy(const settings& from, letter::policy& p) {
  const auto& s = from.letters;
  p = {s.wait_ms_min, s.wait_ms_max, s.retries_max, s.jitter_percent};
}

void read_policy(const settings& from, webhook::policy& p) {
  const auto& s = from.webhooks;
  p = {s.handshakes_max, seconds{s.handshake_wait_s_min}, seconds{s.handshake_wait_s_max},
       seconds{s.old_secret_signs_s}};
}

void read_policy(const settings& from, ingestion::policy& p) {
  p = policy_of(from.ingestion);
}

template <class K>
std::shared_ptr<const typename K::policy> policy_for(const settings& from) {
  auto p = std::make_shared<typename K::policy>();
  read_policy(from, *p);
  return p;
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
    , tally_(parts.store, parts.settings.letters.dead_warn_above)
    , config_(config_for(parts))
    , system_(std::make_unique<caf::actor_system>(*config_)) {
    each_kind([&]<class K>() {
      regions_.of<K>() = system_->spawn(region<K>, &services_, policy_for<K>(parts.settings));
    });
    documents_ = std::make_unique<documents_service>(services_, regions_.of<document_kind>(),
                                                     parts.settings.documents);
    letters_ = std::make_unique<letters_service>(services_, regions_.of<letter_kind>(), tally_,
                                                 parts.settings.letters);
    attempts_ = std::make_unique<letter_attempts>(services_, regions_.of<letter_kind>(),
                                                  parts.settings.letters.attempts_max);
    redrives_ = std::make_unique<letter_redrives>(*letters_, parts.loaders, parts.time,
                                                  parts.settings.letters);
    jobs_ = std::make_unique<jobs_service>(services_, regions_.of<job_kind>(),
                                           parts.settings.ingestion.scan_max);
    if (parts.webhooks != nullptr)
      start_webhooks(*parts.webhooks);
    timekeeper_services_.reset(new timekeeper_services{
      parts.store, parts.time, parts.loaders, parts.pulse, timer_counters_, parts.settings.timers,
      [this](const timer_row& row, std::function<void(std::optional<failure>)> done) {
        fire(row, std::move(done));
      }});
    timekeeper_ = system_->spawn(timekeeper, timekeeper_services_.get());
    admin_ = std::make_unique<admin_service>(services_, timer_counters_, regions_);
  }

  ~impl() {
    stop();
    webhooks_ = nullptr;
    guards_ = nullptr;
    admin_ = nullptr;
    jobs_ = nullptr;
    redrives_ = nullptr;
    attempts_ = nullptr;
    letters_ = nullptr;
    documents_ = nullptr;
    timekeeper_ = nullptr;
    each_kind([this]<class K>() { regions_.of<K>() = nullptr; });
    system_ = nullptr;
  }

  void stop() {
    if (std::exchange(is_stopped_, true))
      return;
    caf::anon_send_exit(timekeeper_, caf::exit_reason::user_shutdown);
    if (webhooks_) {
      attempts_->serve(letter::channel::webhook, nullptr);
      webhooks_->stop();
      guards_->stop();
    }
    regions_.each([](const auto& region_of_kind) {
      caf::anon_send_exit(region_of_kind, caf::exit_reason::user_shutdown);
    });
    if (parts_.is_stepped)
      dynamic_cast<caf::scheduler::test_coordinator&>(system_->scheduler()).run();
    system_->await_all_actors_done();
  }

  void fire(const timer_row& row, const std::function<void(std::optional<failure>)>& done) {
    if (row.entity.kind == letter_kind::code) {
      attempts_->fire(row, done);
      return;
    }
    if (row.entity.kind == webhook_kind::code && webhooks_) {
      webhooks_->fire(row, done);
      return;
    }
    const bool is_known = with_kind(row.entity.kind, [&]<class K>() { fire_as<K>(row, done); });
    if (!is_known)
      done(fail(errc::corrupt, "a timer belongs to an entity of an unknown kind"));
  }

  template <class K>
  void fire_as(const timer_row& row, std::function<void(std::optional<failure>)> done) {
    command_meta meta;
    meta.cause.by = "timer";
    auto answer_to = std::make_shared<reply<typename K::view>>(
      [done = std::move(done)](result<answer<typename K::view>> what) {
        done(what ? std::nullopt : std::optional<failure>(what.error()));
      });
    // Past actors.pending_max: a timer that is due is not refused for the sake of newer work, the
    // timekeeper bounds how many are in flight.
    caf::anon_send(regions_.of<K>(), submit<K>{std::make_shared<command_job<K>>(
                                       counters_, row.entity.id,
                                       typename K::timer_command{row.timer.name, row.timer.due},
                                       std::move(meta), std::move(answer_to))});
  }

  void beat(milliseconds uptime) {
    regions_.each(
      [uptime](const auto& region_of_kind) { caf::anon_send(region_of_kind, tick{uptime}); });
    caf::anon_send(timekeeper_, tick{uptime});
    if (webhooks_) {
      guards_->beat(uptime);
      webhooks_->beat(uptime);
    }
    tally_.tick();
    redrives_->tick(uptime);
  }

  void committed(const batch& b) {
    tally_.committed(b);
    redrives_->committed(b);
    if (webhooks_)
      webhooks_->committed(b);
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
  letters_service& letters() { return *letters_; }
  letter_attempts& attempts() { return *attempts_; }
  letter_redrives& redrives() { return *redrives_; }
  jobs_service& jobs() { return *jobs_; }
  admin_service& admin() { return *admin_; }
  webhooks_service* webhooks() { return webhooks_.get(); }
  guards_service* guards() { return guards_.get(); }
  caf::actor_system& system() { return *system_; }

private:
  void start_webhooks(const webhook_parts& outside) {
    const auto& settings = parts_.settings.webhooks;
    guards_
      = std::make_unique<guards_service>(*system_, outside.out, parts_.time, parts_.ids, settings);
    webhooks_ = std::make_unique<webhooks_service>(*system_, services_, regions_.of<webhook_kind>(),
                                                   outside, *guards_, *letters_, settings);
    attempts_->serve(letter::channel::webhook, webhooks_.get());
  }

  static std::unique_ptr<caf::actor_system_config> config_for(const core_parts& parts) {
    auto config = std::make_unique<caf::actor_system_config>();
    configure(*config, parts);
    return config;
  }

  const core_parts parts_;
  core_counters counters_;
  timer_counters timer_counters_;
  entity_services services_;
  letter_tally tally_;
  std::unique_ptr<timekeeper_services> timekeeper_services_;
  std::unique_ptr<caf::actor_system_config> config_;
  std::unique_ptr<caf::actor_system> system_;
  all_regions regions_;
  timekeeper_actor timekeeper_;
  bool is_stopped_ = false;
  std::unique_ptr<documents_service> documents_;
  std::unique_ptr<letters_service> letters_;
  std::unique_ptr<letter_attempts> attempts_;
  std::unique_ptr<letter_redrives> redrives_;
  std::unique_ptr<jobs_service> jobs_;
  std::unique_ptr<admin_service> admin_;
  std::unique_ptr<guards_service> guards_;
  std::unique_ptr<webhooks_service> webhooks_;
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

dossier::letters& core::letters() {
  return impl_->letters();
}

void core::serve_letters(letter::channel channel, letter_channel* by) {
  impl_->attempts().serve(channel, by);
}

letter_redrives& core::redrives() {
  return impl_->redrives();
}

dossier::webhooks* core::webhooks() {
  return impl_->webhooks();
}

dossier::guards* core::guards() {
  return impl_->guards();
}

dossier::jobs& core::jobs() {
  return impl_->jobs();
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

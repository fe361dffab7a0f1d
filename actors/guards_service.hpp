// SPDX-License-Identifier: Apache-2.0
// All guards: makes the actor of a destination when it is first called, and again after a crash,
// ticks those that wait for something, and lets go of idle ones when there are too many.
#pragma once

#include "actors/guard_actor.hpp"
#include "config/settings.hpp"

#include <caf/fwd.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace dossier {

class guards_service final : public guards {
public:
  /// All of these outlive the service, and the system's actors end before it does.
  guards_service(caf::actor_system& system, outbound& out, const clock& time, id_source& ids,
                 const webhook_settings& settings);

  void call(const destination& to, std::shared_ptr<guarded_call> what) override;
  std::vector<guard_info> list() const override;
  std::optional<guard_info> find(const std::string& name) const override;
  void trip(const std::string& name, std::string reason, std::string by, changed done) override;
  void reset(const std::string& name, std::string by, changed done) override;

  /// Time goes on. From the pulse.
  void beat(milliseconds uptime);
  /// Ends all guards; their calls end as stopped. Later calls do so at once.
  void stop();

private:
  struct entry {
    guard_actor actor;
    std::shared_ptr<guard_gauge> gauge;
  };

  /// nullptr if there are too many. Call with the lock held.
  entry* find_or_make(const std::string& name);
  bool make_room();
  static bool is_idle(const entry& e);
  void send_to(const std::string& name, const changed& done,
               const std::function<void(const guard_actor&)>& send);
  void has_crashed(const std::string& name, caf::actor_id who);

  caf::actor_system& system_;
  guard_services services_;
  const std::size_t destinations_max_;
  /// Shared with what is attached to the actors, which may end after the service.
  mutable std::mutex mutex_;
  std::map<std::string, entry> entries_;
  bool is_stopped_ = false;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The webhooks' face towards the edge, and the parts that serve them: handshakes, the deliverer,
// and the letters of what could not be delivered.
#pragma once

#include "actors/entity/gate.hpp"
#include "actors/letter_channel.hpp"
#include "actors/webhook/kind.hpp"
#include "actors/webhook_deliverer.hpp"
#include "actors/webhook_places.hpp"
#include "actors/webhooks.hpp"

#include <caf/fwd.hpp>

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>

namespace dossier {

class webhooks_service final : public webhooks, public letter_channel {
public:
  using fired = std::function<void(std::optional<failure>)>;

  /// All of these outlive the service, and the system's actors end before it does.
  webhooks_service(caf::actor_system& system, entity_services& services,
                   region_actor<webhook_kind> region, const webhook_parts& parts, guards& by,
                   letters& dead, const webhook_settings& settings);

  entity_id next_id(std::string_view customer) override;
  void submit(const entity_id& id, webhook::command what, command_meta meta,
              std::shared_ptr<reply<webhook::view>> done) override;
  result<found_webhook> find(const entity_id& id) const override;
  result<std::vector<found_webhook>> list(const std::optional<std::string>& customer,
                                          std::size_t limit) const override;
  result<place> reserve(const entity_id& id, const std::string& customer,
                        std::size_t most) override;
  std::string secret_of(const entity_id& id, std::uint32_t generation) const override;
  result<answer<webhook::view>> decode_answer(std::string_view bytes) const override;
  std::optional<delivery_status> status(const entity_id& id) const override;

  void attempt(const entity_id& id, const letter::view& what, attempted done) override;

  /// A webhook's timer is due: the handshake is made, and settled before `done` is called.
  void fire(const timer_row& row, fired done);
  void beat(milliseconds uptime);
  /// From the commit queue, before it answers.
  void committed(const batch& b);
  /// Ends the deliverer.
  void stop();

private:
  void begin(const timer_row& row, const fired& done);
  void shake_hands(const entity_id& id, const webhook::view& what, const fired& done);
  void tell(const entity_id& id, webhook::command what, fired done);
  /// With the lock held, here and below.
  void start_deliverer();
  void take_note_of_crash();

  caf::actor_system& system_;
  entity_services& services_;
  entity_gate<webhook_kind> gate_;
  outbound& out_;
  const webhook_settings settings_;
  deliverer_services deliverer_services_;
  webhook_places places_;
  /// Of the last deliverer that crashed; 0: none has. Written by its last breath, which may be
  /// drawn on the thread that starts it, lock held.
  std::atomic<caf::actor_id> crashed_{0};
  std::mutex mutex_;          ///< Guards what follows.
  deliverer_actor deliverer_; ///< Empty after a crash, until the next start.
  std::uint32_t crashes_ = 0; ///< In a row.
  milliseconds uptime_{0};
  milliseconds started_at_{0};
  milliseconds restart_at_{0};
  bool is_stopped_ = false;
};

} // namespace dossier

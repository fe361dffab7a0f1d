// SPDX-License-Identifier: Apache-2.0
// The actor that delivers events to webhooks: of each active one it reads the feed behind its
// position, hands what fits its filter to the guard of its destination, makes a letter of what the
// guard gives up on, and notes how far everything has ended. What it holds can be lost: it is read
// again from the noted position, and delivered again with the same ids.
#pragma once

#include "actors/delivery_board.hpp"
#include "actors/event_feed.hpp"
#include "actors/guards.hpp"
#include "actors/interfaces.hpp"
#include "actors/letters.hpp"
#include "actors/seams.hpp"
#include "actors/webhook/delivery.hpp"
#include "actors/webhook_secrets.hpp"
#include "actors/webhooks.hpp"
#include "config/settings.hpp"
#include "protocol/destination.hpp"
#include "protocol/event_filter.hpp"
#include "protocol/webhook_message.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

namespace dossier {

/// Owned by the webhooks' service; outlives the actor.
struct deliverer_services {
  const journal& store;
  const clock& time;
  background& loaders;
  const event_feed& feed;
  journal& notes; ///< Positions: small rows beside what is written in batches.
  dossier::guards& guards;
  dossier::letters& letters;
  webhook_secrets secrets;
  webhook_settings limits;
  delivery_board board;
};

/// Signs a message for one attempt, with what is known of the webhook now, and puts it into a
/// request. conflict if the webhook is not active.
result<outbound_request> sign_request(const deliverer_services& services, const entity_id& webhook,
                                      const webhook_message& message, const destination& to);

/// Under which name the journal has a webhook's position.
std::string note_name_of(const entity_id& webhook);

/// The letter of a webhook and an event: the same one however often it is made.
entity_id letter_id_of(const entity_id& webhook, const cloud_event& event, shard_number shard);

class deliverer_state {
public:
  static inline const char* name = "deliverer";

  void start(deliverer_actor::pointer actor, deliverer_services* given);
  /// Read it anew: something happened to it.
  void read(const entity_id& id);
  void take_up(const webhook_read& x);
  void take_up(const webhook_page& x);
  void take_up(const webhook_call_ended& x);
  void take_up(const webhook_letter_written& x);
  void take_up(const webhook_noted& x);
  void on_tick(milliseconds uptime);

private:
  /// One webhook that is not removed.
  struct hooked {
    std::uint64_t life = 0; ///< Tells it from an earlier one of this id.
    webhook::view what;
    destination to;
    cloud_event_filter filter;
    webhook::delivery events;
    std::map<webhook::feed_place, call_ending> to_letter; ///< Given up, not yet a letter.
    /// Those of them that could not be written, and when they are tried again.
    std::deque<std::pair<milliseconds, webhook::feed_place>> letters_late;
    delivery_status status;
    std::uint64_t seen = UINT64_MAX; ///< event_feed::recorded() before the last reading.
    bool has_more = true;
    bool is_reading = false;
    bool is_noting = false;
    std::string noted;
    milliseconds patience_until{0}; ///< Nothing new is tried before.
  };

  /// Reads which webhooks there are, and all of them.
  void list_all();
  hooked* find(const entity_id& id, std::uint64_t life);
  void go_on(const entity_id& id, hooked& h);
  void read_page(const entity_id& id, hooked& h);
  void send(const entity_id& id, hooked& h, const webhook::feed_place& at);
  void write_letter(const entity_id& id, const hooked& h, const webhook::feed_place& at);
  void note(const entity_id& id, hooked& h);
  /// It was removed.
  void forget(const entity_id& id);

  deliverer_actor::pointer self_ = nullptr;
  deliverer_services* services_ = nullptr;
  std::unordered_map<entity_id, hooked> all_;
  /// Those that could not be read, and when that is tried again.
  std::unordered_map<entity_id, milliseconds> unread_;
  /// Set by the loader's thread when the list could not be read.
  std::shared_ptr<std::atomic<bool>> is_unlisted_ = std::make_shared<std::atomic<bool>>(false);
  std::uint64_t next_life_ = 1;
  milliseconds uptime_{0};
  milliseconds list_again_at_{0};
};

deliverer_actor::behavior_type delivering(deliverer_actor::stateful_pointer<deliverer_state> self,
                                          deliverer_services* services);

} // namespace dossier

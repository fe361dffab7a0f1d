// SPDX-License-Identifier: Apache-2.0
// What the edge may do with webhooks: send one a command, look at some, see how their deliveries
// fare. Hides regions, actors and the journal. Thread-safe.
#pragma once

#include "actors/entity/reply.hpp"
#include "actors/event_feed.hpp"
#include "actors/guards.hpp"
#include "actors/outbound.hpp"
#include "persistence/journal.hpp"
#include "protocol/webhook.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// What webhooks need from outside of the core. All of it outlives the core; calls that are under
/// way are forgotten before the core goes.
struct webhook_parts {
  outbound& out;
  const event_feed& feed;
  journal& notes;  ///< Where positions are noted.
  std::string key; ///< Of webhook_secrets.
};

struct found_webhook {
  entity_id id;
  webhook::view view;
};

/// How a webhook's deliveries fare since the start.
struct delivery_status {
  feed_cursor position;   ///< Everything up to here has arrived, or lies among the letters.
  std::uint64_t open = 0; ///< Events read and not over.
  std::uint64_t delivered = 0;
  std::uint64_t given_up = 0; ///< They became letters.
  std::string last_error;     ///< Empty if there was none.
  std::optional<timestamp> failed_at;
};

class webhooks {
public:
  virtual ~webhooks() = default;

  /// A fresh id in the customer's shard; an empty customer has one, too.
  virtual entity_id next_id(std::string_view customer) = 0;
  /// As documents::submit.
  virtual void submit(const entity_id& id, webhook::command what, command_meta meta,
                      std::shared_ptr<reply<webhook::view>> done)
    = 0;
  /// not_found if it never existed; a removed one is found. Blocks on the disk.
  virtual result<found_webhook> find(const entity_id& id) const = 0;
  /// Those that are not removed, of one customer (the empty one included) or of all, newest first
  /// within a shard, at most `limit`. Blocks on the disk.
  virtual result<std::vector<found_webhook>> list(const std::optional<std::string>& customer,
                                                  std::size_t limit) const = 0;
  /// A place among a customer's webhooks, given back when the last copy goes.
  using place = std::shared_ptr<const void>;
  /// Takes one for a webhook that is about to be made under `id`: conflict if together with those
  /// that are listed and those that others have a place for there would be more than `most`. To be
  /// held until the core has answered; it is listed by then. Blocks on the disk.
  virtual result<place> reserve(const entity_id& id, const std::string& customer, std::size_t most)
    = 0;
  /// What is told to its owner, once.
  virtual std::string secret_of(const entity_id& id, std::uint32_t generation) const = 0;
  /// Reads what stored_answer::bytes holds. May block on the disk.
  virtual result<answer<webhook::view>> decode_answer(std::string_view bytes) const = 0;
  /// nullopt while nothing was tried to deliver to it.
  virtual std::optional<delivery_status> status(const entity_id& id) const = 0;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The language of webhooks: where events are delivered, which ones, and whether the destination has
// agreed to it. Plain data. A webhook's secret stands nowhere in it: it follows from the server's
// key, the webhook's id and `generation`.
#pragma once

#include "protocol/envelope.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dossier::webhook {

/// What a webhook is made with and keeps.
struct registration {
  std::string url;            ///< As destination::parse() reads it.
  std::string types;          ///< As cloud_event_filter reads them.
  std::string subject_prefix; ///< Likewise.
  std::string customer;       ///< Whose events; empty: everybody's.
  bool is_structured = false; ///< How events are put into HTTP.
  std::string start;          ///< A feed_cursor: only events behind it are delivered.
  bool operator==(const registration&) const = default;
};

// Commands.

/// Refused as conflict if it exists.
struct create {
  webhook::registration registration;
  bool needs_handshake = true; ///< False: active at once.
};

/// What became of handshake `attempt`; of another one than the present: no effect.
struct settle_handshake {
  std::uint32_t attempt = 0;
  std::optional<std::string> why; ///< nullopt: the destination agrees.
};

/// Nothing is delivered until it is resumed; nothing is lost either. Again: no effect.
struct pause {
  std::string reason; ///< 1 to 200 bytes of UTF-8.
};

/// Goes on; with the handshake if that has not succeeded. Of an active or pending one: no effect.
struct resume {};

/// A new secret from now on; the old one signs too for a while.
struct rotate_secret {};

/// Ends it. Again: no effect.
struct remove {};

/// The time of a handshake has come and nobody makes it: one that is not wished for any longer.
struct fire_timer {
  std::string name;
  timestamp due;
};

using command
  = std::variant<create, settle_handshake, pause, resume, rotate_secret, remove, fire_timer>;
std::string_view name_of(const command& c);

// Events.

/// WebhookCreatedEvent. The first handshake is due at once; without `due` there is none.
struct created {
  webhook::registration registration;
  std::optional<timestamp> due;
  bool operator==(const created&) const = default;
};
/// WebhookVerifiedEvent: the destination agrees.
struct verified {
  bool operator==(const verified&) const = default;
};
/// WebhookHandshakeFailedEvent: attempt `attempt` has failed; without `due` it was the last.
struct handshake_failed {
  std::uint32_t attempt = 0;
  std::string why;
  std::optional<timestamp> due; ///< Of the next one.
  bool operator==(const handshake_failed&) const = default;
};
/// WebhookPausedEvent.
struct paused {
  std::string reason;
  bool operator==(const paused&) const = default;
};
/// WebhookResumedEvent: active again; with `due`, a handshake goes before.
struct resumed {
  std::optional<timestamp> due;
  bool operator==(const resumed&) const = default;
};
/// WebhookSecretRotatedEvent.
struct secret_rotated {
  std::uint32_t generation = 0; ///< From 2.
  timestamp old_until;          ///< Until then the one before signs too.
  bool operator==(const secret_rotated&) const = default;
};
/// WebhookRemovedEvent.
struct removed {
  bool operator==(const removed&) const = default;
};

using event
  = std::variant<created, verified, handshake_failed, paused, resumed, secret_rotated, removed>;

/// The payload of an event as stored: its type, the version of its shape, JSON text.
encoded_event encode(const event& e);
/// Reads every version ever written. Refuses unknown types and versions as corrupt, by name.
result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data);

enum class status : std::uint8_t {
  pending = 1,    ///< The destination has not agreed yet.
  active = 2,     ///< Events are delivered.
  unverified = 3, ///< It has not agreed, and is not asked any more.
  paused = 4,
  removed = 5,
};
std::string_view to_string(status s);

/// What a reader may see.
struct view {
  webhook::registration registration;
  webhook::status status = webhook::status::pending;
  std::uint32_t handshakes = 0;       ///< That have failed since it was created or resumed.
  std::optional<timestamp> due;       ///< Of the next handshake.
  std::string trouble;                ///< Why it is pending again, unverified or paused.
  std::uint32_t generation = 1;       ///< Of its secret.
  std::optional<timestamp> old_until; ///< So long the generation before signs too.
  timestamp created_at;
  timestamp updated_at;
  std::uint64_t version = 0;
  bool operator==(const view&) const = default;
};

/// The list that webhooks stand in until they are removed, in every shard.
inline constexpr std::string_view list_name = "webhooks";
/// The timer that asks for a handshake.
inline constexpr std::string_view handshake_timer = "handshake";

} // namespace dossier::webhook

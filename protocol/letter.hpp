// SPDX-License-Identifier: Apache-2.0
// The language of letters: messages that could not be worked on at once. A letter is retried by its
// timers, and is dead when retrying is no use or did not help; a dead one is redriven or discarded
// by an operator. Plain data. It holds the message whole, as it was received, so nothing depends on
// the topic any more.
#pragma once

#include "protocol/envelope.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace dossier::letter {

/// Which way the message was going. Frozen codes: they stand in state rows.
enum class channel : std::uint8_t {
  commands = 1, ///< To us, from a topic of commands.
  webhook = 2,  ///< From us, to a webhook.
};

std::string_view to_string(channel c);
result<channel> parse_channel(std::string_view name);

/// Where the message stood.
struct origin {
  letter::channel channel = channel::commands;
  std::string topic;           ///< The topic, or the id of the webhook.
  std::uint32_t partition = 0; ///< Of the topic, or of the feed: its shard.
  std::uint64_t offset = 0;    ///< In the topic, or its position in the feed.
  timestamp at;                ///< The record's own time.
  bool operator==(const origin&) const = default;
};

/// As it was received: any bytes.
struct message {
  std::optional<std::string> key;
  std::vector<std::pair<std::string, std::string>> headers; ///< In their order, as often as given.
  std::string value;
  bool operator==(const message&) const = default;
};

/// What went wrong at one attempt.
struct trouble {
  errc code = errc::internal;
  std::string why;
  std::string where; ///< As failure::where.
  bool operator==(const trouble&) const = default;
};

// Commands.

/// A message that failed its first attempt (attempt 1), or that has to wait behind an earlier
/// letter. Refused as conflict if the letter exists.
struct receive {
  letter::origin origin;
  letter::message message;
  std::string type;    ///< Of the CloudEvent; empty if it could not be read.
  std::string subject; ///< What it is about, for people: "document/<id>"; may be empty.
  trouble why;
  bool is_transient = false; ///< It may succeed later. False: dead at once.
};

/// What became of attempt `attempt`. Of an attempt that is not the present one: no effect.
struct settle {
  std::uint32_t attempt = 0;
  std::optional<trouble> why; ///< nullopt: it has succeeded.
  bool is_transient = false;
};

/// An operator sends a dead letter on its way again: due at once, its attempts counted anew.
/// Refused as conflict unless it is dead.
struct redrive {
  std::optional<std::string> value; ///< In place of the message's own.
};

/// An operator gives it up. Refused as conflict unless it is dead; again: no effect.
struct discard {};

/// A timer of this letter came due and nobody attempts it: one that the letter no longer wishes
/// for.
struct fire_timer {
  std::string name;
  timestamp due;
};

using command = std::variant<receive, settle, redrive, discard, fire_timer>;
std::string_view name_of(const command& c);

// Events.

/// MessageReceivedEvent.
struct received {
  letter::origin origin;
  letter::message message;
  std::string type;
  std::string subject;
  trouble why;
  std::string fingerprint; ///< 16 hex digits; see fingerprint_of().
  bool operator==(const received&) const = default;
};

/// MessageRetryScheduledEvent: attempt `attempt` (from 2) is due at `due`.
struct retry_scheduled {
  std::uint32_t attempt = 0;
  timestamp due;
  trouble why; ///< Of the attempt before.
  bool operator==(const retry_scheduled&) const = default;
};

/// MessageDeadLetteredEvent: nothing more is attempted.
struct dead_lettered {
  std::uint32_t attempts = 0;
  trouble why; ///< Of the last attempt.
  std::string fingerprint;
  bool operator==(const dead_lettered&) const = default;
};

/// MessageRedrivenEvent: due at `due` as attempt 1.
struct redriven {
  std::optional<std::string> value;
  timestamp due;
  bool operator==(const redriven&) const = default;
};

/// MessageSettledEvent: an attempt has succeeded.
struct settled {
  std::uint32_t attempts = 0;
  bool operator==(const settled&) const = default;
};

/// MessageDiscardedEvent.
struct discarded {
  bool operator==(const discarded&) const = default;
};

using event = std::variant<received, retry_scheduled, dead_lettered, redriven, settled, discarded>;

/// The payload of an event as stored: its type, the version of its shape, JSON text. Bytes of the
/// message are base64.
encoded_event encode(const event& e);
/// Reads every version ever written. Refuses unknown types and versions as corrupt, by name.
result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data);

/// Where a letter stands. Frozen codes: they stand in state rows.
enum class status : std::uint8_t {
  retrying = 1,
  dead = 2,
  settled = 3,
  discarded = 4,
};

std::string_view to_string(status s);
result<status> parse_status(std::string_view name);

/// What an operator sees, and what who attempts it needs.
struct view {
  letter::origin origin;
  letter::message message; ///< With the value that the next attempt uses.
  std::string type;
  std::string subject;
  letter::status status = status::retrying;
  std::uint32_t attempts = 0; ///< Ended ones since it was received or redriven.
  trouble first;
  trouble last;
  std::string fingerprint;
  std::optional<timestamp> due; ///< Of the next attempt, while it is retrying.
  std::uint32_t redrives = 0;
  std::uint64_t version = 0;
  timestamp received_at;
  timestamp updated_at;
  bool operator==(const view&) const = default;
};

/// Letters that died of the same cause: 16 hex digits over channel, topic, type and the trouble's
/// code, place and sentence with ids, numbers and quoted parts left out.
std::string fingerprint_of(const origin& from, std::string_view type, const trouble& why);

/// The lists that letters stand in while they are of this status, in every shard.
inline constexpr std::string_view retrying_list = "letters-retrying";
inline constexpr std::string_view dead_list = "letters-dead";

} // namespace dossier::letter

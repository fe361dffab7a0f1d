// SPDX-License-Identifier: Apache-2.0
// The messages of guards and of the deliverer of webhooks, and their whitelist. As those of
// messages.hpp they stay inside this process.
#pragma once

#include "actors/entity/hosted.hpp"
#include "actors/event_feed.hpp"
#include "actors/guards.hpp"
#include "actors/webhook/delivery.hpp"
#include "actors/webhook/kind.hpp"

#include <caf/allowed_unsafe_message_type.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dossier {

/// To a guard, from anybody: make this call.
struct offer_call {
  std::shared_ptr<guarded_call> what;
};

/// To a guard, from any thread: what became of an attempt.
struct attempt_answered {
  guard::call_number call = 0;
  std::uint32_t attempt = 0;
  std::shared_ptr<result<outbound_answer>> what;
};

/// To a guard, from an operator: open the breaker.
struct trip_guard {
  std::string reason;
  std::string by;
  guards::changed done;
};

/// To a guard, from an operator: close the breaker.
struct reset_guard {
  std::string by;
  guards::changed done;
};

/// To the deliverer, from the committer's thread: something happened to this webhook.
struct webhook_changed {
  entity_id id;
};

/// To the deliverer, from a loader thread: a webhook and its noted position.
struct webhook_read {
  entity_id id;
  std::shared_ptr<result<hosted<webhook_kind>>> what;
  std::shared_ptr<result<std::optional<std::string>>> note;
};

/// To the deliverer, from a loader thread: events for a webhook.
struct webhook_page {
  entity_id id;
  std::uint64_t life = 0; ///< Which reading of this webhook asked; here and below.
  std::shared_ptr<result<feed_page>> page;
};

/// To the deliverer, from any thread: how the call for one event ended.
struct webhook_call_ended {
  entity_id id;
  std::uint64_t life = 0;
  webhook::feed_place at;
  call_ending ending;
};

/// To the deliverer, from any thread: what was given up is a letter, or could not become one.
struct webhook_letter_written {
  entity_id id;
  std::uint64_t life = 0;
  webhook::feed_place at;
  std::optional<failure> why_not;
};

/// To the deliverer, from a loader thread: the position that is noted now; empty if that failed.
struct webhook_noted {
  entity_id id;
  std::uint64_t life = 0;
  std::string position;
};

} // namespace dossier

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::offer_call)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::attempt_answered)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::trip_guard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::reset_guard)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_changed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_page)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_call_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_letter_written)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::webhook_noted)

// SPDX-License-Identifier: Apache-2.0
// The way back to whoever sent a command: answered exactly once, whatever becomes of the actors
// between.
#pragma once

#include "persistence/batch.hpp"
#include "protocol/arrival.hpp"
#include "protocol/context.hpp"
#include "protocol/result.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace dossier {

/// What a command came to: what a reader may now see of the entity.
template <class View>
struct answer {
  entity_id id;
  View view;
  bool is_replay
    = false; ///< A repeated command id: this is the first answer, its effect was not repeated.
};

/// Owned by the messages that carry it. If all of them vanish unanswered (an actor died with its
/// mailbox), the destructor answers unavailable, so no caller ever waits for nothing.
template <class View>
class reply {
public:
  using receiver = std::function<void(result<answer<View>>)>;

  /// `receive` is called once, on any thread, and must not block.
  explicit reply(receiver receive)
    : receive_(std::move(receive)) {}
  reply(const reply&) = delete;
  reply& operator=(const reply&) = delete;
  ~reply() {
    if (receive_)
      deliver(fail(errc::unavailable,
                   "the document's actor stopped before it answered; whether the "
                   "command took effect is unknown, repeat it"));
  }

  /// The first call counts; later ones do nothing. One thread at a time: the message's owner.
  void deliver(result<answer<View>> what) {
    if (auto receive = std::exchange(receive_, nullptr))
      receive(std::move(what));
  }

private:
  receiver receive_;
};

/// What travels beside a command.
struct command_meta {
  dossier::cause cause;
  command_id id;                ///< Unset when the caller asked for no idempotency.
  sha256_digest fingerprint{};  ///< Of the request's body; meaningful with `id`.
  bool is_fresh_entity = false; ///< The entity's id was just drawn: nothing to load.
  std::shared_ptr<const dossier::arrival> arrival; ///< nullptr: it did not come as a message.
  std::optional<seconds> answer_kept; ///< How long `id` is known; nullopt: as long as any.
};

} // namespace dossier

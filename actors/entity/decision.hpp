// SPDX-License-Identifier: Apache-2.0
// From a command to the one batch that records it. Pure: the shell asks for a decision, commits its
// batch, and only then adopts its outcome.
#pragma once

#include "actors/entity/answer_codec.hpp"
#include "actors/entity/hosted.hpp"
#include "actors/entity/reply.hpp"
#include "persistence/batch.hpp"
#include "protocol/context.hpp"
#include "protocol/planted.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
#include <vector>

namespace dossier {

template <class K>
struct decision {
  hosted<K> next;
  std::optional<batch> write; ///< nullopt: nothing changes and nothing needs remembering.
};

/// What is in `from` and not in `other`; both sorted.
template <class T>
std::vector<T> without(const std::vector<T>& from, const std::vector<T>& other) {
  std::vector<T> rest;
  std::set_difference(from.begin(), from.end(), other.begin(), other.end(),
                      std::back_inserter(rest));
  return rest;
}

/// What whoever sent the message that caused these events is told; empty for most.
template <class K>
std::string reply_to_sender(const command_meta& meta, const hosted<K>& next,
                            const std::vector<typename K::event>& events, const context& ctx) {
  if constexpr (requires {
                  K::reply_of(meta.arrival.get(), next.state, next.version, events, ctx);
                })
    return K::reply_of(meta.arrival.get(), next.state, next.version, events, ctx);
  else
    return {};
}

/// Decides `what` on `now` and says what to write: events, state row, the differences of
/// projections and timers, the answer to keep for the command id until `answers_kept` from now, and
/// for a message that it is handled and what its sender is told.
template <class K>
result<decision<K>> make_decision(const hosted<K>& now, const typename K::command& what,
                                  const command_meta& meta, const context& ctx,
                                  const typename K::policy& policy, seconds answers_kept) {
  auto events = decide(now.state, now.version, what, ctx, policy);
  if (!events)
    return events.error();
  decision<K> made{now, std::nullopt};
  batch write;
  write.entity = {K::code, ctx.self};
  write.expected_version = now.version;
  cause why = meta.cause;
  why.command = name_of(what);
  for (const auto& event : *events) {
    auto payload = encode(event);
    evolve(made.next.state, event, occurrence{++made.next.version, ctx.now});
    write.events.push_back(encode(
      envelope{std::string(payload.type), payload.version, ctx.now, why, std::move(payload.data)}));
  }
  if (!events->empty()) {
    const auto every = snapshot_every_of<K>(made.next.state);
    if (made.next.version / every != now.version / every)
      write.state = state_row{made.next.version, K::state_format, encode_state(made.next.state)};
    const auto projections_before = projections_of(now.state);
    const auto projections_after = projections_of(made.next.state);
    write.projections_put = without(projections_after, projections_before);
    write.projections_erased = without(projections_before, projections_after);
    const auto timers_before = timers_of(now.state);
    const auto timers_after = timers_of(made.next.state);
    write.timers_set = without(timers_after, timers_before);
    write.timers_erased = without(timers_before, timers_after);
  } else if (const auto* fired = std::get_if<typename K::timer_command>(&what)) {
    // A row that the state does not wish for would come back after each restart: it goes. One that
    // it does wish for was fired before its time, by a clock that has stepped back since: it has to
    // come again.
    const timer row{fired->due, fired->name};
    const auto wished = timers_of(now.state);
    if (std::find(wished.begin(), wished.end(), row) != wished.end())
      return fail(errc::busy, "timer " + row.name + " is not due before " + to_rfc3339(row.due));
    write.timers_erased.push_back(row);
  }
  if (meta.id.is_set() && !DOSSIER_PLANTED(answer_forgotten))
    write.answer
      = stored_answer{meta.id, meta.fingerprint, ctx.now + meta.answer_kept.value_or(answers_kept),
                      encode_answer<K>(ctx.self, made.next)};
  if (meta.arrival)
    write.handled = meta.arrival->place;
  write.reply = reply_to_sender<K>(meta, made.next, *events, ctx);
  if (!write.events.empty() || !write.timers_erased.empty() || write.answer || write.handled
      || !write.reply.empty())
    made.write = std::move(write);
  return made;
}

} // namespace dossier

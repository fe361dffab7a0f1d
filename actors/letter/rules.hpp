// SPDX-License-Identifier: Apache-2.0
// The rules of a letter's life. Pure: no clock, dice, I/O or CAF; everything arrives as an
// argument.
#pragma once

#include "protocol/context.hpp"
#include "protocol/letter.hpp"
#include "protocol/projection.hpp"
#include "protocol/timer.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::letter {

/// How patiently a letter is retried. With the defaults the waits are 1, 2, 4, 8 and 16 seconds.
struct policy {
  std::int64_t wait_ms_min = 1'000;  ///< After the first attempt; doubled after each. At least 1.
  std::int64_t wait_ms_max = 16'000; ///< No wait is longer, but for its jitter. At most 2^31.
  std::uint32_t retries_max = 5;     ///< Attempts after the first; then it is dead.
  std::uint32_t jitter_percent = 10; ///< A wait is longer by up to this share. At most 100.
};

/// Texts that came from outside (not the message itself) are kept up to this many bytes, with a
/// question mark for each byte that is no UTF-8.
inline constexpr std::size_t text_bytes_max = 1'024;

/// How long to wait after attempt `attempt` (from 1): wait_ms_min doubled with each attempt, at
/// most wait_ms_max, and a share of it between 0 and jitter_percent on top as `dice` (32 random
/// bits) fall. Total: huge counts wait as long as any.
milliseconds wait_after(const policy& p, std::uint32_t attempt, std::uint32_t dice);

/// What every letter has.
struct facts {
  letter::origin origin;
  letter::message message; ///< With the value that the next attempt uses.
  std::string type;
  std::string subject;
  trouble first;
  trouble last;
  std::string fingerprint;    ///< Of the last death; until then of the first trouble.
  std::uint32_t attempts = 0; ///< Ended ones since it was received or redriven.
  std::uint32_t redrives = 0;
  timestamp received_at;
  timestamp updated_at;
  bool operator==(const facts&) const = default;
};

// Phases are types, not flags.
struct absent {
  bool operator==(const absent&) const = default;
};
/// Attempt `attempt` is due.
struct retrying {
  letter::facts facts;
  std::uint32_t attempt = 1;
  timestamp due;
  bool operator==(const retrying&) const = default;
};
/// Waits for an operator.
struct dead {
  letter::facts facts;
  bool operator==(const dead&) const = default;
};
/// Over: settled or discarded.
struct closed {
  letter::facts facts;
  status how = status::settled;
  bool operator==(const closed&) const = default;
};
using state = std::variant<absent, retrying, dead, closed>;

/// The one timer of a letter, while it is retrying.
inline constexpr std::string_view retry_timer = "retry";

/// Says what must be recorded for `c`, or why it is refused. Pure.
///
/// A letter is at every time in exactly one place: it waits for its next attempt, is dead, or is
/// over. The present attempt alone can be settled; what became of any other changes nothing, so
/// that an attempt may be made and told twice. `fire_timer` never has an effect: attempts are made
/// by whoever the timer is brought to, and told by `settle`.
result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p);
/// Folds one recorded event into the state. Total over what decide can produce; an impossible pair
/// is a bug.
void evolve(state& s, const event& e, const occurrence& o);
/// What an operator may see; requires a letter that exists or existed.
view view_of(const state& s, std::uint64_t version);
/// What the sender of a command is told in the batch in which its letter dies
/// (protocol/command_reply); empty otherwise, and if the message does not say who asked what.
std::string reply_of(const state& next, const std::vector<event>& events, const context& ctx);
/// The timers this state wishes to have.
std::vector<timer> timers_of(const state& s);
/// The rows this state wishes to have for its readers.
std::vector<projection> projections_of(const state& s);

/// The state row's form. Raise state_format with any change of it: older rows are refolded from
/// events.
inline constexpr std::uint8_t state_format = 1;
std::string encode_state(const state& s);
/// The state as operators see it, a JSON object with its phase, the message by its sizes. Written
/// only, never read back.
std::string to_json(const state& s);
/// Fails as corrupt on anything encode_state could not have written with this format.
result<state> decode_state(std::string_view bytes);

} // namespace dossier::letter

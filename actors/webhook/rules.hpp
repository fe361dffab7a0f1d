// SPDX-License-Identifier: Apache-2.0
// The rules of a webhook's life. Pure: no clock, dice, I/O or CAF; everything arrives as an
// argument.
#pragma once

#include "protocol/context.hpp"
#include "protocol/projection.hpp"
#include "protocol/timer.hpp"
#include "protocol/webhook.hpp"

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::webhook {

struct policy {
  std::uint32_t handshakes_max = 8;     ///< Attempts, from 1; then it is unverified.
  seconds handshake_wait_min{10};       ///< After the first failure; doubled with each.
  seconds handshake_wait_max{3'600};    ///< No wait is longer.
  seconds old_secret_signs{24 * 3'600}; ///< After it was replaced.
};

/// What every webhook has.
struct facts {
  webhook::registration registration;
  std::uint32_t generation = 1;
  std::optional<timestamp> old_until;
  bool is_verified = false; ///< The destination has agreed, or was not asked.
  timestamp created_at;
  timestamp updated_at;
  bool operator==(const facts&) const = default;
};

// Phases are types, not flags.
struct absent {
  bool operator==(const absent&) const = default;
};
/// A handshake is due.
struct pending {
  webhook::facts facts;
  std::uint32_t attempt = 1;
  timestamp due;
  std::string trouble; ///< Of the attempt before.
  bool operator==(const pending&) const = default;
};
struct active {
  webhook::facts facts;
  bool operator==(const active&) const = default;
};
/// The last handshake has failed.
struct unverified {
  webhook::facts facts;
  std::uint32_t attempts = 0;
  std::string trouble;
  bool operator==(const unverified&) const = default;
};
struct halted {
  webhook::facts facts;
  std::string reason;
  bool operator==(const halted&) const = default;
};
struct gone {
  webhook::facts facts;
  bool operator==(const gone&) const = default;
};
using state = std::variant<absent, pending, active, unverified, halted, gone>;

/// Says what must be recorded for `c`, or why it is refused: not_found of one that never was, gone
/// of a removed one (but for removing it again), conflict of one that exists, invalid_argument of a
/// reason that is empty or too long.
result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p);
/// Folds one recorded event into the state; an impossible pair is a bug.
void evolve(state& s, const event& e, const occurrence& o);
/// Requires a webhook that exists or existed.
view view_of(const state& s, std::uint64_t version);
std::vector<timer> timers_of(const state& s);
std::vector<projection> projections_of(const state& s);

inline constexpr std::size_t reason_bytes_max = 200;

/// The state row's form. Raise it with any change: older rows are refolded from events.
inline constexpr std::uint8_t state_format = 1;
std::string encode_state(const state& s);
/// The state as operators see it, a JSON object with its phase.
std::string to_json(const state& s);
/// corrupt on anything encode_state could not have written with this format.
result<state> decode_state(std::string_view bytes);

} // namespace dossier::webhook

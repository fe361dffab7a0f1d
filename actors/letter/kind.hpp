// SPDX-License-Identifier: Apache-2.0
// Names the letter's types for the generic shell, region and reader.
#pragma once

#include "actors/letter/rules.hpp"
#include "protocol/arrival.hpp"
#include "protocol/ids.hpp"

namespace dossier {

struct letter_kind {
  using command = letter::command;
  using event = letter::event;
  using state = letter::state;
  using view = letter::view;
  using policy = letter::policy;
  using timer_command = letter::fire_timer;

  static constexpr entity_kind code = entity_kind::letter;
  /// Write a state row every so many events; 1 makes the row the whole truth for readers.
  static constexpr std::uint64_t snapshot_every = 1;
  static constexpr std::uint8_t state_format = letter::state_format;

  /// Whoever sent a command that is given up is told so.
  static std::string reply_of(const arrival*, const state& next, std::uint64_t,
                              const std::vector<event>& events, const context& ctx) {
    return letter::reply_of(next, events, ctx);
  }
  static result<event> decode_event(std::string_view type, std::uint32_t version,
                                    std::string_view data) {
    return letter::decode_event(type, version, data);
  }
  static result<state> decode_state(std::string_view bytes) { return letter::decode_state(bytes); }
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Names the webhook's types for the generic shell, region and reader.
#pragma once

#include "actors/webhook/rules.hpp"
#include "protocol/ids.hpp"

namespace dossier {

struct webhook_kind {
  using command = webhook::command;
  using event = webhook::event;
  using state = webhook::state;
  using view = webhook::view;
  using policy = webhook::policy;
  using timer_command = webhook::fire_timer;

  static constexpr entity_kind code = entity_kind::webhook;
  /// Write a state row every so many events; 1 makes the row the whole truth for readers.
  static constexpr std::uint64_t snapshot_every = 1;
  static constexpr std::uint8_t state_format = webhook::state_format;

  static result<event> decode_event(std::string_view type, std::uint32_t version,
                                    std::string_view data) {
    return webhook::decode_event(type, version, data);
  }
  static result<state> decode_state(std::string_view bytes) { return webhook::decode_state(bytes); }
};

} // namespace dossier

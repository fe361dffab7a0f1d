// SPDX-License-Identifier: Apache-2.0
// Names the document's types for the generic shell, region and reader.
#pragma once

#include "actors/document/rules.hpp"
#include "protocol/arrival.hpp"
#include "protocol/ids.hpp"

namespace dossier {

struct document_kind {
  using command = document::command;
  using event = document::event;
  using state = document::state;
  using view = document::view;
  using policy = document::policy;
  using timer_command = document::fire_timer;

  static constexpr entity_kind code = entity_kind::document;
  /// Write a state row every so many events; 1 makes the row the whole truth for readers.
  static constexpr std::uint64_t snapshot_every = 1;
  static constexpr std::uint8_t state_format = document::state_format;

  /// Whoever sent the command is told what it came to.
  static std::string reply_of(const arrival* from, const state& next, std::uint64_t version,
                              const std::vector<event>& events, const context& ctx) {
    return document::reply_of(from, next, version, events, ctx);
  }
  static result<event> decode_event(std::string_view type, std::uint32_t version,
                                    std::string_view data) {
    return document::decode_event(type, version, data);
  }
  static result<state> decode_state(std::string_view bytes) {
    return document::decode_state(bytes);
  }
};

} // namespace dossier

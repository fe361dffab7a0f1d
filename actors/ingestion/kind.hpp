// SPDX-License-Identifier: Apache-2.0
// Names the ingestion job's types for the generic shell, region and reader.
#pragma once

#include "actors/ingestion/rules.hpp"
#include "protocol/command_reply.hpp"
#include "protocol/ids.hpp"

namespace dossier {

struct job_kind {
  using command = ingestion::command;
  using event = ingestion::event;
  using state = ingestion::state;
  using view = ingestion::view;
  using policy = ingestion::policy;
  using timer_command = ingestion::fire_timer;

  static constexpr entity_kind code = entity_kind::job;
  /// Write a state row every so many events, at least. Why not at each, as other kinds do: it names
  /// every chunk, and a file of thousands has two events of each.
  static constexpr std::uint64_t snapshot_every = 16;
  /// While there are few chunks it is written at each event.
  static bool has_small_row(const state& s) {
    const auto* facts = ingestion::facts_of(s);
    return facts == nullptr || facts->chunks.size() <= snapshot_every;
  }
  static constexpr std::uint8_t state_format = ingestion::state_format;

  /// Whoever asked for the job by a message is told which it is.
  static std::string reply_of(const arrival* from, const state& next, std::uint64_t version,
                              const std::vector<event>&, const context& ctx) {
    if (from == nullptr)
      return {};
    return encode_reply(*from, ctx.now, job_taken{ctx.self, version, ingestion::status_of(next)});
  }
  static result<event> decode_event(std::string_view type, std::uint32_t version,
                                    std::string_view data) {
    return ingestion::decode_event(type, version, data);
  }
  static result<state> decode_state(std::string_view bytes) {
    return ingestion::decode_state(bytes);
  }
};

} // namespace dossier

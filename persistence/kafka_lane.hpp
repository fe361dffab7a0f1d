// SPDX-License-Identifier: Apache-2.0
// A topic and partition as the sink on Kafka sees it. Owned by the sink's thread.
#pragma once

#include "persistence/delivery_lane.hpp"
#include "persistence/event_sink.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <utility>

namespace dossier {

struct kafka_lane {
  delivery_lane messages;
  /// When the oldest of them became the oldest, or the last one left.
  std::chrono::steady_clock::time_point moved_at{};
  bool has_moved = false; ///< Since the last look at `moved_at`.
  /// The last of them, which the producer does not have yet.
  std::deque<std::pair<outgoing, std::uint64_t>> held;
  std::uint64_t sent = 0; ///< Those that the producer has and has not settled.
  bool is_known = false;  ///< The broker has kept a message of this producer there.

  /// A broker that does not know a producer in a partition takes from it whatever comes, with any
  /// sequence number. Were the first request refused for a moment (a leader is being made) and the
  /// second one taken, librdkafka would count the first as kept, too: it would be lost. So the
  /// first message goes alone.
  bool may_send() const { return is_known || sent == 0; }
};

/// About how much memory it takes while it is held.
inline std::uint64_t bytes_of(const outgoing& message) {
  auto bytes = sizeof message + message.topic.size() + message.key.size() + message.value.size();
  for (const auto& [name, value] : message.headers)
    bytes += name.size() + value.size();
  return bytes;
}

} // namespace dossier

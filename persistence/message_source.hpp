// SPDX-License-Identifier: Apache-2.0
// Where commands come from as messages. Two implementations: Kafka for the product
// (persistence/kafka_source), memory for tests (tests/support/memory_source). A source belongs to
// one thread, that of its inbox; only end_of() and health() are for any.
#pragma once

#include "protocol/arrival.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace dossier {

/// A message, whole.
struct received_message {
  inbox_place place;
  timestamp at; ///< The record's own time.
  std::optional<std::string> key;
  event_headers headers;
  std::string value;
};

/// Told of news inside poll(), on its thread.
class message_listener {
public:
  /// A partition is ours from now on. Answers with the first offset to be read; a failure leaves it
  /// alone and is asked again later. `source` names what the offsets count: topic and cluster.
  virtual result<std::uint64_t> on_assigned(std::uint16_t partition, const std::string& source) = 0;
  /// It is no longer ours.
  virtual void on_revoked(std::uint16_t partition) = 0;
  /// Of one partition in order of their offsets. After an assignment, offsets may be read again.
  virtual void on_message(received_message message) = 0;

protected:
  ~message_listener() = default;
};

class message_source {
public:
  virtual ~message_source() = default;

  /// Waits at most `patience` for one message or other news. False: there was nothing.
  virtual bool poll(milliseconds patience, message_listener& listener) = 0;
  /// While paused no message is read, and none is lost.
  virtual void pause(bool is_paused) = 0;
  /// All of this partition below `next` is handled: for those who watch from outside.
  virtual void note_handled(std::uint16_t partition, std::uint64_t next) = 0;
  /// The offset behind the last message there is, as last heard.
  virtual std::optional<std::uint64_t> end_of(std::uint16_t partition) const = 0;
  /// Why messages do not come through at present, for operators.
  virtual result<void> health() const = 0;
};

} // namespace dossier

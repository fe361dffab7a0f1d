// SPDX-License-Identifier: Apache-2.0
// Where events go once they are recorded. One interface, two implementations held to one contract
// suite (tests/persistence/event_sink_contract_tests.cpp): Kafka for the product, memory for tests.
// A sink belongs to one thread, that of its outbox publisher; only health() is for any thread.
#pragma once

#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// One message for the backbone, whole.
struct outgoing {
  std::string topic;
  std::uint32_t partition = 0;
  std::string key;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string value;
};

/// What became of offered messages since the last look.
struct sink_report {
  /// Tokens of messages that the backbone holds durably now. Those of one partition stand in the
  /// order in which they were offered.
  std::vector<std::uint64_t> delivered;
  /// Messages that the backbone will never take, with the reason: too large, not authorised.
  std::vector<std::pair<std::uint64_t, failure>> refused;
  /// Everything offered and neither delivered nor refused was forgotten: offer it again, from the
  /// oldest on. Some of it may have been delivered all the same; its event ids tell.
  bool was_reset = false;
};

class event_sink {
public:
  virtual ~event_sink() = default;

  /// Takes a message for delivery behind all earlier ones of its topic and partition. False: full;
  /// nothing was taken, offer it again after a poll(). Never blocks.
  virtual bool offer(const outgoing& message, std::uint64_t token) = 0;
  /// Waits at most `patience` for news and appends them to `report`.
  virtual void poll(milliseconds patience, sink_report& report) = 0;
  /// Waits at most `patience` until what was offered is delivered. What is not is forgotten.
  virtual void close(milliseconds patience, sink_report& report) = 0;
  /// Why messages do not get through at present, for operators. Any thread.
  virtual result<void> health() const = 0;
};

} // namespace dossier

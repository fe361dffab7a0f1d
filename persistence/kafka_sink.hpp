// SPDX-License-Identifier: Apache-2.0
// The event sink on Kafka. Each message is sent to the partition it names, in order, and delivered
// once all in-sync replicas have it. Like every sink it belongs to the thread of its publisher,
// health() excepted.
//
// When the producer fails for good, the sink throws it away, says was_reset and starts another one,
// after a pause that grows to 10 s while nothing gets through; meanwhile it is full. Of the older
// producer nothing is reported any more, though what it had sent may still be kept, and even stand
// behind what is offered again: consumers go by the event's id. A broker refuses a request, not a
// message. So after a refusal the sink resets and sends that many messages one by one: the one that
// is refused alone is reported as refused, and its company is not.
//
// Where a broker does not know the producer yet, the first message goes alone and the others wait
// here until it is kept: kafka_lane.hpp says what would be lost otherwise.
#pragma once

#include "config/settings.hpp"
#include "persistence/event_sink.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace dossier {

class kafka_sink : public event_sink {
public:
  /// Needs kafka.bootstrap_servers. Refuses settings that librdkafka does not take, by name; a
  /// broker that cannot be reached is no refusal but a matter of health().
  static result<std::unique_ptr<kafka_sink>> open(const kafka_settings& s);

  /// Makes the topic if it is missing; see ensure_kafka_topic() for its failures. Waits at most
  /// about `patience`. Called before the first offer, and again until it succeeds.
  virtual result<void> ensure_topic(const std::string& name, std::uint32_t partitions,
                                    milliseconds patience)
    = 0;
};

} // namespace dossier

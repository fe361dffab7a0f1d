// SPDX-License-Identifier: Apache-2.0
// The message source on Kafka: reads all partitions of one topic, each from where the listener
// says. It takes no part in a consumer group's assignment: the store that knows what was handled
// lies on this machine, so no other may take over its partitions, and a restart must not wait for a
// group to agree. It commits offsets to the group all the same, for those who watch its lag with
// Kafka's tools; they are never read back.
#pragma once

#include "config/settings.hpp"
#include "persistence/message_source.hpp"

#include <cstdint>
#include <memory>
#include <string>

namespace dossier {

class kafka_source : public message_source {
public:
  /// Needs kafka.bootstrap_servers. A topic that is not there is made with so many partitions; one
  /// that is may have any number. `life` tells this cluster from others of the same id; empty if
  /// its id is unique. Refuses settings that librdkafka does not take, by name; a broker that
  /// cannot be reached is no refusal but a matter of health().
  static result<std::unique_ptr<kafka_source>> open(const kafka_settings& s,
                                                    std::uint32_t partitions, std::string life);
};

} // namespace dossier

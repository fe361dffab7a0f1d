// SPDX-License-Identifier: Apache-2.0
// Topics before anything is published to them: asked for, and made if they are missing. Never
// changes one that exists: more partitions would send the events of a customer to two of them.
#pragma once

#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <string>

struct rd_kafka_s;

namespace dossier {

/// Succeeds once the topic has at least so many partitions. Asks the broker and, if there is none,
/// makes it with CreateTopics (KIP-4); `replication` 0 leaves the copies to the broker (KIP-464,
/// Kafka 2.4). Waits at most about `patience` in total. Fails as conflict if the topic has fewer
/// partitions, as forbidden if we may not make it, else as unavailable: later it may succeed.
result<void> ensure_kafka_topic(rd_kafka_s& client, const std::string& name,
                                std::uint32_t partitions, std::uint16_t replication,
                                milliseconds patience);

/// How many partitions the topic has; 0: there is none. Waits at most `patience`.
result<std::uint32_t> count_kafka_partitions(rd_kafka_s& client, const std::string& name,
                                             milliseconds patience);

} // namespace dossier

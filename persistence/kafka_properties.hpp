// SPDX-License-Identifier: Apache-2.0
// How our settings become librdkafka's properties, for producer and consumer alike. Internal to
// persistence/kafka_*.
#pragma once

#include "config/settings.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>
#include <vector>

struct rd_kafka_conf_s;

namespace dossier {

/// A property of librdkafka and the setting of ours that it comes from; empty if from none.
struct kafka_property {
  const char* name;
  std::string value;
  const char* setting = "";
};

/// Refuses, by name, settings with which no broker can be reached. `doing` begins the sentence.
result<void> check_connection(const kafka_settings& s, std::string_view doing);
/// Where the brokers are, and how they are spoken to.
std::vector<kafka_property> connection_properties(const kafka_settings& s);
/// Refuses as invalid_argument, by name, what librdkafka does not take.
result<void> set_properties(rd_kafka_conf_s& conf, const std::vector<kafka_property>& properties,
                            std::string_view doing);

} // namespace dossier

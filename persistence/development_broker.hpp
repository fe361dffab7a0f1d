// SPDX-License-Identifier: Apache-2.0
// A Kafka broker inside this process, for a machine without Kafka and for tests: librdkafka's mock
// cluster. It speaks the protocol on a loopback port of its own. Never durable: everything is gone
// with the process. Bounded: of each partition it keeps the newest 5 MiB or 100,000 batches and
// drops the older ones silently. It knows no CreateTopics, no log-in and no encryption. A topic
// that somebody asks for comes into being with 4 partitions, and a batch that is sent again is kept
// again. Thread-safe.
#pragma once

#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dossier {

class development_broker {
public:
  /// A cluster of so many brokers; more than one is for tests.
  static result<std::unique_ptr<development_broker>> start(int brokers = 1);
  ~development_broker();
  development_broker(const development_broker&) = delete;
  development_broker& operator=(const development_broker&) = delete;

  /// "127.0.0.1:40123", or several of them with commas.
  std::string bootstrap_servers() const;
  /// Once for each topic: fails as conflict if there is one of this name.
  result<void> create_topic(const std::string& name, std::uint32_t partitions);

  // For tests.

  /// The next requests with this API key (Kafka protocol: Produce is 0, InitProducerId is 22) are
  /// answered with these error codes of the protocol, one each.
  void fail_requests(std::int16_t api_key, const std::vector<std::int16_t>& errors);
  /// Closes all ports and connections.
  void take_down();
  void bring_up();
  /// The same of one broker; they count from 1. What it led has no leader meanwhile.
  void take_down(int broker);
  void bring_up(int broker);
  /// Another broker leads this partition from now on.
  void move_leader(const std::string& topic, std::uint32_t partition, int broker);
  /// Each answer waits so long.
  void delay_answers(milliseconds delay);

private:
  struct parts;
  explicit development_broker(std::unique_ptr<parts> owned);

  std::unique_ptr<parts> parts_;
};

} // namespace dossier

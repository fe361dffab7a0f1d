// SPDX-License-Identifier: Apache-2.0
// A Kafka sink whose topics are there: takes nothing until each that was named exists with the
// partitions that it needs, and tries for them again and again, on its publisher's thread. A topic
// that was not named is tried for when the first message is offered to it; until it is there, its
// messages alone are not taken.
#pragma once

#include "persistence/kafka_sink.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace dossier {

class topic_sink final : public event_sink {
public:
  /// Makes a topic where brokers cannot be asked to; conflict: it is there.
  using maker = std::function<result<void>(const std::string& topic, std::uint32_t partitions)>;

  topic_sink(std::unique_ptr<kafka_sink> sink, std::vector<std::string> topics,
             std::uint32_t partitions, maker make = {});

  bool offer(const outgoing& message, std::uint64_t token) override;
  void poll(milliseconds patience, sink_report& report) override;
  void close(milliseconds patience, sink_report& report) override;
  result<void> health() const override;

private:
  void try_topics();
  result<void> try_topic(const std::string& name);

  const std::unique_ptr<kafka_sink> sink_;
  std::vector<std::string> missing_; ///< Named, and not known to be there.
  std::set<std::string> there_;
  std::set<std::string> wanted_; ///< Not named, not known to be there, and offered a message.
  const std::uint32_t partitions_;
  const maker make_;
  std::chrono::steady_clock::time_point next_try_;
  mutable std::mutex mutex_;
  std::optional<failure> trouble_; ///< Why a topic is not there; guarded by mutex_.
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// A Kafka sink whose topics are there: takes nothing until each exists with the partitions that it
// needs, and tries for them again and again, on its publisher's thread.
#pragma once

#include "persistence/kafka_sink.hpp"

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

class topic_sink final : public event_sink {
public:
  topic_sink(std::unique_ptr<kafka_sink> sink, std::vector<std::string> topics,
             std::uint32_t partitions);

  bool offer(const outgoing& message, std::uint64_t token) override;
  void poll(milliseconds patience, sink_report& report) override;
  void close(milliseconds patience, sink_report& report) override;
  result<void> health() const override;

private:
  void try_topics();

  const std::unique_ptr<kafka_sink> sink_;
  std::vector<std::string> missing_; ///< Not known to be there.
  const std::uint32_t partitions_;
  std::chrono::steady_clock::time_point next_try_;
  mutable std::mutex mutex_;
  std::optional<failure> trouble_; ///< Why a topic is not there; guarded by mutex_.
};

} // namespace dossier

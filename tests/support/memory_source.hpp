// SPDX-License-Identifier: Apache-2.0
// A topic of commands in memory that outlives its consumers, and takes partitions away and gives
// them back as told.
#pragma once

#include "persistence/message_source.hpp"

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::test {

class memory_source final : public message_source {
public:
  explicit memory_source(std::uint16_t partitions) {
    for (std::uint16_t n = 0; n < partitions; ++n)
      logs_[n];
  }

  /// Appends a message; answers with its offset.
  std::uint64_t produce(std::uint16_t partition, received_message message) {
    auto& log = logs_.at(partition);
    message.place = {partition, first_ + log.size()};
    log.push_back(std::move(message));
    return log.back().place.offset;
  }
  /// All partitions are taken away and given back at the next poll.
  void rebalance() { is_assigned_ = false; }
  /// The topic begins anew, empty, under another name.
  void begin_anew(std::string source) {
    source_ = std::move(source);
    for (auto& [partition, log] : logs_)
      log.clear();
    rebalance();
  }

  bool poll(milliseconds, message_listener& listener) override {
    if (!is_assigned_) {
      assign(listener);
      return true;
    }
    if (is_paused)
      return false;
    for (auto& [partition, next] : next_) {
      auto& log = logs_.at(partition);
      if (next - first_ >= log.size())
        continue;
      const auto message = log[next++ - first_];
      listener.on_message(message);
      return true;
    }
    return false;
  }
  void pause(bool paused) override {
    is_paused = paused;
    pauses += paused ? 1 : 0;
  }
  void note_handled(std::uint16_t partition, std::uint64_t next) override {
    noted[partition] = next;
  }
  std::optional<std::uint64_t> end_of(std::uint16_t partition) const override {
    return first_ + logs_.at(partition).size();
  }
  result<void> health() const override { return {}; }

  bool is_paused = false;
  int pauses = 0;
  std::map<std::uint16_t, std::uint64_t> noted;

private:
  void assign(message_listener& listener) {
    for (const auto& [partition, next] : std::exchange(next_, {}))
      listener.on_revoked(partition);
    for (const auto& [partition, log] : logs_)
      if (const auto start = listener.on_assigned(partition, source_))
        // As Kafka resets to the earliest what is out of its range.
        next_[partition] = *start < first_ || *start > first_ + log.size() ? first_ : *start;
    is_assigned_ = true;
  }

  static constexpr std::uint64_t first_ = 100; ///< Earlier messages have been deleted by age.
  std::string source_ = "cluster/commands";
  std::map<std::uint16_t, std::vector<received_message>> logs_;
  std::map<std::uint16_t, std::uint64_t> next_;
  bool is_assigned_ = false;
};

} // namespace dossier::test

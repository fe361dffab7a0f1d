// SPDX-License-Identifier: Apache-2.0
// How a sink on Kafka is doing. The sink's thread tells it, any thread asks.
#pragma once

#include "config/settings.hpp"
#include "protocol/result.hpp"

#include <chrono>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

class kafka_condition {
public:
  using instant = std::chrono::steady_clock::time_point;

  /// Whether any broker answers.
  void reach(bool is_reached);
  /// What librdkafka says while nothing gets through.
  void complain(std::string_view text);
  /// Why nothing gets through; empty once something could.
  void trouble(std::string why);
  /// Something got through.
  void deliver();
  /// Since when the message that waits longest is under way.
  void wait_since(std::optional<instant> oldest);

  /// Well, or why not and what to do.
  result<void> judge(const kafka_settings& s) const;

private:
  mutable std::mutex mutex_;
  bool is_reached_ = false;
  std::string complaint_;
  std::string trouble_;
  std::optional<instant> waiting_since_;
};

} // namespace dossier

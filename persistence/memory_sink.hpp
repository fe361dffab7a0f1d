// SPDX-License-Identifier: Apache-2.0
// The event sink in memory, for tests and simulation: the same contract, plus trouble on demand.
// What was delivered can be read back. Every method is for any thread.
#pragma once

#include "persistence/event_sink.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <map>
#include <mutex>

namespace dossier {

class memory_sink final : public event_sink {
public:
  struct limits {
    std::size_t queue_messages_max = 10'000;
    std::size_t kept_messages_max = 100'000; ///< Of those delivered, the newest.
  };

  memory_sink() = default;
  explicit memory_sink(limits bounds)
    : bounds_(bounds) {}

  bool offer(const outgoing& message, std::uint64_t token) override;
  void poll(milliseconds patience, sink_report& report) override;
  void close(milliseconds patience, sink_report& report) override;
  result<void> health() const override;

  /// The next so many offers find it full.
  void fail_offers(std::size_t count);
  /// While held, nothing is delivered and health() says so.
  void hold(bool is_held);
  /// While this topic is held, the others are delivered; "": none.
  void hold_topic(std::string topic);
  /// Refuses this token the next time it would be delivered.
  void refuse(std::uint64_t token, failure why);
  /// Forgets what is under way. The oldest `kept` of it were delivered all the same, unsaid.
  void reset(std::size_t kept = 0);

  /// What was delivered to this partition, in order.
  std::vector<outgoing> messages(std::string_view topic, std::uint32_t partition) const;
  std::size_t under_way() const;

private:
  struct offered {
    outgoing message;
    std::uint64_t token;
  };

  void settle(sink_report& report);
  void keep(outgoing message);
  bool has_news() const { return was_reset_ || (!queue_.empty() && !is_held_); }

  const limits bounds_{};
  mutable std::mutex mutex_;
  std::condition_variable news_;
  std::deque<offered> queue_;
  std::deque<outgoing> delivered_;
  std::map<std::uint64_t, failure> refusals_;
  std::size_t failing_offers_ = 0;
  bool is_held_ = false;
  std::string held_topic_;
  bool was_reset_ = false;
  bool is_closed_ = false;
};

} // namespace dossier

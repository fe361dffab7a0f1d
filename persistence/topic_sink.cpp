// SPDX-License-Identifier: Apache-2.0
#include "persistence/topic_sink.hpp"

#include "config/log.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr milliseconds try_patience{1'000};
constexpr milliseconds retry{1'000};

} // namespace

topic_sink::topic_sink(std::unique_ptr<kafka_sink> sink, std::vector<std::string> topics,
                       std::uint32_t partitions)
  : sink_(std::move(sink))
  , missing_(std::move(topics))
  , partitions_(partitions)
  , trouble_(fail(errc::unavailable, "Kafka was not asked for its topics yet")) {}

bool topic_sink::offer(const outgoing& message, std::uint64_t token) {
  return missing_.empty() && sink_->offer(message, token);
}

void topic_sink::poll(milliseconds patience, sink_report& report) {
  if (!missing_.empty() && std::chrono::steady_clock::now() >= next_try_)
    try_topics();
  sink_->poll(patience, report);
}

void topic_sink::close(milliseconds patience, sink_report& report) {
  sink_->close(patience, report);
}

result<void> topic_sink::health() const {
  {
    const std::lock_guard lock(mutex_);
    if (trouble_)
      return *trouble_;
  }
  return sink_->health();
}

void topic_sink::try_topics() {
  result<void> made;
  while (made && !missing_.empty()) {
    made = sink_->ensure_topic(missing_.back(), partitions_, try_patience);
    if (made)
      missing_.pop_back();
  }
  next_try_ = std::chrono::steady_clock::now() + retry;
  const std::lock_guard lock(mutex_);
  if (made) {
    trouble_.reset();
    return;
  }
  if (!trouble_ || trouble_->why != made.error().why)
    log(log_level::warn, "events wait for their topic",
        {{"topic", missing_.back()}, {"why", made.error().why}});
  trouble_ = made.error();
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/topic_sink.hpp"

#include "config/log.hpp"

#include <iterator>
#include <utility>

namespace dossier {

namespace {

constexpr milliseconds try_patience{1'000};
constexpr milliseconds retry{1'000};

} // namespace

topic_sink::topic_sink(std::unique_ptr<kafka_sink> sink, std::vector<std::string> topics,
                       std::uint32_t partitions, maker make)
  : sink_(std::move(sink))
  , missing_(std::move(topics))
  , there_(missing_.begin(), missing_.end())
  , partitions_(partitions)
  , make_(std::move(make)) {
  if (!missing_.empty())
    trouble_ = fail(errc::unavailable, "Kafka was not asked for its topics yet");
}

bool topic_sink::offer(const outgoing& message, std::uint64_t token) {
  if (!missing_.empty())
    return false;
  if (!there_.contains(message.topic)) {
    wanted_.insert(message.topic);
    return false;
  }
  return sink_->offer(message, token);
}

void topic_sink::poll(milliseconds patience, sink_report& report) {
  if ((!missing_.empty() || !wanted_.empty()) && std::chrono::steady_clock::now() >= next_try_)
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

result<void> topic_sink::try_topic(const std::string& name) {
  if (make_)
    if (auto made = make_(name, partitions_); !made && made.error().code != errc::conflict)
      return made;
  return sink_->ensure_topic(name, partitions_, try_patience);
}

void topic_sink::try_topics() {
  result<void> made;
  std::string which;
  while (made && !missing_.empty()) {
    which = missing_.back();
    made = try_topic(which);
    if (made)
      missing_.pop_back();
  }
  for (auto each = wanted_.begin(); missing_.empty() && each != wanted_.end();) {
    const auto had = try_topic(*each);
    if (had)
      there_.insert(*each);
    if (!had && made) {
      // One that cannot be had must not keep the others waiting.
      made = had;
      which = *each;
    }
    each = had ? wanted_.erase(each) : std::next(each);
  }
  next_try_ = std::chrono::steady_clock::now() + retry;
  const std::lock_guard lock(mutex_);
  if (made) {
    trouble_.reset();
    return;
  }
  if (!trouble_ || trouble_->why != made.error().why)
    log(log_level::warn, "events wait for their topic",
        {{"topic", which}, {"why", made.error().why}});
  trouble_ = made.error();
}

} // namespace dossier

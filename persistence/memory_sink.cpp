// SPDX-License-Identifier: Apache-2.0
#include "persistence/memory_sink.hpp"

#include <algorithm>

namespace dossier {

bool memory_sink::offer(const outgoing& message, std::uint64_t token) {
  const std::lock_guard lock{mutex_};
  if (failing_offers_ > 0) {
    --failing_offers_;
    return false;
  }
  if (is_closed_ || was_reset_ || queue_.size() >= bounds_.queue_messages_max)
    return false;
  queue_.push_back({message, token});
  return true;
}

void memory_sink::poll(milliseconds patience, sink_report& report) {
  std::unique_lock lock{mutex_};
  news_.wait_for(lock, patience, [this] { return has_news(); });
  settle(report);
}

void memory_sink::close(milliseconds patience, sink_report& report) {
  std::unique_lock lock{mutex_};
  news_.wait_for(lock, patience, [this] { return queue_.empty() || has_news(); });
  settle(report);
  report.was_reset |= !queue_.empty();
  queue_.clear();
  is_closed_ = true;
}

result<void> memory_sink::health() const {
  const std::lock_guard lock{mutex_};
  if (is_closed_)
    return fail(errc::unavailable, "publishing to memory: this sink is closed; make another one");
  if (is_held_)
    return fail(errc::unavailable, "publishing to memory: deliveries are held back; let them go");
  return {};
}

void memory_sink::fail_offers(std::size_t count) {
  const std::lock_guard lock{mutex_};
  failing_offers_ = count;
}

void memory_sink::hold(bool is_held) {
  const std::lock_guard lock{mutex_};
  is_held_ = is_held;
  news_.notify_all();
}

void memory_sink::hold_topic(std::string topic) {
  const std::lock_guard lock{mutex_};
  held_topic_ = std::move(topic);
  news_.notify_all();
}

void memory_sink::refuse(std::uint64_t token, failure why) {
  const std::lock_guard lock{mutex_};
  refusals_.insert_or_assign(token, std::move(why));
}

void memory_sink::reset(std::size_t kept) {
  const std::lock_guard lock{mutex_};
  for (std::size_t i = 0; i < std::min(kept, queue_.size()); ++i)
    keep(std::move(queue_[i].message));
  was_reset_ |= !queue_.empty();
  queue_.clear();
  news_.notify_all();
}

std::vector<outgoing> memory_sink::messages(std::string_view topic, std::uint32_t partition) const {
  const std::lock_guard lock{mutex_};
  std::vector<outgoing> found;
  std::ranges::copy_if(delivered_, std::back_inserter(found), [&](const outgoing& m) {
    return m.topic == topic && m.partition == partition;
  });
  return found;
}

std::size_t memory_sink::under_way() const {
  const std::lock_guard lock{mutex_};
  return queue_.size();
}

void memory_sink::settle(sink_report& report) {
  report.was_reset |= std::exchange(was_reset_, false);
  if (is_held_)
    return;
  for (auto& [message, token] : std::exchange(queue_, {})) {
    if (message.topic == held_topic_) {
      queue_.push_back({std::move(message), token});
      continue;
    }
    if (auto refusal = refusals_.extract(token)) {
      report.refused.emplace_back(token, std::move(refusal.mapped()));
      continue;
    }
    keep(std::move(message));
    report.delivered.push_back(token);
  }
}

void memory_sink::keep(outgoing message) {
  if (delivered_.size() >= bounds_.kept_messages_max)
    delivered_.pop_front();
  delivered_.push_back(std::move(message));
}

} // namespace dossier

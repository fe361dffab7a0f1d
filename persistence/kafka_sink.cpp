// SPDX-License-Identifier: Apache-2.0
// Keeps account of what was offered, by topic and partition, over the lives of its producers.
#include "persistence/kafka_sink.hpp"

#include "config/log.hpp"
#include "persistence/kafka_condition.hpp"
#include "persistence/kafka_lane.hpp"
#include "persistence/kafka_producer.hpp"
#include "persistence/kafka_topics.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace dossier {

namespace {

using steady = std::chrono::steady_clock;

constexpr milliseconds pause_min{100};
constexpr milliseconds pause_max{10'000};
/// How long a failed producer may take to say what became of the requests it had sent.
constexpr milliseconds ending_max{2'000};
constexpr milliseconds step{50};
/// Of messages that wait until their partitions know the producer.
constexpr std::uint64_t held_bytes_max = 16 << 20;

milliseconds until(steady::time_point deadline) {
  const auto left = std::chrono::ceil<milliseconds>(deadline - steady::now());
  return std::max(left, milliseconds{0});
}

class producing_sink final : public kafka_sink, private kafka_listener {
public:
  explicit producing_sink(const kafka_settings& s)
    : settings_(s) {}

  result<void> start() {
    auto started = kafka_producer::start(settings_, pace_, *this);
    if (!started)
      return started.error();
    producer_ = std::move(*started);
    return {};
  }

  result<void> ensure_topic(const std::string& name, std::uint32_t partitions,
                            milliseconds patience) override {
    if (producer_ == nullptr)
      return fail(errc::unavailable,
                  "looking for the topic " + name + ": there is no producer at present; ask again");
    return ensure_kafka_topic(producer_->client(), name, partitions, settings_.topic_replication,
                              patience);
  }

  bool offer(const outgoing& message, std::uint64_t token) override {
    if (producer_ == nullptr || is_ending() || room() == 0)
      return false;
    auto& l = lane_of(message.topic, message.partition);
    if (l.messages.is_empty()) {
      const auto now = steady::now();
      l.is_known = l.is_known && now - l.moved_at < memory();
      l.moved_at = now;
    }
    if (!l.held.empty() || !l.may_send()) {
      if (held_bytes_ >= held_bytes_max)
        return false;
      held_bytes_ += bytes_of(message);
      ++held_;
      l.held.emplace_back(message, token);
    } else if (const auto taken = send(l, message, token); !taken) {
      refused_at_once_.emplace_back(token, taken.error());
      return true;
    } else if (!*taken) {
      return false;
    }
    l.messages.add(token);
    ++under_way_;
    return true;
  }

  void poll(milliseconds patience, sink_report& report) override {
    const auto deadline = steady::now() + patience;
    const bool has_news = report_refused_at_once(report);
    if (producer_ == nullptr) {
      if (!has_news)
        std::this_thread::sleep_until(std::min(deadline, restart_at_));
      if (!is_closed_ && steady::now() >= restart_at_)
        restart();
      return;
    }
    if (is_ending())
      producer_->give_up_unsent();
    report_ = &report;
    producer_->poll(has_news ? milliseconds{0} : is_ending() ? std::min(patience, step) : patience);
    go_on();
    report_ = nullptr;
    look_at_lanes();
    look_after_producer(report);
  }

  void close(milliseconds patience, sink_report& report) override {
    const auto deadline = steady::now() + patience;
    report_refused_at_once(report);
    report_ = &report;
    while (producer_ != nullptr && under_way_ > 0 && !is_over()) {
      const auto left = until(deadline);
      producer_->flush(std::min(left, step));
      go_on();
      notice_fatal();
      if (is_ending())
        producer_->give_up_unsent();
      if (left == milliseconds{0})
        break;
    }
    report_ = nullptr;
    report.was_reset |= forget() > 0;
    producer_ = nullptr;
    is_closed_ = true;
    restart_at_ = steady::time_point::max();
    condition_.trouble("publishing to Kafka: this sink is closed; restart dossier");
  }

  result<void> health() const override { return condition_.judge(settings_); }

private:
  // --- What librdkafka tells, inside poll() and flush(). ---

  void on_settled(std::string_view topic, std::uint32_t partition, std::uint64_t token,
                  const failure* why) override {
    using outcome = delivery_lane::outcome;
    auto& l = lane_of(topic, partition);
    --under_way_;
    --l.sent;
    if (why == nullptr) {
      l.is_known = true;
      l.messages.settle(token, outcome::kept);
      pause_ = pause_min;
      has_delivered_ = true;
    } else if (is_final(*why)) {
      l.messages.settle(token, outcome::refused);
      report_->refused.emplace_back(token, *why);
      has_refused_ = true;
    } else {
      l.messages.settle(token, outcome::failed);
      has_suspects_ |= why->code != errc::unavailable;
      end(*why);
    }
    take_delivered(l);
  }

  void take_delivered(kafka_lane& l) {
    if (const auto count = l.messages.take_delivered(report_->delivered)) {
      careful_left_ -= std::min<std::uint64_t>(careful_left_, count);
      l.has_moved = true;
    }
  }

  /// Whether it is this message that is refused, and not one of its company.
  bool is_final(const failure& why) const {
    return why.code == errc::forbidden
           || (why.code != errc::unavailable && pace_ == kafka_pace::one_by_one);
  }

  void on_reach(kafka_reach reach) override {
    condition_.reach(reach != kafka_reach::none);
    // Nothing waits and the next message could go: what was wrong is over.
    if (reach == kafka_reach::ready && under_way_ == 0 && !is_ending())
      condition_.trouble({});
  }
  void on_complaint(std::string_view text) override { condition_.complain(text); }

  // --- What goes to the producer. ---

  /// How long brokers remember one that is silent.
  milliseconds memory() const { return milliseconds{settings_.producer_memory_ms}; }

  /// Whether it was taken: not now, or for the reason that it never will be.
  result<bool> send(kafka_lane& l, const outgoing& message, std::uint64_t token) {
    const auto taken = producer_->produce(message, token);
    if (taken) {
      l.sent += *taken ? 1 : 0;
      return *taken;
    }
    if (taken.error().code != errc::unavailable)
      return taken.error();
    condition_.trouble(taken.error().why);
    return false;
  }

  /// After the producer told what became of messages.
  void go_on() {
    if (std::exchange(has_delivered_, false))
      condition_.deliver();
    send_held();
  }

  void send_held() {
    if (held_ == 0 || is_ending())
      return;
    for (auto& [topic, partitions] : lanes_)
      for (auto& l : partitions)
        while (!l.held.empty() && l.may_send())
          if (!send_first_held(l))
            return;
  }

  bool send_first_held(kafka_lane& l) {
    const auto& [message, token] = l.held.front();
    const auto taken = send(l, message, token);
    if (taken && !*taken)
      return false;
    if (!taken) {
      --under_way_;
      l.messages.settle(token, delivery_lane::outcome::refused);
      report_->refused.emplace_back(token, taken.error());
      take_delivered(l);
    }
    held_bytes_ -= bytes_of(message);
    --held_;
    l.held.pop_front();
    return true;
  }

  // --- Lives of producers. ---

  bool is_ending() const { return ending_until_.has_value(); }
  /// All that the failed producer had sent is settled, or has had its time.
  bool is_over() const {
    return is_ending() && (under_way_ == held_ || steady::now() >= *ending_until_);
  }

  void end(const failure& why) {
    if (is_ending())
      return;
    ending_until_ = steady::now() + ending_max;
    ending_why_ = why.why;
  }

  void notice_fatal() {
    if (const auto why = producer_->fatal()) {
      end(*why);
      // It knows more than the message that failed first.
      ending_why_ = why->why;
    }
  }

  void look_after_producer(sink_report& report) {
    notice_fatal();
    if (is_over())
      return start_over(report);
    if (pace_ == kafka_pace::one_by_one && careful_left_ == 0 && under_way_ == 0 && !is_ending()) {
      pace_ = kafka_pace::in_batches;
      restart();
    }
  }

  void start_over(sink_report& report) {
    const auto forgotten = forget();
    report.was_reset |= forgotten > 0;
    log(log_level::warn, "kafka producer starts over",
        {{"why", ending_why_}, {"forgotten", std::to_string(forgotten)}});
    condition_.trouble(std::move(ending_why_));
    // Each refusal brings the one to blame nearer; anything else has to get better by itself.
    const bool is_pause_needed = !has_suspects_ && !has_refused_;
    if (has_suspects_) {
      pace_ = kafka_pace::one_by_one;
      careful_left_ = forgotten;
    } else if (careful_left_ == 0) {
      pace_ = kafka_pace::in_batches;
    }
    ending_until_.reset();
    has_suspects_ = has_refused_ = false;
    if (is_pause_needed) {
      producer_ = nullptr;
      restart_at_ = steady::now() + std::exchange(pause_, std::min(pause_ * 2, pause_max));
    } else {
      restart();
    }
  }

  void restart() {
    producer_ = nullptr;
    lanes_.clear(); // No broker knows the new one.
    auto started = start();
    if (started)
      return;
    log(log_level::error, "kafka producer does not start", {{"why", started.error().why}});
    condition_.trouble(started.error().why);
    restart_at_ = steady::now() + std::exchange(pause_, std::min(pause_ * 2, pause_max));
  }

  // --- Accounts. ---

  std::uint64_t room() const {
    const auto limit = pace_ == kafka_pace::one_by_one
                         ? std::min<std::uint64_t>(careful_left_, settings_.queue_messages_max)
                         : settings_.queue_messages_max;
    const auto held = under_way_ + refused_at_once_.size();
    return held < limit ? limit - held : 0;
  }

  /// How many messages have to be offered again.
  std::uint64_t forget() {
    std::uint64_t count = 0;
    for (const auto& [topic, partitions] : lanes_)
      for (const auto& l : partitions)
        count += l.messages.unfinished();
    lanes_.clear();
    under_way_ = held_ = held_bytes_ = 0;
    condition_.wait_since(std::nullopt);
    return count;
  }

  bool report_refused_at_once(sink_report& report) {
    for (auto& [token, why] : refused_at_once_) {
      report.refused.emplace_back(token, std::move(why));
      careful_left_ -= careful_left_ > 0 ? 1 : 0;
    }
    return !std::exchange(refused_at_once_, {}).empty();
  }

  kafka_lane& lane_of(std::string_view topic, std::uint32_t partition) {
    auto found = lanes_.find(topic);
    if (found == lanes_.end())
      found = lanes_.try_emplace(std::string(topic)).first;
    auto& partitions = found->second;
    if (partitions.size() <= partition)
      partitions.resize(partition + 1);
    return partitions[partition];
  }

  /// Notes which lanes moved and since when the message that waits longest is under way.
  void look_at_lanes() {
    const auto now = steady::now();
    std::optional<steady::time_point> oldest;
    for (auto& [topic, partitions] : lanes_)
      for (auto& l : partitions) {
        if (std::exchange(l.has_moved, false))
          l.moved_at = now;
        if (!l.messages.is_empty() && (!oldest || l.moved_at < *oldest))
          oldest = l.moved_at;
      }
    condition_.wait_since(oldest);
    if (oldest && now - *oldest > memory())
      end(fail(errc::unavailable,
               "publishing to Kafka: a message is under way for so long that the "
               "brokers may have forgotten the producer"));
  }

  const kafka_settings settings_;
  kafka_condition condition_;
  std::map<std::string, std::vector<kafka_lane>, std::less<>> lanes_; ///< By partition.
  std::uint64_t under_way_ = 0; ///< Not settled yet, in all lanes.
  std::uint64_t held_ = 0;      ///< Those of them that the producer does not have yet.
  std::uint64_t held_bytes_ = 0;
  std::vector<std::pair<std::uint64_t, failure>> refused_at_once_;
  sink_report* report_ = nullptr; ///< Of the poll() that is running.
  kafka_pace pace_ = kafka_pace::in_batches;
  std::uint64_t careful_left_ = 0;                 ///< Messages still to be sent one by one.
  std::optional<steady::time_point> ending_until_; ///< The producer has failed.
  std::string ending_why_;
  bool has_suspects_ = false;  ///< It failed because one of several messages was refused.
  bool has_refused_ = false;   ///< A message was refused in its life.
  bool has_delivered_ = false; ///< In the poll() that is running.
  milliseconds pause_ = pause_min;
  steady::time_point restart_at_{};
  bool is_closed_ = false;
  std::unique_ptr<kafka_producer> producer_; ///< Last, so that it goes first.
};

} // namespace

result<std::unique_ptr<kafka_sink>> kafka_sink::open(const kafka_settings& s) {
  auto sink = std::make_unique<producing_sink>(s);
  if (auto started = sink->start(); !started)
    return started.error();
  return sink;
}

} // namespace dossier

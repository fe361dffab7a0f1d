// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_source.hpp"

#include "config/log.hpp"
#include "persistence/kafka_handles.hpp"
#include "persistence/kafka_log.hpp"
#include "persistence/kafka_properties.hpp"
#include "persistence/kafka_topics.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

namespace dossier {

namespace {

using steady = std::chrono::steady_clock;

constexpr const char* doing = "starting the Kafka consumer";
/// The topic is looked for so often until it is there, and so often for more partitions after.
constexpr milliseconds look_ms{1'000};
constexpr milliseconds look_again_ms{30'000};
constexpr milliseconds look_patience{1'000};

using client_owner = owned_by<rd_kafka_t, rd_kafka_destroy>;
using message_owner = owned_by<rd_kafka_message_t, rd_kafka_message_destroy>;
using list_owner = owned_by<rd_kafka_topic_partition_list_t, rd_kafka_topic_partition_list_destroy>;

std::vector<kafka_property> properties_of(const kafka_settings& s) {
  auto all = connection_properties(s);
  all.insert(all.end(),
             {
               {"group.id", s.group_id, "kafka.group_id"},
               {"enable.auto.commit", "false"},
               {"enable.auto.offset.store", "false"},
               // Where our offset is no longer there, as much as there still is.
               {"auto.offset.reset", "earliest"},
               {"isolation.level", "read_committed"},
               {"check.crcs", "true"},
               {"fetch.wait.max.ms", "100"},
               {"fetch.error.backoff.ms", "100"},
               {"queued.max.messages.kbytes", std::to_string(s.prefetch_kib), "kafka.prefetch_kib"},
             });
  return all;
}

received_message message_of(const rd_kafka_message_t& from) {
  received_message made;
  made.place
    = {static_cast<std::uint16_t>(from.partition), static_cast<std::uint64_t>(from.offset)};
  rd_kafka_timestamp_type_t kind{};
  made.at = from_ms(std::max<std::int64_t>(rd_kafka_message_timestamp(&from, &kind), 0));
  if (from.key != nullptr)
    made.key.emplace(static_cast<const char*>(from.key), from.key_len);
  if (from.payload != nullptr)
    made.value.assign(static_cast<const char*>(from.payload), from.len);
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(&from, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
    return made;
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  for (std::size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
    made.headers.emplace_back(
      name, value == nullptr ? std::string{} : std::string{static_cast<const char*>(value), size});
  return made;
}

class opened_source final : public kafka_source {
public:
  opened_source(client_owner client, const kafka_settings& s, std::uint32_t partitions,
                std::string life)
    : client_(std::move(client))
    , topic_(s.commands_topic)
    , partitions_wanted_(partitions)
    , replication_(s.topic_replication)
    , life_(std::move(life))
    , trouble_(fail(errc::unavailable, "Kafka was not asked for the topic " + topic_ + " yet")) {}

  ~opened_source() override { rd_kafka_consumer_close(client_.get()); }

  bool poll(milliseconds patience, message_listener& listener) override;
  void pause(bool is_paused) override;
  void note_handled(std::uint16_t partition, std::uint64_t next) override;
  std::optional<std::uint64_t> end_of(std::uint16_t partition) const override;
  result<void> health() const override {
    const std::lock_guard lock(mutex_);
    if (trouble_)
      return *trouble_;
    return {};
  }

private:
  void look(message_listener& listener);
  void take_on(std::uint32_t partitions, message_listener& listener);
  void assign();
  void set_trouble(std::optional<failure> why);

  const client_owner client_;
  const std::string topic_;
  const std::uint32_t partitions_wanted_;
  const std::uint16_t replication_;
  const std::string life_;
  std::map<std::uint16_t, std::uint64_t> next_; ///< What each of our partitions is read from.
  steady::time_point next_look_;
  bool is_paused_ = false;
  mutable std::mutex mutex_;
  std::optional<failure> trouble_; ///< Guarded by mutex_.
};

void opened_source::set_trouble(std::optional<failure> why) {
  const std::lock_guard lock(mutex_);
  if (why && (!trouble_ || trouble_->why != why->why))
    log(log_level::warn, "commands do not come through", {{"topic", topic_}, {"why", why->why}});
  trouble_ = std::move(why);
}

void opened_source::look(message_listener& listener) {
  const auto partitions = count_kafka_partitions(*client_, topic_, look_patience);
  next_look_ = steady::now() + (next_.empty() ? look_ms : look_again_ms);
  if (!partitions) {
    set_trouble(partitions.error());
    return;
  }
  if (*partitions == 0) {
    const auto made
      = ensure_kafka_topic(*client_, topic_, partitions_wanted_, replication_, look_patience);
    set_trouble(made ? fail(errc::unavailable, "there is no topic " + topic_ + " yet")
                     : made.error());
    return;
  }
  if (*partitions > 65'536) {
    set_trouble(fail(errc::invalid_argument, "the topic " + topic_ + " has too many partitions"));
    return;
  }
  if (next_.size() < *partitions)
    take_on(*partitions, listener);
}

void opened_source::take_on(std::uint32_t partitions, message_listener& listener) {
  char* cluster = rd_kafka_clusterid(client_.get(), static_cast<int>(look_patience.count()));
  if (cluster == nullptr) {
    set_trouble(fail(errc::unavailable, "the Kafka cluster does not say its id"));
    return;
  }
  const auto source = std::string{cluster} + life_ + "/" + topic_;
  rd_kafka_mem_free(client_.get(), cluster);
  for (std::uint32_t n = 0; n < partitions; ++n) {
    const auto partition = static_cast<std::uint16_t>(n);
    if (next_.contains(partition))
      continue;
    const auto start = listener.on_assigned(partition, source);
    if (!start) {
      set_trouble(start.error());
      next_look_ = steady::now() + look_ms;
      continue;
    }
    next_.emplace(partition, *start);
  }
  assign();
}

/// All anew, each from where it stood: librdkafka 2.0 knows no other way without a group.
void opened_source::assign() {
  const list_owner list(rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
  for (const auto& [partition, next] : next_)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset
      = static_cast<std::int64_t>(next);
  if (const auto error = rd_kafka_assign(client_.get(), list.get())) {
    set_trouble(fail(errc::unavailable,
                     std::string{"reading the topic of commands: "} + rd_kafka_err2str(error)));
    next_.clear(); // They are asked for again.
    return;
  }
  set_trouble(std::nullopt);
  if (is_paused_)
    pause(true);
}

bool opened_source::poll(milliseconds patience, message_listener& listener) {
  if (steady::now() >= next_look_)
    look(listener);
  const message_owner message(rd_kafka_consumer_poll(
    client_.get(), static_cast<int>(std::clamp<std::int64_t>(patience.count(), 0, 60'000))));
  if (message == nullptr)
    return false;
  if (message->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
    set_trouble(fail(errc::unavailable, std::string{"reading the topic of commands: "}
                                          + rd_kafka_message_errstr(message.get())));
    return true;
  }
  const auto partition = static_cast<std::uint16_t>(message->partition);
  const auto at = next_.find(partition);
  if (at == next_.end())
    return true;
  at->second = static_cast<std::uint64_t>(message->offset) + 1;
  set_trouble(std::nullopt);
  listener.on_message(message_of(*message));
  return true;
}

void opened_source::pause(bool is_paused) {
  is_paused_ = is_paused;
  if (next_.empty())
    return;
  const list_owner list(rd_kafka_topic_partition_list_new(static_cast<int>(next_.size())));
  for (const auto& [partition, next] : next_)
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition);
  if (is_paused)
    rd_kafka_pause_partitions(client_.get(), list.get());
  else
    rd_kafka_resume_partitions(client_.get(), list.get());
}

void opened_source::note_handled(std::uint16_t partition, std::uint64_t next) {
  const list_owner list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), partition)->offset
    = static_cast<std::int64_t>(next);
  // Nobody of us reads it back, so what becomes of it does not matter to us.
  rd_kafka_commit(client_.get(), list.get(), 1);
}

std::optional<std::uint64_t> opened_source::end_of(std::uint16_t partition) const {
  std::int64_t low = 0;
  std::int64_t high = 0;
  const auto error
    = rd_kafka_get_watermark_offsets(client_.get(), topic_.c_str(), partition, &low, &high);
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR || high < 0)
    return std::nullopt;
  return static_cast<std::uint64_t>(high);
}

} // namespace

result<std::unique_ptr<kafka_source>>
kafka_source::open(const kafka_settings& s, std::uint32_t partitions, std::string life) {
  if (auto good = check_connection(s, doing); !good)
    return good.error();
  owned_by<rd_kafka_conf_t, rd_kafka_conf_destroy> conf(rd_kafka_conf_new());
  if (auto applied = set_properties(*conf, properties_of(s), doing); !applied)
    return applied.error();
  rd_kafka_conf_set_log_cb(conf.get(), log_kafka_line);
  std::array<char, 512> why{};
  client_owner client(rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), why.data(), why.size()));
  if (client == nullptr)
    return fail(errc::invalid_argument,
                std::string{doing} + ": " + why.data() + "; correct the settings kafka.*");
  static_cast<void>(conf.release()); // It belongs to the consumer now.
  rd_kafka_poll_set_consumer(client.get());
  return std::unique_ptr<kafka_source>(
    new opened_source(std::move(client), s, partitions, std::move(life)));
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_producer.hpp"

#include "persistence/kafka_handles.hpp"
#include "persistence/kafka_log.hpp"
#include "persistence/kafka_properties.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

namespace {

constexpr std::uint32_t queue_kib_max = 65'536;

std::vector<kafka_property> properties_of(const kafka_settings& s, kafka_pace pace) {
  const bool is_alone = pace == kafka_pace::one_by_one;
  auto all = connection_properties(s);
  all.insert(
    all.end(),
    {
      {"linger.ms", std::to_string(s.linger_ms), "kafka.linger_ms"},
      {"compression.type", s.compression, "kafka.compression"},
      {"queue.buffering.max.messages", std::to_string(s.queue_messages_max),
       "kafka.queue_messages_max"},
      {"queue.buffering.max.kbytes", std::to_string(queue_kib_max)},
      {"enable.idempotence", "true"},
      {"enable.gapless.guarantee", "true"},
      {"acks", "all"},
      // The outbox is the queue that lasts; nothing expires in this one.
      {"message.timeout.ms", "0"},
      {"max.in.flight.requests.per.connection", is_alone ? "1" : "5"},
      {"batch.num.messages", is_alone ? "1" : "10000"},
      // A topic that is asked for too early must not come into being with the wrong partitions.
      {"allow.auto.create.topics", "false"},
      {"statistics.interval.ms", "1000"},
    });
  return all;
}

failure explain(rd_kafka_resp_err_t error, const std::string& topic, std::uint32_t partition) {
  const auto what = "publishing to " + topic + "/" + std::to_string(partition) + ": ";
  const auto said = std::string(rd_kafka_err2str(error));
  switch (error) {
  case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
  case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    return fail(errc::too_large, what + "the message is too large (" + said
                                   + "); raise the topic's max.message.bytes");
  case RD_KAFKA_RESP_ERR_INVALID_RECORD:
  case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
  case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
  case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    return fail(errc::invalid_argument, what + "the broker does not accept such a message (" + said
                                          + "); look at the topic's configuration");
  case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    return fail(errc::forbidden, what + "the broker does not let us write there (" + said
                                   + "); allow it to the user of kafka.sasl_username");
  default:
    return fail(errc::unavailable, what + said + "; the event waits in the outbox");
  }
}

using headers_owner = owned_by<rd_kafka_headers_t, rd_kafka_headers_destroy>;

headers_owner headers_of(const outgoing& message) {
  headers_owner headers(rd_kafka_headers_new(message.headers.size()));
  for (const auto& [name, value] : message.headers)
    rd_kafka_header_add(headers.get(), name.data(), static_cast<ssize_t>(name.size()), value.data(),
                        static_cast<ssize_t>(value.size()));
  return headers;
}

int timeout_of(milliseconds patience) {
  return static_cast<int>(std::clamp<std::int64_t>(patience.count(), 0, 60'000));
}

} // namespace

/// What librdkafka calls inside poll() and flush(). No exception may pass through its frames.
struct kafka_callbacks {
  static void settled(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) noexcept {
    auto* listener = static_cast<kafka_producer*>(opaque)->listener_;
    if (listener == nullptr)
      return;
    const auto* topic = rd_kafka_topic_name(message->rkt);
    const auto partition = static_cast<std::uint32_t>(message->partition);
    const auto token = reinterpret_cast<std::uintptr_t>(message->_private);
    if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
      return listener->on_settled(topic, partition, token, nullptr);
    const auto why = explain(message->err, topic, partition);
    listener->on_settled(topic, partition, token, &why);
  }

  static void complained(rd_kafka_t*, int code, const char* reason, void* opaque) noexcept {
    auto* listener = static_cast<kafka_producer*>(opaque)->listener_;
    if (listener == nullptr)
      return;
    if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
      listener->on_reach(kafka_reach::none);
    else
      listener->on_complaint(reason);
  }

  static int counted(rd_kafka_t*, char* json, std::size_t size, void* opaque) noexcept {
    auto* listener = static_cast<kafka_producer*>(opaque)->listener_;
    if (listener == nullptr)
      return 0;
    // Only brokers have the first member with this value, and quotes inside texts are escaped.
    const std::string_view text(json, size);
    const bool is_connected = text.find(R"("state":"UP")") != text.npos;
    const bool is_ready = is_connected && text.find(R"("idemp_state": "Assigned")") != text.npos;
    listener->on_reach(is_ready       ? kafka_reach::ready
                       : is_connected ? kafka_reach::connected
                                      : kafka_reach::none);
    return 0;
  }
};

result<std::unique_ptr<kafka_producer>>
kafka_producer::start(const kafka_settings& s, kafka_pace pace, kafka_listener& listener) {
  static_assert(sizeof(void*) == sizeof(std::uint64_t), "A token travels as a pointer.");
  if (auto good = check_connection(s, "starting the Kafka producer"); !good)
    return good.error();
  owned_by<rd_kafka_conf_t, rd_kafka_conf_destroy> owned(rd_kafka_conf_new());
  auto* conf = owned.get();
  if (auto applied = set_properties(*conf, properties_of(s, pace), "starting the Kafka producer");
      !applied)
    return applied.error();
  std::unique_ptr<kafka_producer> producer(new kafka_producer(listener));
  rd_kafka_conf_set_opaque(conf, producer.get());
  rd_kafka_conf_set_dr_msg_cb(conf, kafka_callbacks::settled);
  rd_kafka_conf_set_error_cb(conf, kafka_callbacks::complained);
  rd_kafka_conf_set_stats_cb(conf, kafka_callbacks::counted);
  rd_kafka_conf_set_log_cb(conf, log_kafka_line);
  std::array<char, 512> why{};
  producer->client_ = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  if (producer->client_ == nullptr)
    return fail(errc::invalid_argument, std::string("starting the Kafka producer: ") + why.data()
                                          + "; correct the settings kafka.*");
  // It belongs to the producer now.
  static_cast<void>(owned.release());
  return producer;
}

kafka_producer::~kafka_producer() {
  listener_ = nullptr;
  if (client_ == nullptr)
    return;
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT
                            | RD_KAFKA_PURGE_F_NON_BLOCKING);
  for (const auto& [name, topic] : topics_)
    if (topic != nullptr)
      rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client_);
}

rd_kafka_topic_s* kafka_producer::topic_of(const std::string& name) {
  auto& topic = topics_[name];
  if (topic == nullptr)
    topic = rd_kafka_topic_new(client_, name.c_str(), nullptr);
  return topic;
}

result<bool> kafka_producer::produce(const outgoing& message, std::uint64_t token) {
  auto* const topic = topic_of(message.topic);
  if (topic == nullptr)
    return explain(rd_kafka_last_error(), message.topic, message.partition);
  auto headers = headers_of(message);
  std::array<rd_kafka_vu_t, 7> parts{};
  parts[0].vtype = RD_KAFKA_VTYPE_RKT;
  parts[0].u.rkt = topic;
  parts[1].vtype = RD_KAFKA_VTYPE_PARTITION;
  parts[1].u.i32 = static_cast<std::int32_t>(message.partition);
  parts[2].vtype = RD_KAFKA_VTYPE_KEY;
  parts[2].u.mem = {const_cast<char*>(message.key.data()), message.key.size()};
  parts[3].vtype = RD_KAFKA_VTYPE_VALUE;
  parts[3].u.mem = {const_cast<char*>(message.value.data()), message.value.size()};
  parts[4].vtype = RD_KAFKA_VTYPE_HEADERS;
  parts[4].u.headers = headers.get();
  parts[5].vtype = RD_KAFKA_VTYPE_OPAQUE;
  parts[5].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
  parts[6].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
  parts[6].u.i = RD_KAFKA_MSG_F_COPY;
  const owned_by<rd_kafka_error_t, rd_kafka_error_destroy> error(
    rd_kafka_produceva(client_, parts.data(), parts.size()));
  if (error == nullptr) {
    // They belong to librdkafka now.
    static_cast<void>(headers.release());
    return true;
  }
  const auto code = rd_kafka_error_code(error.get());
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL)
    return false;
  return explain(code, message.topic, message.partition);
}

void kafka_producer::poll(milliseconds patience) {
  rd_kafka_poll(client_, timeout_of(patience));
}

void kafka_producer::flush(milliseconds patience) {
  rd_kafka_flush(client_, timeout_of(patience));
}

void kafka_producer::give_up_unsent() {
  rd_kafka_purge(client_, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
}

std::optional<failure> kafka_producer::fatal() const {
  std::array<char, 512> why{};
  if (rd_kafka_fatal_error(client_, why.data(), why.size()) == RD_KAFKA_RESP_ERR_NO_ERROR)
    return std::nullopt;
  return fail(errc::unavailable,
              std::string("publishing to Kafka: ") + why.data() + "; the producer starts over");
}

} // namespace dossier

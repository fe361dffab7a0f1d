// SPDX-License-Identifier: Apache-2.0
// Reads a topic back with a plain consumer, so that no code of ours stands between a test and the
// bytes that the broker keeps.
#pragma once

#include "persistence/event_sink.hpp"

#include <boost/test/unit_test.hpp>
#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace dossier {

class kafka_reader {
public:
  explicit kafka_reader(const std::string& servers)
    : client_(start(servers), rd_kafka_destroy) {
    rd_kafka_poll_set_consumer(client_.get());
  }

  /// Everything in the partition, from its beginning to its present end.
  std::vector<outgoing> read(const std::string& topic, std::uint32_t partition) {
    assign(topic, partition);
    std::vector<outgoing> found;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
    while (std::chrono::steady_clock::now() < deadline) {
      const std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> message(
        rd_kafka_consumer_poll(client_.get(), 100), rd_kafka_message_destroy);
      if (message == nullptr)
        continue;
      if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
        return found;
      if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR)
        found.push_back(copy_of(*message, topic, partition));
      else
        BOOST_TEST_MESSAGE("reader: " << rd_kafka_message_errstr(message.get()));
    }
    BOOST_ERROR("The end of " + topic + "/" + std::to_string(partition) + " was not reached.");
    return found;
  }

private:
  static rd_kafka_t* start(const std::string& servers) {
    char why[512] = "";
    auto* conf = rd_kafka_conf_new();
    for (const auto& [name, value] :
         {std::pair{"bootstrap.servers", servers.c_str()}, std::pair{"group.id", "reader"},
          std::pair{"enable.partition.eof", "true"}, std::pair{"enable.auto.commit", "false"},
          std::pair{"fetch.wait.max.ms", "10"}, std::pair{"log_level", "2"}})
      BOOST_REQUIRE_EQUAL(rd_kafka_conf_set(conf, name, value, why, sizeof why), RD_KAFKA_CONF_OK);
    auto* client = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof why);
    BOOST_REQUIRE_MESSAGE(client != nullptr, why);
    return client;
  }

  void assign(const std::string& topic, std::uint32_t partition) {
    const std::unique_ptr<rd_kafka_topic_partition_list_t,
                          decltype(&rd_kafka_topic_partition_list_destroy)>
      one(rd_kafka_topic_partition_list_new(1), rd_kafka_topic_partition_list_destroy);
    rd_kafka_topic_partition_list_add(one.get(), topic.c_str(),
                                      static_cast<std::int32_t>(partition))
      ->offset
      = RD_KAFKA_OFFSET_BEGINNING;
    BOOST_REQUIRE_EQUAL(rd_kafka_assign(client_.get(), one.get()), RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  static outgoing copy_of(const rd_kafka_message_t& message, const std::string& topic,
                          std::uint32_t partition) {
    outgoing copy{topic, partition, {}, {}, {}};
    copy.key.assign(static_cast<const char*>(message.key), message.key_len);
    copy.value.assign(static_cast<const char*>(message.payload), message.len);
    rd_kafka_headers_t* headers = nullptr;
    if (rd_kafka_message_headers(&message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
      return copy;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(headers, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
         ++i)
      copy.headers.emplace_back(name, std::string(static_cast<const char*>(value), size));
    return copy;
  }

  std::unique_ptr<rd_kafka_t, decltype(&rd_kafka_destroy)> client_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/development_broker.hpp"

#include "persistence/kafka_log.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <array>
#include <utility>

namespace dossier {

/// The cluster lives on the thread of a client that is used for nothing else.
struct development_broker::parts {
  rd_kafka_t* client = nullptr;
  rd_kafka_mock_cluster_t* cluster = nullptr;
  int brokers = 0;

  parts() = default;
  parts(const parts&) = delete;
  parts& operator=(const parts&) = delete;
  ~parts() {
    if (cluster != nullptr)
      rd_kafka_mock_cluster_destroy(cluster);
    if (client != nullptr)
      rd_kafka_destroy(client);
  }
};

development_broker::development_broker(std::unique_ptr<parts> owned)
  : parts_(std::move(owned)) {}

development_broker::~development_broker() = default;

result<std::unique_ptr<development_broker>> development_broker::start(int brokers) {
  auto owned = std::make_unique<parts>();
  std::array<char, 512> why{};
  auto* conf = rd_kafka_conf_new();
  rd_kafka_conf_set_log_cb(conf, log_kafka_line);
  owned->client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why.data(), why.size());
  if (owned->client == nullptr) {
    rd_kafka_conf_destroy(conf);
    return fail(errc::unavailable, std::string("starting the development broker: ") + why.data()
                                     + "; free some threads or set kafka.bootstrap_servers");
  }
  owned->cluster = rd_kafka_mock_cluster_new(owned->client, brokers);
  owned->brokers = brokers;
  if (owned->cluster == nullptr)
    return fail(errc::unavailable, "starting the development broker: it gets no loopback port; "
                                   "free some or set kafka.bootstrap_servers");
  return std::unique_ptr<development_broker>(new development_broker(std::move(owned)));
}

std::string development_broker::bootstrap_servers() const {
  return rd_kafka_mock_cluster_bootstraps(parts_->cluster);
}

result<void> development_broker::create_topic(const std::string& name, std::uint32_t partitions) {
  const auto error = rd_kafka_mock_topic_create(parts_->cluster, name.c_str(),
                                                static_cast<int>(partitions), parts_->brokers);
  if (error == RD_KAFKA_RESP_ERR_NO_ERROR)
    return {};
  return fail(error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS ? errc::conflict : errc::unavailable,
              "making the topic " + name + " in the development broker: " + rd_kafka_err2str(error)
                + "; choose another name");
}

void development_broker::fail_requests(std::int16_t api_key,
                                       const std::vector<std::int16_t>& errors) {
  std::vector<rd_kafka_resp_err_t> codes;
  for (const auto error : errors)
    codes.push_back(static_cast<rd_kafka_resp_err_t>(error));
  rd_kafka_mock_push_request_errors_array(parts_->cluster, api_key, codes.size(), codes.data());
}

void development_broker::take_down() {
  for (int broker = 1; broker <= parts_->brokers; ++broker)
    take_down(broker);
}

void development_broker::bring_up() {
  for (int broker = 1; broker <= parts_->brokers; ++broker)
    bring_up(broker);
}

void development_broker::take_down(int broker) {
  rd_kafka_mock_broker_set_down(parts_->cluster, broker);
}

void development_broker::bring_up(int broker) {
  rd_kafka_mock_broker_set_up(parts_->cluster, broker);
}

void development_broker::move_leader(const std::string& topic, std::uint32_t partition,
                                     int broker) {
  rd_kafka_mock_partition_set_leader(parts_->cluster, topic.c_str(),
                                     static_cast<std::int32_t>(partition), broker);
}

void development_broker::delay_answers(milliseconds delay) {
  for (int broker = 1; broker <= parts_->brokers; ++broker)
    rd_kafka_mock_broker_set_rtt(parts_->cluster, broker, static_cast<int>(delay.count()));
}

} // namespace dossier

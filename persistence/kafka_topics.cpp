// SPDX-License-Identifier: Apache-2.0
#include "persistence/kafka_topics.hpp"

#include "persistence/kafka_handles.hpp"

#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <thread>
#include <utility>

namespace dossier {

namespace {

using steady = std::chrono::steady_clock;

constexpr milliseconds pause{50};

int left_ms(steady::time_point deadline) {
  const auto left = std::chrono::duration_cast<milliseconds>(deadline - steady::now()).count();
  return static_cast<int>(std::clamp<std::int64_t>(left, 1, 60'000));
}

failure failed(const std::string& name, rd_kafka_resp_err_t error, const std::string& said) {
  const bool is_forbidden = error == RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED
                            || error == RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED;
  return fail(is_forbidden ? errc::forbidden : errc::unavailable,
              "looking for the topic " + name + ": " + said
                + (is_forbidden ? "; make it by hand or let the user of kafka.sasl_username make it"
                                : "; it is asked for again, check kafka.bootstrap_servers"));
}

/// How many partitions it has; 0: there is no such topic.
result<std::uint32_t> count_partitions(rd_kafka_t& client, const std::string& name,
                                       steady::time_point deadline) {
  const owned_by<rd_kafka_topic_t, rd_kafka_topic_destroy> topic(
    rd_kafka_topic_new(&client, name.c_str(), nullptr));
  if (topic == nullptr)
    return failed(name, rd_kafka_last_error(), rd_kafka_err2str(rd_kafka_last_error()));
  const rd_kafka_metadata_t* raw = nullptr;
  const auto error = rd_kafka_metadata(&client, 0, topic.get(), &raw, left_ms(deadline));
  if (error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return failed(name, error, rd_kafka_err2str(error));
  const owned_by<const rd_kafka_metadata_t, rd_kafka_metadata_destroy> metadata(raw);
  if (metadata->topic_cnt != 1)
    return failed(name, RD_KAFKA_RESP_ERR_UNKNOWN, "the broker did not speak of it");
  const auto& found = metadata->topics[0];
  if (found.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
    return 0u;
  if (found.err != RD_KAFKA_RESP_ERR_NO_ERROR)
    return failed(name, found.err, rd_kafka_err2str(found.err));
  return static_cast<std::uint32_t>(found.partition_cnt);
}

/// Succeeds also if another process made it meanwhile.
result<void> create(rd_kafka_t& client, const std::string& name, std::uint32_t partitions,
                    std::uint16_t replication, steady::time_point deadline) {
  std::array<char, 512> why{};
  const owned_by<rd_kafka_NewTopic_t, rd_kafka_NewTopic_destroy> topic(
    rd_kafka_NewTopic_new(name.c_str(), static_cast<int>(partitions),
                          replication == 0 ? -1 : replication, why.data(), why.size()));
  if (topic == nullptr)
    return failed(name, RD_KAFKA_RESP_ERR__INVALID_ARG, why.data());
  const owned_by<rd_kafka_AdminOptions_t, rd_kafka_AdminOptions_destroy> options(
    rd_kafka_AdminOptions_new(&client, RD_KAFKA_ADMIN_OP_CREATETOPICS));
  for (const auto set :
       {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout})
    if (const auto error = set(options.get(), left_ms(deadline), why.data(), why.size());
        error != RD_KAFKA_RESP_ERR_NO_ERROR)
      return failed(name, error, why.data());
  const owned_by<rd_kafka_queue_t, rd_kafka_queue_destroy> answers(rd_kafka_queue_new(&client));
  std::array all{topic.get()};
  rd_kafka_CreateTopics(&client, all.data(), all.size(), options.get(), answers.get());
  const owned_by<rd_kafka_event_t, rd_kafka_event_destroy> answer(
    rd_kafka_queue_poll(answers.get(), left_ms(deadline)));
  if (answer == nullptr)
    return failed(name, RD_KAFKA_RESP_ERR__TIMED_OUT, "making it took too long");
  if (const auto error = rd_kafka_event_error(answer.get()); error != RD_KAFKA_RESP_ERR_NO_ERROR)
    return failed(name, error, rd_kafka_event_error_string(answer.get()));
  std::size_t count = 0;
  const auto* made
    = rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer.get()), &count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto error = rd_kafka_topic_result_error(made[i]);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
      continue;
    const auto* said = rd_kafka_topic_result_error_string(made[i]);
    return failed(name, error, said == nullptr ? rd_kafka_err2str(error) : said);
  }
  return {};
}

} // namespace

result<void> ensure_kafka_topic(rd_kafka_s& client, const std::string& name,
                                std::uint32_t partitions, std::uint16_t replication,
                                milliseconds patience) {
  const auto deadline = steady::now() + patience;
  auto found = count_partitions(client, name, deadline);
  if (found && *found == 0) {
    if (auto made = create(client, name, partitions, replication, deadline); !made)
      return made.error();
    // A controller makes topics, and the broker that is asked hears of them a little later.
    do {
      std::this_thread::sleep_for(pause);
      found = count_partitions(client, name, deadline);
    } while (found && *found == 0 && steady::now() < deadline);
  }
  if (!found)
    return found.error();
  if (*found == 0)
    return failed(name, RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC, "it was made and is not shown yet");
  if (*found < partitions)
    return fail(errc::conflict, "looking for the topic " + name + ": it has "
                                  + std::to_string(*found) + " partitions and must have "
                                  + std::to_string(partitions)
                                  + "; name another one in kafka.documents_topic, or make this one "
                                    "anew while nothing uses it");
  return {};
}

result<std::uint32_t> count_kafka_partitions(rd_kafka_s& client, const std::string& name,
                                             milliseconds patience) {
  return count_partitions(client, name, steady::now() + patience);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// One life of librdkafka's producer: idempotent (KIP-98), without gaps, acknowledged by all
// replicas, never giving a message up by time. It ends with its first fatal error; who starts the
// next one is the sink's business. Belongs to one thread; librdkafka's own threads never call back.
#pragma once

#include "config/settings.hpp"
#include "persistence/event_sink.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct rd_kafka_s;
struct rd_kafka_topic_s;

namespace dossier {

/// How messages travel. A broker refuses requests, not messages, so the one that it will not take
/// is known for certain only if it travels alone.
enum class kafka_pace { in_batches, one_by_one };

/// How near the brokers are: connected to none, to any, or with a producer id to send under.
enum class kafka_reach { none, connected, ready };

/// Told of news inside poll() and flush(), on their thread. Must not throw.
class kafka_listener {
public:
  /// `why` is nullptr if all in-sync replicas have the message. Else errc::unavailable: it was not
  /// taken, though perhaps kept; errc::forbidden: its topic is closed to us; any other: the broker
  /// refuses for good the request that the message travelled in.
  virtual void on_settled(std::string_view topic, std::uint32_t partition, std::uint64_t token,
                          const failure* why)
    = 0;
  /// At least once a second.
  virtual void on_reach(kafka_reach reach) = 0;
  /// What librdkafka complained of last: a connection, a name, a certificate, a password.
  virtual void on_complaint(std::string_view text) = 0;

protected:
  ~kafka_listener() = default;
};

class kafka_producer {
public:
  /// Needs bootstrap_servers. Refuses as invalid_argument, by name, what librdkafka does not take.
  /// Reaches for brokers in the background.
  static result<std::unique_ptr<kafka_producer>> start(const kafka_settings& s, kafka_pace pace,
                                                       kafka_listener& listener);
  /// Gives up what is under way; the listener hears nothing more. Takes as long as a look-up of a
  /// name that is under way.
  ~kafka_producer();
  kafka_producer(const kafka_producer&) = delete;
  kafka_producer& operator=(const kafka_producer&) = delete;

  /// True: taken. False: full. Fails as on_settled() would, with nothing taken. Never blocks.
  result<bool> produce(const outgoing& message, std::uint64_t token);
  /// Waits at most `patience` for news.
  void poll(milliseconds patience);
  /// The same, but until all is settled, and nothing lingers meanwhile.
  void flush(milliseconds patience);
  /// Settles as unavailable, at the next poll, what has not been sent yet.
  void give_up_unsent();
  /// Why this life is over, if it is.
  std::optional<failure> fatal() const;
  /// For requests that are not about messages.
  rd_kafka_s& client() { return *client_; }

private:
  friend struct kafka_callbacks;
  explicit kafka_producer(kafka_listener& listener)
    : listener_(&listener) {}
  /// librdkafka's handle of a topic; nullptr if the name is none.
  rd_kafka_topic_s* topic_of(const std::string& name);

  kafka_listener* listener_;
  rd_kafka_s* client_ = nullptr;
  std::map<std::string, rd_kafka_topic_s*> topics_; ///< Looking one up by its name takes a lock.
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The way to the event backbone, put together: Kafka, or the development broker where none is
// configured; the publisher that brings the feed there, the one that brings rows there, and the
// threads they live on. Started after the store, stopped before it.
#pragma once

#include "actors/row_publisher_thread.hpp"
#include "config/settings.hpp"
#include "gateway/metrics.hpp"
#include "persistence/development_broker.hpp"
#include "persistence/feed_messages.hpp"
#include "persistence/kafka_sink.hpp"
#include "persistence/kafka_source.hpp"
#include "persistence/outbox_publisher.hpp"
#include "persistence/publisher_thread.hpp"

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

class backbone {
public:
  /// Fails if the settings are no good; a broker that is away is no failure but a matter of
  /// health(). Nothing is sent yet. The journal and the clock outlive it.
  static result<std::unique_ptr<backbone>> open(const kafka_settings& settings, journal& store,
                                                const clock& time, feed_messages::upload_url grant);
  ~backbone();
  backbone(const backbone&) = delete;
  backbone& operator=(const backbone&) = delete;

  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);
  /// Begins to send. What rows are read from outlives it.
  void start(const row_walk_sources& rows);
  /// Publishes what it can within kafka.close_ms_max; the rest follows after the next start.
  void stop();

  /// Where commands come from; nullptr if none are taken. Lives as long as this.
  message_source* commands() { return source_.get(); }

  /// Where the events go, for people.
  std::string description() const;
  /// Why events, commands or rows do not get through at present. Any thread.
  result<void> health() const;
  std::vector<metric> metrics() const;

private:
  backbone(const kafka_settings& settings, journal& store, const clock& time);
  /// Without rows, which may wait for reasons of their own.
  result<void> health_of_messages() const;
  /// Another producer: rows must not keep events waiting.
  result<std::unique_ptr<event_sink>> open_row_sink() const;

  const kafka_settings settings_;
  journal& store_;
  const clock& time_;
  std::unique_ptr<development_broker> broker_; ///< Only without kafka.bootstrap_servers.
  std::unique_ptr<message_source> source_;     ///< Only if commands are taken.
  std::unique_ptr<event_sink> sink_;
  std::unique_ptr<outbox_publisher> publisher_;
  std::unique_ptr<row_news> row_news_;
  std::unique_ptr<row_publisher> row_publisher_;
  std::atomic<const row_publisher*> rows_{nullptr}; ///< The same, once it was started; any thread.
  std::optional<publisher_thread> thread_;
  /// The same, once it is there: batches are committed while it is started.
  std::atomic<publisher_thread*> waking_{nullptr};
  std::optional<row_publisher_thread> row_thread_;
};

} // namespace dossier

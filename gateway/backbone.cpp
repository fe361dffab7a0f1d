// SPDX-License-Identifier: Apache-2.0
#include "gateway/backbone.hpp"

#include "gateway/part_metrics.hpp"
#include "persistence/topic_sink.hpp"

#include <utility>

namespace dossier {

backbone::backbone(const kafka_settings& settings, journal& store, const clock& time)
  : settings_(settings)
  , store_(store)
  , time_(time) {}

backbone::~backbone() {
  stop();
}

result<std::unique_ptr<backbone>> backbone::open(const kafka_settings& settings, journal& store,
                                                 const clock& time,
                                                 feed_messages::upload_url grant) {
  std::unique_ptr<backbone> made{new backbone{settings, store, time}};
  auto reached = settings;
  // A cluster in memory begins anew with each start, whatever it calls itself.
  std::string life;
  const std::vector<std::string> topics{settings.documents_topic, settings.ingestion_topic,
                                        settings.replies_topic, settings.dead_letters_topic};
  if (settings.bootstrap_servers.empty()) {
    auto broker = development_broker::start();
    if (!broker)
      return broker.error();
    made->broker_ = std::move(*broker);
    auto all = topics;
    all.push_back(settings.commands_topic);
    for (const auto& topic : all)
      if (auto there = made->broker_->create_topic(topic, store.shard_count()); !there)
        return there.error();
    reached.bootstrap_servers = made->broker_->bootstrap_servers();
    life = "-" + std::to_string(to_ms(time.now()));
  }
  if (settings.takes_commands) {
    auto source = kafka_source::open(reached, store.shard_count(), std::move(life));
    if (!source)
      return source.error();
    made->source_ = std::move(*source);
  }
  auto sink = kafka_sink::open(reached);
  if (!sink)
    return sink.error();
  made->sink_ = std::make_unique<topic_sink>(std::move(*sink), topics, store.shard_count());
  outbox_publisher::limits limits;
  limits.in_flight_max = settings.queue_messages_max;
  made->publisher_ = std::make_unique<outbox_publisher>(
    store, *made->sink_, time, feed_messages{settings, store, std::move(grant)}, limits);
  auto news = row_news::open(store);
  if (!news)
    return news.error();
  made->row_news_ = std::move(*news);
  return made;
}

result<std::unique_ptr<event_sink>> backbone::open_row_sink() const {
  auto reached = settings_;
  reached.queue_messages_max = settings_.rows_in_flight_max;
  topic_sink::maker make;
  if (broker_ != nullptr) {
    reached.bootstrap_servers = broker_->bootstrap_servers();
    make = [&broker = *broker_](const std::string& topic, std::uint32_t partitions) {
      return broker.create_topic(topic, partitions);
    };
  }
  auto sink = kafka_sink::open(reached);
  if (!sink)
    return sink.error();
  return std::make_unique<topic_sink>(std::move(*sink), std::vector<std::string>{},
                                      store_.shard_count(), std::move(make));
}

void backbone::start(const row_walk_sources& rows) {
  waking_.store(&thread_.emplace(*publisher_));
  row_publisher::limits limits;
  limits.wire = {settings_.rows_topic_prefix, settings_.source, store_.shard_count()};
  limits.in_flight_max = settings_.rows_in_flight_max;
  row_publisher_
    = std::make_unique<row_publisher>(row_publisher_parts{store_, *row_news_, rows, time_,
                                                          [this] {
                                                            return open_row_sink();
                                                          }},
                                      limits);
  rows_.store(row_publisher_.get());
  row_thread_.emplace(*row_publisher_);
}

void backbone::committed(const batch& b) {
  row_news_->committed(b);
  // What the publisher was told before its thread was there, the thread finds by itself.
  if (auto* thread = waking_.load())
    thread->committed(b);
  else
    publisher_->committed(b);
}

void backbone::stop() {
  const milliseconds patience{settings_.close_ms_max};
  if (row_thread_)
    row_thread_->ask_to_stop(patience);
  if (thread_)
    thread_->stop(patience);
  if (row_thread_)
    row_thread_->join();
}

std::string backbone::description() const {
  if (broker_ != nullptr)
    return broker_->bootstrap_servers() + " (development broker in memory; topic "
           + settings_.documents_topic + ")";
  return settings_.bootstrap_servers + " (topic " + settings_.documents_topic + ")";
}

result<void> backbone::health_of_messages() const {
  if (auto good = sink_->health(); !good)
    return good;
  return source_ ? source_->health() : result<void>{};
}

result<void> backbone::health() const {
  if (auto good = health_of_messages(); !good)
    return good;
  const auto* rows = rows_.load();
  return rows ? rows->health() : result<void>{};
}

std::vector<metric> backbone::metrics() const {
  using kind = metric::kind_type;
  const auto& stats = publisher_->stats();
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return static_cast<double>(counter.load());
  };
  std::vector<metric> all{
    {"dossier_outbox_delivered_total", "Events that the backbone has acknowledged.", kind::counter,
     value(stats.delivered)},
    {"dossier_outbox_in_flight", "Events offered to the backbone and not acknowledged.",
     kind::gauge, value(stats.on_their_way)},
    {"dossier_outbox_resets_total", "How often everything on its way was sent again.",
     kind::counter, value(stats.resets)},
    {"dossier_outbox_refused_total", "Events that the backbone refused; they are tried again.",
     kind::counter, value(stats.refused)},
    {"dossier_outbox_unreadable_total", "Events that could not be read; their shard waits.",
     kind::counter, value(stats.unreadable)},
    {"dossier_backbone_up", "1 while events get through to the backbone.", kind::gauge,
     health_of_messages() ? 1.0 : 0.0},
  };
  if (const auto* rows = rows_.load()) {
    const auto more = row_metrics(rows->stats(), time_.now());
    all.insert(all.end(), more.begin(), more.end());
  }
  return all;
}

} // namespace dossier

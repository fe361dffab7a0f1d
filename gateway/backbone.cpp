// SPDX-License-Identifier: Apache-2.0
#include "gateway/backbone.hpp"

#include "persistence/topic_sink.hpp"
#include "protocol/cloud_event.hpp"

#include <utility>

namespace dossier {

namespace {

outbox_publisher::wire wire_of(const kafka_settings& settings) {
  const bool is_structured = settings.mode == "structured";
  return [topic = settings.documents_topic, source = settings.source, is_structured](
           const feed_row& row, const envelope* recorded) -> result<std::optional<outgoing>> {
    if (recorded == nullptr || row.entity.kind != entity_kind::document)
      return std::nullopt;
    const auto event = make_cloud_event(row.entity, row.sequence, *recorded, source);
    auto message = is_structured ? to_structured(event) : to_binary(event);
    return outgoing{topic, row.shard, row.entity.id.text(), std::move(message.headers),
                    std::move(message.value)};
  };
}

} // namespace

backbone::backbone(const kafka_settings& settings)
  : settings_(settings) {}

backbone::~backbone() {
  stop();
}

result<std::unique_ptr<backbone>> backbone::start(const kafka_settings& settings, journal& store,
                                                  const clock& time) {
  std::unique_ptr<backbone> made{new backbone{settings}};
  auto reached = settings;
  if (settings.bootstrap_servers.empty()) {
    auto broker = development_broker::start();
    if (!broker)
      return broker.error();
    made->broker_ = std::move(*broker);
    if (auto topic = made->broker_->create_topic(settings.documents_topic, store.shard_count());
        !topic)
      return topic.error();
    reached.bootstrap_servers = made->broker_->bootstrap_servers();
  }
  auto sink = kafka_sink::open(reached);
  if (!sink)
    return sink.error();
  made->sink_
    = std::make_unique<topic_sink>(std::move(*sink), settings.documents_topic, store.shard_count());
  outbox_publisher::limits limits;
  limits.in_flight_max = settings.queue_messages_max;
  made->publisher_
    = std::make_unique<outbox_publisher>(store, *made->sink_, time, wire_of(settings), limits);
  made->thread_.emplace(*made->publisher_);
  return made;
}

void backbone::stop() {
  if (thread_)
    thread_->stop(milliseconds{settings_.close_ms_max});
}

std::string backbone::description() const {
  if (broker_ != nullptr)
    return broker_->bootstrap_servers() + " (development broker in memory; topic "
           + settings_.documents_topic + ")";
  return settings_.bootstrap_servers + " (topic " + settings_.documents_topic + ")";
}

result<void> backbone::health() const {
  return sink_->health();
}

std::vector<metric> backbone::metrics() const {
  using kind = metric::kind_type;
  const auto& stats = publisher_->stats();
  const auto value = [](const std::atomic<std::uint64_t>& counter) {
    return static_cast<double>(counter.load());
  };
  return {
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
     health() ? 1.0 : 0.0},
  };
}

} // namespace dossier

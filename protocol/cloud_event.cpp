// SPDX-License-Identifier: Apache-2.0
// Makes CloudEvents and writes them. protocol/cloud_event_codec.cpp reads what others wrote.
#include "protocol/cloud_event.hpp"

#include "protocol/assert.hpp"
#include "protocol/json_text.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr std::size_t sequence_digits = 20; // Of the largest std::uint64_t.
constexpr std::size_t headers_max = 12;     // All attributes and the content type.

std::string padded(std::uint64_t sequence) {
  const std::string digits = std::to_string(sequence);
  return std::string(sequence_digits - digits.size(), '0') + digits;
}

/// Names each attribute that the event has, but not its data and content type, in one order. Texts
/// of an event that may be changed may be moved from.
template <class Event, class Put>
void put_attributes(Event& e, Put put) {
  put("specversion", "1.0");
  put("id", e.id);
  put("source", e.source);
  put("type", e.type);
  if (!e.subject.empty())
    put("subject", e.subject);
  put("time", to_rfc3339(e.time));
  put("dataschema", e.dataschema);
  if (e.sequence > 0)
    put("sequence", padded(e.sequence));
  if (!e.partitionkey.empty())
    put("partitionkey", e.partitionkey);
  if (!e.traceparent.empty())
    put("traceparent", e.traceparent);
  if (!e.causationid.empty())
    put("causationid", e.causationid);
}

} // namespace

std::string schema_uri(std::string_view type, std::uint32_t version) {
  return "dossier:/schemas/" + std::string{type} + "/" + std::to_string(version);
}

cloud_event make_cloud_event(const entity_ref& entity, std::uint64_t sequence, envelope recorded,
                             std::string_view source) {
  DOSSIER_ASSERT(sequence > 0, "an entity's events are counted from 1");
  cloud_event e;
  e.partitionkey = entity.id.text();
  e.id = e.partitionkey + "-" + std::to_string(sequence);
  e.source = source;
  e.dataschema = schema_uri(recorded.type, recorded.version);
  e.type = std::move(recorded.type);
  e.subject = entity.text();
  e.time = recorded.at;
  e.sequence = sequence;
  e.traceparent = std::move(recorded.cause.traceparent);
  e.causationid = std::move(recorded.cause.request_id);
  e.data = std::move(recorded.data);
  return e;
}

event_message to_binary(cloud_event e) {
  event_message message;
  message.headers.reserve(headers_max);
  put_attributes(e, [&](std::string_view name, auto&& value) {
    message.headers.emplace_back("ce_" + std::string(name), std::move(value));
  });
  message.headers.emplace_back("content-type", "application/json");
  message.value = std::move(e.data);
  return message;
}

event_message to_structured(const cloud_event& e) {
  json_writer w(512 + e.data.size());
  w.begin_object();
  put_attributes(
    e, [&](std::string_view name, const std::string& value) { w.key(name).string(value); });
  w.key("datacontenttype").string("application/json");
  w.key("data").raw(e.data);
  w.end_object();
  return {{{"content-type", "application/cloudevents+json; charset=UTF-8"}}, w.take()};
}

std::string_view received_event::extension(std::string_view name) const {
  const auto found = extensions.find(name);
  return found == extensions.end() ? std::string_view{} : std::string_view{found->second};
}

} // namespace dossier

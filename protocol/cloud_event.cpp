// SPDX-License-Identifier: Apache-2.0
// Makes CloudEvents and writes them. protocol/cloud_event_codec.cpp reads what others wrote.
#include "protocol/cloud_event.hpp"

#include "protocol/assert.hpp"
#include "protocol/json_text.hpp"

#include <array>

namespace dossier {

namespace {

constexpr std::size_t headers_max = 12; // All attributes and the content type.

/// As many digits as the largest number has.
std::array<char, 20> padded(std::uint64_t number) {
  std::array<char, 20> digits;
  for (auto at = digits.rbegin(); at != digits.rend(); ++at, number /= 10)
    *at = static_cast<char>('0' + number % 10);
  return digits;
}

template <std::size_t size>
std::string_view text_of(const std::array<char, size>& characters) {
  return {characters.data(), size};
}

/// Names each attribute that the event has, but not its data and content type, in one order.
template <class Put>
void put_attributes(const cloud_event& e, Put put) {
  put("specversion", "1.0");
  put("id", e.id);
  put("source", e.source);
  put("type", e.type);
  if (!e.subject.empty())
    put("subject", e.subject);
  put("time", text_of(rfc3339_characters(e.time)));
  put("dataschema", e.dataschema);
  if (e.sequence > 0)
    put("sequence", text_of(padded(e.sequence)));
  if (!e.partitionkey.empty())
    put("partitionkey", e.partitionkey);
  if (!e.traceparent.empty())
    put("traceparent", e.traceparent);
  if (!e.causationid.empty())
    put("causationid", e.causationid);
}

void put_schema_uri(std::string_view type, std::uint32_t version, std::string& into) {
  into.assign("dossier:/schemas/").append(type).append("/").append(std::to_string(version));
}

} // namespace

std::string schema_uri(std::string_view type, std::uint32_t version) {
  std::string uri;
  put_schema_uri(type, version, uri);
  return uri;
}

void make_cloud_event(const entity_ref& entity, std::uint64_t sequence, const envelope& recorded,
                      std::string_view source, cloud_event& into) {
  DOSSIER_ASSERT(sequence > 0, "an entity's events are counted from 1");
  into.partitionkey = entity.id.text();
  into.id.assign(into.partitionkey).append("-").append(std::to_string(sequence));
  into.source.assign(source);
  into.type.assign(recorded.type);
  into.subject.assign(to_string(entity.kind)).append("/").append(into.partitionkey);
  into.time = recorded.at;
  into.sequence = sequence;
  put_schema_uri(recorded.type, recorded.version, into.dataschema);
  into.traceparent.assign(recorded.cause.traceparent);
  into.causationid.assign(recorded.cause.request_id);
  into.data.assign(recorded.data);
}

cloud_event make_cloud_event(const entity_ref& entity, std::uint64_t sequence,
                             const envelope& recorded, std::string_view source) {
  cloud_event e;
  make_cloud_event(entity, sequence, recorded, source, e);
  return e;
}

void to_binary(const cloud_event& e, event_headers& headers, std::string& value) {
  headers.reserve(headers_max);
  std::size_t count = 0;
  const auto next = [&]() -> event_headers::value_type& {
    if (count == headers.size())
      headers.emplace_back();
    return headers[count++];
  };
  put_attributes(e, [&](std::string_view name, std::string_view text) {
    auto& header = next();
    header.first.assign("ce_").append(name);
    header.second.assign(text);
  });
  auto& content_type = next();
  content_type.first.assign("content-type");
  content_type.second.assign("application/json");
  headers.resize(count);
  value.assign(e.data);
}

event_message to_binary(const cloud_event& e) {
  event_message message;
  to_binary(e, message.headers, message.value);
  return message;
}

event_message to_structured(const cloud_event& e) {
  json_writer w(512 + e.data.size());
  w.begin_object();
  put_attributes(e,
                 [&](std::string_view name, std::string_view text) { w.key(name).string(text); });
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

// SPDX-License-Identifier: Apache-2.0
// Reads CloudEvents that others wrote. Both modes become attributes, which one place checks, so
// that no mode is laxer than the other.
#include "protocol/cloud_event.hpp"
#include "protocol/digest.hpp"
#include "protocol/event_attributes.hpp"
#include "protocol/json_members.hpp"
#include "protocol/media_type.hpp"

#include <algorithm>
#include <charconv>

namespace dossier {

namespace {

constexpr std::string_view event_type = "application/cloudevents";
constexpr std::string_view event_batch_type = "application/cloudevents-batch";
constexpr std::string_view json_event_type = "application/cloudevents+json";
constexpr std::string_view header_prefix = "ce_";

result<void> check_size(std::string_view value) {
  if (value.size() > received_bytes_max)
    return refused_event("data", "comes in a message of " + std::to_string(value.size())
                                   + " bytes; at most " + std::to_string(received_bytes_max)
                                   + " are read");
  return {};
}

/// The value of content-type, nullopt if there is none.
result<std::optional<std::string_view>> content_type_of(const event_headers& headers) {
  std::optional<std::string_view> found;
  for (const auto& [name, value] : headers) {
    if (name != "content-type")
      continue;
    if (found)
      return refused_event("content-type", "stands there twice; send it once");
    found = value;
  }
  return found;
}

/// Bytes declared as JSON become JSON text without spaces. No bytes are no data.
result<std::string> read_data(std::string_view bytes, std::string_view content_type) {
  if (bytes.empty() || !is_json_type(content_type))
    return std::string(bytes);
  auto compact = compact_json(bytes);
  if (!compact)
    return refused_event("data", "is declared as JSON, but " + compact.error().why);
  return compact;
}

result<std::string> read_base64(std::string_view text) {
  const auto padding = text.ends_with("==") ? 2U : text.ends_with('=') ? 1U : 0U;
  const bool is_whole = text.size() % 4 == 0;
  std::string bytes(is_whole ? text.size() / 4 * 3 - padding : 0, '\0');
  const std::span into{reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()};
  if (!is_whole || !parse_base64(text, into))
    return refused_event("data_base64", "is not base64 with padding as RFC 4648 has it");
  return bytes;
}

/// What an attribute's JSON value says as text (CloudEvents 3.2, JSON format 2.2).
result<std::string> attribute_text(const json_member& member) {
  switch (member.kind) {
  case json_kind::string:
    return member.text;
  case json_kind::boolean:
    return member.json;
  case json_kind::number: {
    std::int32_t value = 0;
    const char* end = member.json.data() + member.json.size();
    const auto [stop, error] = std::from_chars(member.json.data(), end, value);
    if (error == std::errc{} && stop == end)
      return member.json;
    return refused_event(member.name, "is a number other than a whole one of 32 bits; send it as a "
                                      "string");
  }
  case json_kind::null:
  case json_kind::array:
  case json_kind::object:
    break;
  }
  return refused_event(member.name, "is neither a string nor a number nor true or false");
}

result<void> take_member(event_attributes& taken, const json_member& member) {
  if (auto good = taken.take_name(member.name); !good)
    return good.error();
  // The JSON format lets an attribute that is not set be null (2.2).
  if (member.kind == json_kind::null)
    return {};
  if (event_attributes::is_standard(member.name) && member.kind != json_kind::string)
    return refused_event(member.name, "is not a string; send it as one");
  const auto text = attribute_text(member);
  if (!text)
    return text.error();
  return taken.take_value(member.name, *text);
}

/// The payload of an event in JSON format (3.1.2).
result<std::string> read_member_data(const json_member& data, std::string_view content_type) {
  if (data.name == "data") {
    if (is_json_type(content_type))
      return data.json;
    if (data.kind == json_kind::string)
      return data.text;
    return refused_event("data",
                         "is declared as something other than JSON and is not a string; send "
                         "it as a string or as data_base64");
  }
  if (data.kind != json_kind::string)
    return refused_event("data_base64", "is not a string; send the bytes in base64");
  const auto bytes = read_base64(data.text);
  return bytes ? read_data(*bytes, content_type) : bytes;
}

/// JSON is the one format we read, in UTF-8.
result<void> check_format(std::string_view content_type) {
  const std::string type = media_type_of(content_type);
  if (type.starts_with(event_batch_type))
    return refused_event("content-type", "is a batch (" + std::string(event_batch_type)
                                           + "), which the Kafka binding does not have; send each "
                                             "event as a message of its own");
  if (type != json_event_type)
    return refused_event("content-type", "is not " + std::string(json_event_type)
                                           + ", the one format that is read");
  const std::string parameters = media_parameters_of(content_type);
  if (!parameters.empty() && parameters != "charset=utf-8" && parameters != "charset=\"utf-8\"")
    return refused_event("content-type", "has a parameter other than charset=UTF-8; leave it out");
  return {};
}

} // namespace

result<received_event> read_binary(const event_headers& headers, std::string_view value) {
  if (auto good = check_size(value); !good)
    return good.error();
  const auto content_type = content_type_of(headers);
  if (!content_type)
    return content_type.error();
  event_attributes taken;
  for (const auto& [header, text] : headers) {
    if (!header.starts_with(header_prefix))
      continue;
    const auto name = std::string_view(header).substr(header_prefix.size());
    // The header content-type says it in binary mode. Some writers say it twice.
    if (name == "datacontenttype" && *content_type && text == **content_type)
      continue;
    if (name == "datacontenttype")
      return refused_event(name, "stands in the header content-type in binary mode, and says "
                                 "something else here; leave ce_datacontenttype out");
    if (auto good = taken.take_name(name); !good)
      return good.error();
    if (auto good = taken.take_value(name, text); !good)
      return good.error();
  }
  if (*content_type)
    if (auto good = taken.take_value("datacontenttype", **content_type); !good)
      return good.error();
  auto event = taken.finish();
  if (!event)
    return event;
  auto data = read_data(value, event->datacontenttype);
  if (!data)
    return data.error();
  event->data = std::move(*data);
  return event;
}

result<received_event> read_structured(const event_headers& headers, std::string_view value) {
  if (auto good = check_size(value); !good)
    return good.error();
  const auto content_type = content_type_of(headers);
  if (!content_type)
    return content_type.error();
  if (auto good = check_format(content_type->value_or(json_event_type)); !good)
    return good.error();
  const auto members = read_json_members(value);
  if (!members)
    return refused_event(members.error().where.empty() ? "value" : told(members.error().where),
                         "cannot be taken apart: " + members.error().why);
  event_attributes taken;
  const json_member* data = nullptr;
  for (const auto& member : *members) {
    if (member.name == "data" || member.name == "data_base64") {
      if (data)
        return refused_event("data_base64", "stands beside data; send one of them");
      data = &member;
    } else if (auto good = take_member(taken, member); !good) {
      return good.error();
    }
  }
  auto event = taken.finish();
  if (!event || !data)
    return event;
  auto read = read_member_data(*data, event->datacontenttype);
  if (!read)
    return read.error();
  event->data = std::move(*read);
  return event;
}

result<received_event> read_cloud_event(const event_headers& headers, std::string_view value) {
  const auto content_type = content_type_of(headers);
  if (!content_type)
    return content_type.error();
  return *content_type && media_type_of(**content_type).starts_with(event_type)
           ? read_structured(headers, value)
           : read_binary(headers, value);
}

} // namespace dossier

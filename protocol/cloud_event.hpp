// SPDX-License-Identifier: Apache-2.0
// Events as other systems hear them and as they speak to us: CloudEvents 1.0, its JSON format and
// its Kafka protocol binding. Pure. Knows no topic and no partition, and no batches, which the
// Kafka binding does not have.
#pragma once

#include "protocol/envelope.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// One recorded event as it is announced. Attributes that may be empty are left out when they are.
struct cloud_event {
  std::string id;     ///< "<entity id>-<sequence>": unique within the source, the same at each try.
  std::string source; ///< A URI reference: which Dossier says it.
  std::string type;   ///< e.g. "CustomerDocumentCreatedEvent".
  std::string subject; ///< "document/<id>".
  timestamp time;
  /// The extension `sequence`: counts the events of one entity from 1 without gaps. Written as 20
  /// digits, so that texts sort as numbers do. 0: it is no event of an entity, and left out.
  std::uint64_t sequence = 0;
  std::string dataschema;   ///< See schema_uri().
  std::string partitionkey; ///< Extension: the entity's id.
  std::string traceparent;  ///< Extension: W3C trace context of what caused it; may be empty.
  std::string causationid;  ///< Extension: id of the request that caused it; may be empty.
  std::string data;         ///< A JSON object as text.
  bool operator==(const cloud_event&) const = default;
};

/// "dossier:/schemas/<type>/<version>": what the data adheres to, served under this path by every
/// Dossier. CloudEvents wants a URI, and one that names a host would differ from way to way.
std::string schema_uri(std::string_view type, std::uint32_t version);

/// `sequence` is at least 1. `source` is a URI reference of at most 1024 bytes. The envelope's data
/// is taken over byte for byte.
cloud_event make_cloud_event(const entity_ref& entity, std::uint64_t sequence,
                             const envelope& recorded, std::string_view source);
/// The same into what was another event before, whose memory is used again.
void make_cloud_event(const entity_ref& entity, std::uint64_t sequence, const envelope& recorded,
                      std::string_view source, cloud_event& into);

/// A Kafka message's headers in their order. Names are case-sensitive, values any bytes.
using event_headers = std::vector<std::pair<std::string, std::string>>;

/// What a Kafka message says beside its key.
struct event_message {
  event_headers headers;
  std::string value;
};

/// Binary mode (Kafka binding 3.2): each attribute a header "ce_<name>", the data as the value.
event_message to_binary(const cloud_event& e);
/// The same into what was another message before, whose memory is used again.
void to_binary(const cloud_event& e, event_headers& headers, std::string& value);
/// Structured mode (Kafka binding 3.3, JSON format 3): all of it one JSON object as the value.
event_message to_structured(const cloud_event& e);

/// A CloudEvent as somebody sent it to us. Says the same in either mode.
struct received_event {
  std::string id;
  std::string source;
  std::string type;
  std::string subject; ///< Empty if it has none.
  std::optional<timestamp> time;
  std::string datacontenttype; ///< As it was sent; "application/json" if it named none.
  std::string dataschema;      ///< Empty if it has none.
  std::map<std::string, std::string, std::less<>> extensions; ///< Values in their canonical text.
  /// JSON text without spaces if datacontenttype says JSON, otherwise the bytes; empty if the event
  /// has no data.
  std::string data;

  /// Empty if it does not have this extension.
  std::string_view extension(std::string_view name) const;
  bool operator==(const received_event&) const = default;
};

/// The largest value, in bytes, that is read at all.
inline constexpr std::size_t received_bytes_max = 1U << 20;

/// Reads a message in binary mode. Every refusal is malformed with the attribute as `where`:
/// - id, source, type or specversion is missing or empty, or specversion is not 1.0;
/// - id or type exceeds 256 bytes, source, subject, dataschema or an extension 1024;
/// - a value is not UTF-8 or has control characters, an attribute stands there twice or has a name
///   other than a-z and 0-9, there are more than 64 of them;
/// - source or dataschema is no URI reference (RFC 3986), time no RFC 3339 date-time;
/// - data is declared as JSON and is none, or names a member twice, or exceeds received_bytes_max.
/// Headers without "ce_" other than content-type are not attributes and are not looked at. Values
/// are taken as they are: percent-encoding belongs to the HTTP binding, not to Kafka's.
result<received_event> read_binary(const event_headers& headers, std::string_view value);

/// Reads a message in structured mode, JSON format; refuses as read_binary does, and other formats
/// and batches by name. Headers other than content-type are not looked at: the value says it all.
result<received_event> read_structured(const event_headers& headers, std::string_view value);

/// Reads either mode: structured if content-type begins with "application/cloudevents" in any case
/// (Kafka binding 3), binary otherwise.
result<received_event> read_cloud_event(const event_headers& headers, std::string_view value);

} // namespace dossier

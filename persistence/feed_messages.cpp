// SPDX-License-Identifier: Apache-2.0
#include "persistence/feed_messages.hpp"

#include "persistence/recorded_event.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/json_text.hpp"

#include <utility>

namespace dossier {

namespace {

/// Below the 1,048,588 bytes that brokers take by default, with room for our headers.
constexpr std::size_t value_bytes_max = 900'000;

template <class Number>
std::string big_endian(Number number) {
  std::string bytes;
  for (int shift = 8 * (static_cast<int>(sizeof number) - 1); shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(static_cast<std::uint64_t>(number) >> shift & 0xff));
  return bytes;
}

bool is_ours(std::string_view header) {
  return header.starts_with("kafka_dlt-") || header.starts_with("__connect.errors.")
         || header.starts_with("dossier-");
}

cloud_event reply_event(const feed_row& row, const command_reply& what, const std::string& source,
                        const feed_messages::upload_url& grant) {
  cloud_event e;
  e.id = "reply-" + std::to_string(row.shard) + "-" + std::to_string(row.position);
  e.source = source;
  e.time = what.at;
  e.causationid = what.command_id;
  e.traceparent = what.traceparent;
  e.partitionkey = what.customer;
  json_writer out;
  out.begin_object();
  out.key("command").string(what.command);
  if (const auto* done = std::get_if<command_done>(&what.outcome)) {
    e.type = "dossier.command.done";
    e.subject = entity_ref{entity_kind::document, done->document}.text();
    out.key("documentId").string(done->document.text());
    out.key("version").number(done->version);
    if (done->upload_expires_at) {
      out.key("uploadSasUri").string(grant(done->document, *done->upload_expires_at));
      out.key("uploadExpiresAt").time(*done->upload_expires_at);
    }
  } else if (const auto* taken = std::get_if<job_taken>(&what.outcome)) {
    e.type = "dossier.ingestion.accepted";
    e.subject = entity_ref{entity_kind::job, taken->job}.text();
    out.key("correlationId").string(taken->job.text());
    out.key("status").string(to_string(taken->status));
    out.key("version").number(taken->version);
  } else {
    const auto& why = std::get<failure>(what.outcome);
    e.type = "dossier.command.refused";
    out.key("type").string("/problems/" + std::string{to_string(why.code)});
    out.key("detail").string(why.why);
    if (!why.where.empty())
      out.key("pointer").string(why.where);
  }
  out.end_object();
  e.data = out.take();
  e.dataschema = schema_uri(e.type, 1);
  return e;
}

} // namespace

feed_messages::feed_messages(const kafka_settings& s, const journal& store, upload_url grant)
  : settings_(s)
  , is_structured_(s.mode == "structured")
  , store_(store)
  , grant_(std::move(grant)) {}

result<bool> feed_messages::operator()(const feed_row& row, const envelope* recorded,
                                       outgoing& into) {
  if (recorded == nullptr) {
    if (auto made = put_reply(row, into); !made)
      return made.error();
    return true;
  }
  switch (row.entity.kind) {
  case entity_kind::document:
    put_event(row, *recorded, settings_.documents_topic, into);
    return true;
  case entity_kind::job:
    put_event(row, *recorded, settings_.ingestion_topic, into);
    return true;
  case entity_kind::letter:
    return put_letter(row, *recorded, into);
  case entity_kind::webhook:
    return false;
  }
  return false;
}

void feed_messages::put(const cloud_event& event, const std::string& topic, shard_number shard,
                        outgoing& into) const {
  into.topic.assign(topic);
  into.partition = shard;
  into.key.assign(event.partitionkey);
  if (!is_structured_)
    return to_binary(event, into.headers, into.value);
  auto message = to_structured(event);
  into.headers = std::move(message.headers);
  into.value = std::move(message.value);
}

void feed_messages::put_event(const feed_row& row, const envelope& recorded,
                              const std::string& topic, outgoing& into) {
  make_cloud_event(row.entity, row.sequence, recorded, settings_.source, event_);
  put(event_, topic, row.shard, into);
}

result<void> feed_messages::put_reply(const feed_row& row, outgoing& into) const {
  const auto what = decode_reply(row.reply);
  if (!what)
    return what.error();
  put(reply_event(row, *what, settings_.source, grant_), settings_.replies_topic, row.shard, into);
  return {};
}

result<bool> feed_messages::put_letter(const feed_row& row, const envelope& recorded,
                                       outgoing& into) const {
  const auto event = letter::decode_event(recorded.type, recorded.version, recorded.data);
  if (!event)
    return event.error();
  const auto* died = std::get_if<letter::dead_lettered>(&*event);
  if (died == nullptr)
    return false;
  // A letter begins with the message itself.
  const auto first = read_recorded_event(store_, {row.shard, row.position, row.entity, 1, {}});
  if (!first)
    return first.error();
  const auto received = letter::decode_event(first->type, first->version, first->data);
  if (!received)
    return received.error();
  const auto* what = std::get_if<letter::received>(&*received);
  if (what == nullptr)
    return fail(errc::corrupt, row.entity.text() + " does not begin with a message");
  into = dead_letter_message(*what, *died, settings_.group_id);
  into.topic = settings_.dead_letters_topic;
  into.partition = row.shard;
  return true;
}

outgoing dead_letter_message(const letter::received& received, const letter::dead_lettered& died,
                             std::string_view group) {
  outgoing made;
  const auto& from = received.origin;
  made.key = received.message.key.value_or("");
  for (const auto& header : received.message.headers)
    if (!is_ours(header.first))
      made.headers.push_back(header);
  const auto code = std::string{to_string(died.why.code)};
  const auto why = died.why.where.empty() ? died.why.why : died.why.where + ": " + died.why.why;
  const std::vector<std::pair<std::string, std::string>> ours{
    {"kafka_dlt-original-topic", from.topic},
    {"kafka_dlt-original-partition", big_endian(static_cast<std::int32_t>(from.partition))},
    {"kafka_dlt-original-offset", big_endian(static_cast<std::int64_t>(from.offset))},
    {"kafka_dlt-original-timestamp", big_endian(to_ms(from.at))},
    {"kafka_dlt-original-timestamp-type", "CreateTime"},
    {"kafka_dlt-original-consumer-group", std::string{group}},
    {"kafka_dlt-exception-fqcn", "dossier." + code},
    {"kafka_dlt-exception-message", why},
    {"__connect.errors.topic", from.topic},
    {"__connect.errors.partition", std::to_string(from.partition)},
    {"__connect.errors.offset", std::to_string(from.offset)},
    {"__connect.errors.connector.name", std::string{group}},
    {"__connect.errors.stage", "TASK_PUT"},
    {"__connect.errors.exception.class.name", "dossier." + code},
    {"__connect.errors.exception.message", why},
    {"dossier-attempts", std::to_string(died.attempts)},
    {"dossier-fingerprint", died.fingerprint},
  };
  made.headers.insert(made.headers.end(), ours.begin(), ours.end());
  if (received.message.value.size() <= value_bytes_max)
    made.value = received.message.value;
  else
    made.headers.emplace_back("dossier-value-omitted",
                              std::to_string(received.message.value.size()));
  return made;
}

} // namespace dossier

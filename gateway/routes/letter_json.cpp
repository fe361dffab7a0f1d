// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/letter_json.hpp"

#include "protocol/digest.hpp"
#include "protocol/json_body.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <array>

namespace dossier {

namespace {

// Status, milliseconds, id.
using letter_cursor_bytes = std::array<std::uint8_t, 1 + 8 + entity_id::size>;

void write_trouble(json_writer& out, std::string_view name, const letter::trouble& why) {
  out.key(name).begin_object();
  out.key("reason").string(to_string(why.code));
  out.key("why").string(why.why);
  if (!why.where.empty())
    out.key("where").string(why.where);
  out.end_object();
}

/// The member `name` if the bytes are UTF-8, else the member `name`Base64.
void write_bytes(json_writer& out, std::string_view name, std::string_view bytes) {
  if (is_utf8(bytes))
    out.key(name).string(bytes);
  else
    out.key(std::string(name) + "Base64").string(to_base64(bytes));
}

void write_members(json_writer& out, const entity_id& id, const letter::view& view) {
  out.key("id").string(id.text());
  out.key("status").string(to_string(view.status));
  out.key("origin").begin_object();
  out.key("channel").string(to_string(view.origin.channel));
  out.key("topic").string(view.origin.topic);
  out.key("partition").number(view.origin.partition);
  out.key("offset").number(view.origin.offset);
  out.key("time").time(view.origin.at);
  out.end_object();
  out.key("type").string(view.type);
  out.key("subject").string(view.subject);
  out.key("fingerprint").string(view.fingerprint);
  out.key("attempts").number(view.attempts);
  out.key("redrives").number(view.redrives);
  out.key("due").time_or_null(view.due);
  write_trouble(out, "firstError", view.first);
  write_trouble(out, "lastError", view.last);
  out.key("receivedAt").time(view.received_at);
  out.key("updatedAt").time(view.updated_at);
  out.key("version").number(view.version);
}

} // namespace

void write_letter_line(json_writer& out, const entity_id& id, const letter::view& view) {
  out.begin_object();
  write_members(out, id, view);
  out.end_object();
}

void write_letter(json_writer& out, const entity_id& id, const letter::view& view) {
  out.begin_object();
  write_members(out, id, view);
  if (view.message.key)
    write_bytes(out, "key", *view.message.key);
  out.key("headers").begin_array();
  for (const auto& [name, value] : view.message.headers) {
    out.begin_object();
    write_bytes(out, "name", name);
    write_bytes(out, "value", value);
    out.end_object();
  }
  out.end_array();
  write_bytes(out, "value", view.message.value);
  out.key("history").string("/admin/api/dead-letters/" + id.text() + "/events");
  out.end_object();
}

void write_letter_group(json_writer& out, const letter_group& group) {
  out.begin_object();
  out.key("fingerprint").string(group.fingerprint);
  out.key("count").number(group.count);
  out.key("type").string(group.type);
  write_trouble(out, "example", group.example);
  out.key("oldest").time(group.oldest);
  out.key("newest").time(group.newest);
  out.end_object();
}

void write_redrive(json_writer& out, const redrive_report& report) {
  out.begin_object();
  out.key("fingerprint").string(report.fingerprint);
  out.key("by").string(report.by);
  out.key("status").string(to_string(report.status));
  out.key("why").string_or_null(report.why);
  out.key("steps").number(report.steps);
  out.key("redriven").number(report.redriven);
  out.key("settled").number(report.settled);
  out.key("diedAgain").number(report.died_again);
  out.key("skipped").number(report.skipped);
  out.key("onTheWay").number(report.on_the_way);
  out.key("startedAt").time(report.started_at);
  out.key("endedAt").time_or_null(report.ended_at);
  out.end_object();
}

result<letter::redrive> read_redrive(std::string_view body) {
  letter::redrive command;
  if (body.empty())
    return command;
  auto members = json_body::parse(body);
  if (!members)
    return members.error();
  command.value = members->optional_string("value");
  if (const auto text = members->optional_string("valueBase64")) {
    auto bytes = parse_base64(*text);
    if (!bytes)
      members->refuse("valueBase64", "must be base64 with its padding.");
    else if (command.value)
      members->refuse("valueBase64", "may not be there beside value; send one of them.");
    else
      command.value = std::move(*bytes);
  }
  if (auto good = members->finish(); !good)
    return good.error();
  return command;
}

result<std::string> read_fingerprint(std::string_view body) {
  auto members = json_body::parse(body);
  if (!members)
    return members.error();
  const auto fingerprint = members->required_string("fingerprint");
  if (fingerprint && !is_fingerprint(*fingerprint))
    members->refuse("fingerprint", "must be 16 digits of hexadecimal, as a letter shows it.");
  if (auto good = members->finish(); !good)
    return good.error();
  return *fingerprint;
}

bool is_fingerprint(std::string_view text) {
  return text.size() == 16 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::string write_letter_cursor(letter::status status, const listing& place) {
  letter_cursor_bytes bytes{};
  bytes[0] = static_cast<std::uint8_t>(status);
  const auto at_ms = static_cast<std::uint64_t>(to_ms(place.created_at));
  for (std::size_t i = 0; i < 8; ++i)
    bytes[1 + i] = static_cast<std::uint8_t>(at_ms >> (56 - 8 * i));
  std::copy(place.entity.id.bytes.begin(), place.entity.id.bytes.end(), bytes.begin() + 9);
  return to_base64url(bytes);
}

result<listing> read_letter_cursor(letter::status status, std::string_view text) {
  letter_cursor_bytes bytes{};
  std::uint64_t at_ms = 0;
  const bool is_base64 = parse_base64url(text, bytes).has_value();
  for (std::size_t i = 0; i < 8; ++i)
    at_ms = at_ms << 8 | bytes[1 + i];
  if (!is_base64 || bytes[0] != static_cast<std::uint8_t>(status)
      || at_ms > static_cast<std::uint64_t>(to_ms(timestamp_max)))
    return fail(errc::invalid_argument,
                "The cursor is not one that a list of letters of this status gave. Pass next back "
                "as it came, or leave it out to start anew.",
                "cursor");
  listing place;
  place.created_at = from_ms(static_cast<std::int64_t>(at_ms));
  place.entity.kind = entity_kind::letter;
  std::copy(bytes.begin() + 9, bytes.end(), place.entity.id.bytes.begin());
  return place;
}

} // namespace dossier

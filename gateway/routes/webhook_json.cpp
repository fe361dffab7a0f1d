// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/webhook_json.hpp"

#include "protocol/destination.hpp"
#include "protocol/event_filter.hpp"
#include "protocol/json_body.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace dossier {

namespace {

/// As many as a cloud_event_filter takes.
constexpr std::size_t types_max = 32;

/// Events behind the position; of a customer's webhook, those of its shard.
std::uint64_t lag_of(const shared_parts& shared, const entity_id& id, const webhook::view& what,
                     const feed_cursor& position) {
  const auto end = shared.parts.events.end();
  std::uint64_t lag = 0;
  for (std::size_t shard = 0; shard < end.positions.size(); ++shard)
    if (what.registration.customer.empty() || shard == id.shard())
      lag += end.positions[shard] - std::min(end.positions[shard], position.positions[shard]);
  return lag;
}

void write_delivery(json_writer& out, const shared_parts& shared, const entity_id& id,
                    const webhook::view& what) {
  out.key("delivery");
  const auto status = shared.parts.webhooks->status(id);
  if (!status) {
    out.null();
    return;
  }
  out.begin_object();
  out.key("position").string(status->position.text());
  out.key("lagEvents").number(lag_of(shared, id, what, status->position));
  out.key("open").number(status->open);
  out.key("delivered").number(status->delivered);
  out.key("givenUp").number(status->given_up);
  out.key("lastError").string_or_null(status->last_error);
  out.key("failedAt").time_or_null(status->failed_at);
  out.key("breaker");
  const auto to = destination::parse(what.registration.url);
  const auto guard = to ? shared.parts.guards->find(guard_name_of(*to)) : std::nullopt;
  if (guard)
    out.string(to_string(guard->now.state));
  else
    out.null();
  out.end_object();
}

/// A registration has them in one text, as filters are written elsewhere.
void write_types(json_writer& out, std::string_view types) {
  out.key("types").begin_array();
  while (!types.empty()) {
    const auto comma = types.find(',');
    out.string(types.substr(0, comma));
    types.remove_prefix(comma == std::string_view::npos ? types.size() : comma + 1);
  }
  out.end_array();
}

/// Checks each by itself, so that the refusal can point at it, and joins them.
std::string read_types(json_body& body) {
  const auto read = body.optional_strings("types", types_max);
  std::string joined;
  for (std::size_t i = 0; i < read.size(); ++i) {
    const auto& type = read[i];
    const auto one = cloud_event_filter::parse(type, {}, {});
    if (type.empty())
      body.refuse_element("types", i, "must name a type of events.");
    else if (type.find_first_of(", ") != std::string::npos)
      body.refuse_element("types", i, "must be one type, without commas and blanks.");
    else if (!one)
      body.refuse_element("types", i, "is no type: " + one.error().why + ".");
    else if (std::find(read.begin(), read.begin() + static_cast<std::ptrdiff_t>(i), type)
             != read.begin() + static_cast<std::ptrdiff_t>(i))
      body.refuse_element("types", i, "is named before.");
    joined.append(joined.empty() ? "" : ",").append(type);
  }
  return joined;
}

std::string read_subject(json_body& body) {
  auto* filter = body.optional_object("filter");
  if (filter == nullptr)
    return {};
  auto subject = filter->optional_string("subject").value_or("");
  if (const auto good = cloud_event_filter::parse({}, subject, {}); !good)
    filter->refuse("subject", "is no beginning of a subject: " + good.error().why + ".");
  return subject;
}

std::string read_customer(json_body& body) {
  auto customer = body.optional_string("customerId").value_or("");
  if (const auto good = cloud_event_filter::parse({}, {}, customer); !good)
    body.refuse("customerId", "names no customer: " + good.error().why + ".");
  return customer;
}

} // namespace

void write_webhook(json_writer& out, const shared_parts& shared, const entity_id& id,
                   const webhook::view& what, webhook_part part, const std::string& secret) {
  const auto& r = what.registration;
  out.begin_object();
  out.key("webhookId").string(id.text());
  out.key("url").string(r.url);
  write_types(out, r.types);
  out.key("filter").begin_object();
  if (!r.subject_prefix.empty())
    out.key("subject").string(r.subject_prefix);
  out.end_object();
  out.key("customerId").string_or_null(r.customer);
  out.key("mode").string(r.is_structured ? "structured" : "binary");
  out.key("status").string(to_string(what.status));
  out.key("trouble").string_or_null(what.trouble);
  out.key("nextHandshakeAt").time_or_null(what.due);
  out.key("secretGeneration").number(what.generation);
  out.key("oldSecretUntil").time_or_null(what.old_until);
  out.key("createdAt").time(what.created_at);
  out.key("updatedAt").time(what.updated_at);
  if (!secret.empty())
    out.key("secret").string(secret);
  if (part == webhook_part::all)
    write_delivery(out, shared, id, what);
  else
    out.key("delivery").null();
  out.end_object();
}

result<webhook::registration> read_registration(const shared_parts& shared, std::string_view text) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  webhook::registration made;
  made.url = body->required_string("url").value_or("");
  made.types = read_types(*body);
  made.subject_prefix = read_subject(*body);
  made.customer = read_customer(*body);
  const auto mode = body->optional_string("mode").value_or("binary");
  if (mode != "binary" && mode != "structured")
    body->refuse("mode", "must be binary or structured.");
  made.is_structured = mode == "structured";
  if (const auto to = destination::parse(made.url); !to)
    body->refuse("url", "is no place to deliver to: " + to.error().why + ".");
  else if (to->address && is_private(*to->address)
           && !shared.parts.settings.webhooks.private_destinations)
    body->refuse("url", "must not be an address that is not of the public Internet.");
  if (auto whole = body->finish(); !whole)
    return whole.error();
  made.start = shared.parts.events.end().text();
  return made;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The guards of calls to the outside, for operators: how each destination fares, and its breaker
// opened and closed by hand. Admin keys only.
#include "gateway/body.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/shared.hpp"
#include "protocol/json_body.hpp"
#include "protocol/json_text.hpp"

#include <utility>

namespace dossier {

namespace {

response guards_json(json_writer& out) {
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

void write_guard(json_writer& out, const guard_info& g) {
  const auto& now = g.now;
  const auto& c = now.counters;
  out.begin_object();
  out.key("name").string(g.name);
  out.key("state").string(to_string(now.state));
  out.key("since").time(g.since);
  out.key("tripReason").string_or_null(now.trip_reason);
  out.key("consecutiveFailures").number(now.consecutive_failures);
  out.key("underWay").number(now.under_way);
  out.key("waiting").number(now.waiting);
  out.key("retrying").number(now.retrying);
  out.key("lastError").string_or_null(g.last_error);
  out.key("failedAt").time_or_null(g.failed_at);
  out.key("counters").begin_object();
  out.key("calls").number(c.calls);
  out.key("refused").number(c.refused);
  out.key("successes").number(c.successes);
  out.key("givenUp").number(c.given_up);
  out.key("withdrawn").number(c.withdrawn);
  out.key("failures").number(c.failures);
  out.key("timeouts").number(c.timeouts);
  out.key("retries").number(c.retries);
  out.key("opened").number(c.opened);
  out.end_object();
  out.end_object();
}

result<guards*> guards_of(const shared_parts& shared) {
  if (shared.parts.guards == nullptr)
    return fail(errc::unavailable, "This server makes no calls to the outside.");
  return shared.parts.guards;
}

awaitable<result<response>> list_guards(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto all = guards_of(shared);
  if (!all)
    co_return all.error();
  json_writer out{1'024};
  out.begin_object().key("items").begin_array();
  for (const auto& each : (*all)->list())
    write_guard(out, each);
  out.end_array().end_object();
  co_return guards_json(out);
}

result<std::string> reason_of(std::string_view text) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  auto reason = body->required_string("reason");
  if (reason && (reason->empty() || reason->size() > guard::reason_bytes_max))
    body->refuse("reason", "must have 1 to " + std::to_string(guard::reason_bytes_max) + " bytes.");
  if (auto whole = body->finish(); !whole)
    return whole.error();
  return std::move(*reason);
}

result<response> answer_with(const result<guard_info>& changed) {
  if (!changed)
    return changed.error();
  json_writer out;
  write_guard(out, *changed);
  return guards_json(out);
}

awaitable<result<response>> trip_guard(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto all = guards_of(shared);
  if (!all)
    co_return all.error();
  auto reason = reason_of(*text);
  if (!reason)
    co_return reason.error();
  auto start = [&](guards::changed done) {
    (*all)->trip(r.params[0], std::move(*reason), "key:" + r.caller.name, std::move(done));
  };
  const auto changed = co_await await_reply<guard_info>(shared.reply_deadline(), std::move(start));
  co_return answer_with(changed);
}

awaitable<result<response>> reset_guard(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto all = guards_of(shared);
  if (!all)
    co_return all.error();
  auto start = [&](guards::changed done) {
    (*all)->reset(r.params[0], "key:" + r.caller.name, std::move(done));
  };
  const auto changed = co_await await_reply<guard_info>(shared.reply_deadline(), std::move(start));
  co_return answer_with(changed);
}

} // namespace

void add_guard_routes(route_table& table) {
  const auto admins = access::admin;
  table.add(verb::get, "/admin/api/guards", body_kind::none, admins, "listGuards", list_guards);
  table.add(verb::post, "/admin/api/guards/{name}/trip", body_kind::json, admins, "tripGuard",
            trip_guard);
  table.add(verb::post, "/admin/api/guards/{name}/reset", body_kind::none, admins, "resetGuard",
            reset_guard);
}

} // namespace dossier

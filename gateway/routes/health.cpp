// SPDX-License-Identifier: Apache-2.0
// Whether the server works, for people, load balancers and Prometheus.
#include "gateway/fields.hpp"
#include "gateway/routes/shared.hpp"
#include "protocol/json_text.hpp"

#include <utility>

namespace dossier {

namespace {

/// What an operator should look at although the server works.
std::vector<std::string> notes_of(const letters& source, std::uint64_t dead_warn_above) {
  const auto counts = source.counts();
  if (!counts)
    return {"Letters cannot be counted: " + counts.error().why};
  if (counts->dead <= dead_warn_above)
    return {};
  return {std::to_string(counts->dead) + " dead letters wait for an operator, more than the "
          + std::to_string(dead_warn_above)
          + " of letters.dead_warn_above; see "
            "/admin/api/dead-letters/groups."};
}

/// What the checks came to, as the answer's status and body. Notes change no status.
response health_response(const std::vector<health_check>& checks, bool is_draining,
                         const std::vector<std::string>& notes) {
  json_writer out;
  bool is_good = !is_draining;
  bool is_degraded = false;
  json_writer list;
  list.begin_array();
  for (const auto& each : checks) {
    const auto checked = each.check();
    is_good = is_good && (checked || !each.is_vital);
    is_degraded = is_degraded || !checked;
    list.begin_object().key("name").string(each.name);
    list.key("status").string(checked ? "ok" : each.is_vital ? "failing" : "degraded");
    if (!checked)
      list.key("why").string(checked.error().why);
    list.end_object();
  }
  list.end_array();
  out.begin_object();
  out.key("status").string(is_draining   ? "draining"
                           : !is_good    ? "failing"
                           : is_degraded ? "degraded"
                                         : "ok");
  out.key("checks").raw(list.take());
  if (!notes.empty()) {
    out.key("notes").begin_array();
    for (const auto& each : notes)
      out.string(each);
    out.end_array();
  }
  out.end_object();
  auto answer = json_response(is_good ? 200 : 503, out.take());
  answer.fields.emplace_back("Cache-Control", "no-store");
  return answer;
}

awaitable<result<response>> read_health(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto& parts = shared.parts;
  const bool is_draining = parts.is_draining && parts.is_draining();
  auto job = [&parts, is_draining] {
    return health_response(parts.health_checks, is_draining,
                           notes_of(parts.letters, parts.settings.letters.dead_warn_above));
  };
  co_return co_await run_on(shared.parts.readers, std::move(job));
}

awaitable<result<response>> read_live(shared_parts&, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  auto answer = json_response(200, R"({"status":"ok"})");
  answer.fields.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

awaitable<result<response>> read_metrics(shared_parts& shared, request&, body_reader&) {
  auto job = [&sources = shared.metrics] {
    return metrics_text(sources);
  };
  response answer;
  answer.body = co_await run_on(shared.parts.readers, std::move(job));
  answer.fields.emplace_back("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  answer.fields.emplace_back("Cache-Control", "no-store");
  co_return answer;
}

} // namespace

void add_health_routes(route_table& table) {
  const auto open = access::open;
  table.add(verb::get, "/health", body_kind::none, open, "readHealth", read_health);
  table.add(verb::get, "/health/live", body_kind::none, open, "readLiveness", read_live);
  table.add(verb::get, "/health/ready", body_kind::none, open, "readReadiness", read_health);
  table.add(verb::get, "/metrics", body_kind::none, open, "readMetrics", read_metrics);
}

} // namespace dossier

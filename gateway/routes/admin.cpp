// SPDX-License-Identifier: Apache-2.0
// What operators may see of the core: actors, timers, the outbox; and the restart of one actor.
// Admin keys only.
#include "actors/admin.hpp"
#include "config/log.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/shared.hpp"
#include "protocol/json_text.hpp"

#include <array>
#include <utility>

namespace dossier {

namespace {

response admin_json(json_writer& out) {
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

void write_entity(json_writer& out, const entity_ref& entity) {
  out.key("kind").string(to_string(entity.kind));
  out.key("id").string(entity.id.text());
}

void write_activity(json_writer& out, const actor_info& actor) {
  out.key("activity").string(to_string(actor.activity));
  out.key("version").number(actor.version);
  out.key("mailboxDepth").number(actor.mailbox_depth);
  out.key("restarts").number(actor.restarts);
  out.key("lastUsedAt").time(actor.last_used);
  out.key("trouble").string_or_null(actor.trouble);
}

result<std::optional<activity>> activity_of(const request& r) {
  const auto text = r.query_value("activity");
  if (!text)
    return std::nullopt;
  constexpr std::array all{activity::loading, activity::active, activity::backing_off,
                           activity::quarantined};
  std::string names;
  for (const auto each : all) {
    if (*text == to_string(each))
      return std::optional{each};
    names.append(names.empty() ? "" : ", ").append(to_string(each));
  }
  return bad_parameter("activity", "must be one of: " + names + ".");
}

struct actors_question {
  entity_kind kind = entity_kind::document;
  std::optional<activity> only;
  std::optional<entity_id> after;
  std::size_t limit = 0;
};

result<actors_question> actors_question_of(const request& r) {
  if (auto known = check_query(r, {"kind", "activity", "after", "limit"}); !known)
    return known.error();
  actors_question question;
  if (const auto name = r.query_value("kind")) {
    const auto kind = parse_entity_kind(*name);
    if (!kind)
      return bad_parameter("kind", "must be document, letter or webhook.");
    question.kind = *kind;
  }
  const auto only = activity_of(r);
  if (!only)
    return only.error();
  question.only = *only;
  if (const auto text = r.query_value("after")) {
    const auto id = entity_id::parse(*text);
    if (!id)
      return bad_parameter("after", "must be the id of an entity.");
    question.after = *id;
  }
  const auto limit = page_limit(r);
  if (!limit)
    return limit.error();
  question.limit = *limit;
  return question;
}

awaitable<result<response>> list_actors(shared_parts& shared, request& r, body_reader&) {
  const auto question = actors_question_of(r);
  if (!question)
    co_return question.error();
  auto start = [&](admin::actors_listed done) {
    shared.parts.admin.list_actors(question->kind, question->only, question->after, question->limit,
                                   std::move(done));
  };
  const auto actors
    = co_await await_reply<std::vector<actor_info>>(shared.reply_deadline(), std::move(start));
  if (!actors)
    co_return actors.error();
  json_writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& actor : *actors) {
    out.begin_object();
    write_entity(out, actor.entity);
    write_activity(out, actor);
    out.end_object();
  }
  out.end_array().key("next");
  if (actors->size() == question->limit)
    out.string(actors->back().entity.id.text());
  else
    out.null();
  out.end_object();
  co_return admin_json(out);
}

void write_timers(json_writer& out, const std::vector<timer>& timers) {
  out.begin_array();
  for (const auto& each : timers) {
    out.begin_object().key("name").string(each.name);
    out.key("due").time(each.due).end_object();
  }
  out.end_array();
}

/// The entity that the path names.
result<entity_ref> entity_of(const request& r) {
  if (auto known = check_query(r, {}); !known)
    return known.error();
  const auto kind = parse_entity_kind(r.params[0]);
  const auto id = entity_id::parse(r.params[1]);
  if (!kind || !id)
    return fail(errc::not_found, "There is no such entity.");
  return entity_ref{*kind, *id};
}

awaitable<result<response>> describe_actor(shared_parts& shared, request& r, body_reader&) {
  const auto entity = entity_of(r);
  if (!entity)
    co_return entity.error();
  auto start = [&](admin::entity_described done) {
    shared.parts.admin.describe(*entity, std::move(done));
  };
  const auto info = co_await await_reply<entity_info>(shared.reply_deadline(), std::move(start));
  if (!info)
    co_return info.error();
  json_writer out{1'024};
  out.begin_object();
  write_entity(out, info->entity);
  out.key("version").number(info->version);
  out.key("actor");
  if (info->actor) {
    out.begin_object();
    write_activity(out, *info->actor);
    out.end_object();
  } else {
    out.null();
  }
  out.key("state").raw(info->state_json);
  out.key("timers");
  write_timers(out, info->timers);
  out.end_object();
  co_return admin_json(out);
}

/// Not looked up first: what is to be restarted may be what cannot be read.
awaitable<result<response>> restart_actor(shared_parts& shared, request& r, body_reader&) {
  const auto entity = entity_of(r);
  if (!entity)
    co_return entity.error();
  shared.parts.admin.restart(*entity);
  log(log_level::info, "actor restart asked for",
      {{"entity", entity->text()}, {"by", r.caller.name}});
  json_writer out;
  out.begin_object();
  write_entity(out, *entity);
  out.end_object();
  auto answer = admin_json(out);
  answer.status = 202;
  co_return answer;
}

awaitable<result<response>> list_timers(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"from", "limit"}); !known)
    co_return known.error();
  timestamp from{};
  if (const auto text = r.query_value("from")) {
    const auto time = parse_rfc3339(*text);
    if (!time)
      co_return bad_parameter("from", "must be a time as RFC 3339 says it.");
    from = *time;
  }
  const auto limit = page_limit(r);
  if (!limit)
    co_return limit.error();
  auto job = [&source = shared.parts.admin, from, most = *limit] {
    return source.timers(from, most);
  };
  const auto rows = co_await run_on(shared.parts.readers, std::move(job));
  if (!rows)
    co_return rows.error();
  json_writer out;
  out.begin_object().key("items").begin_array();
  for (const auto& row : *rows) {
    out.begin_object();
    write_entity(out, row.entity);
    out.key("name").string(row.timer.name);
    out.key("due").time(row.timer.due).end_object();
  }
  out.end_array().key("nextFrom");
  // Why not always: a page full of one instant would lead back to itself.
  if (rows->size() == *limit && rows->back().timer.due > from)
    out.time(rows->back().timer.due);
  else
    out.null();
  out.end_object();
  co_return admin_json(out);
}

awaitable<result<response>> list_outbox(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"shard", "limit"}); !known)
    co_return known.error();
  const std::uint64_t last_shard = shared.parts.settings.storage.shards - 1u;
  std::optional<shard_number> shard;
  if (r.query_value("shard")) {
    const auto number = query_number(r, "shard", 0, 0, last_shard);
    if (!number)
      co_return number.error();
    shard = static_cast<shard_number>(*number);
  }
  const auto limit = page_limit(r);
  if (!limit)
    co_return limit.error();
  auto job = [&source = shared.parts.admin, shard, most = *limit] {
    return source.outbox(shard, most);
  };
  const auto rows = co_await run_on(shared.parts.readers, std::move(job));
  if (!rows)
    co_return rows.error();
  auto look = [&source = shared.parts.admin] {
    return source.oldest_unpublished();
  };
  const auto oldest = co_await run_on(shared.parts.readers, std::move(look));
  if (!oldest)
    co_return oldest.error();
  json_writer out;
  out.begin_object().key("oldestAt").time_or_null(*oldest);
  out.key("items").begin_array();
  for (const auto& row : *rows) {
    out.begin_object().key("shard").number(row.shard);
    out.key("position").number(row.position);
    write_entity(out, row.entity);
    out.key("sequence").number(row.sequence).end_object();
  }
  out.end_array().end_object();
  co_return admin_json(out);
}

} // namespace

void add_admin_routes(route_table& table) {
  const auto admins = access::admin;
  table.add(verb::get, "/admin/api/actors", body_kind::none, admins, "listActors", list_actors);
  table.add(verb::get, "/admin/api/actors/{kind}/{id}", body_kind::none, admins, "describeActor",
            describe_actor);
  table.add(verb::post, "/admin/api/actors/{kind}/{id}/restart", body_kind::none, admins,
            "restartActor", restart_actor);
  table.add(verb::get, "/admin/api/timers", body_kind::none, admins, "listTimers", list_timers);
  table.add(verb::get, "/admin/api/outbox", body_kind::none, admins, "listOutbox", list_outbox);
}

} // namespace dossier

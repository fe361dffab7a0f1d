// SPDX-License-Identifier: Apache-2.0
// Webhooks: made, looked at, paused, resumed and removed by who may hear the events. A secret is
// told in the answer that makes it, and never again.
#include "config/log.hpp"
#include "gateway/body.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/webhook_json.hpp"
#include "protocol/json_body.hpp"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

namespace {

using webhook_answer = answer<webhook::view>;

/// Webhooks on one page; the settings allow few more for one customer.
constexpr std::size_t list_max = 1'000;

result<webhooks*> webhooks_of(const shared_parts& shared) {
  if (shared.parts.webhooks == nullptr)
    return fail(errc::unavailable, "This server makes no calls to the outside.");
  return shared.parts.webhooks;
}

failure no_such_webhook() {
  return fail(errc::not_found, "There is no such webhook, or none that this key may see.");
}

bool may_see(const request& r, const webhook::view& what) {
  const auto& customer = what.registration.customer;
  return customer.empty() ? r.caller.is_admin() : r.caller.may_see(customer);
}

// Answers.

response webhook_json(unsigned status, json_writer& out) {
  auto answer = json_response(status, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

// Steps. Commands are named before they are handed to a coroutine: GCC 12 destroys some temporaries
// of a co_await at the wrong place.

/// What the core is told beside the command.
command_meta meta_of(const request& r, const webhook::command& what) {
  command_meta meta;
  meta.cause = cause_of(r, webhook::name_of(what));
  return meta;
}

/// `held` is kept until the core has answered, even if this wait ends before.
awaitable<result<webhook_answer>> tell(shared_parts& shared, const entity_id& id,
                                       webhook::command what, command_meta meta,
                                       std::vector<std::shared_ptr<const void>> held) {
  auto start = [&](std::function<void(result<webhook_answer>)> receive) {
    auto deliver
      = [receive = std::move(receive), held = std::move(held)](result<webhook_answer> a) mutable {
          held.clear();
          receive(std::move(a));
        };
    auto back = std::make_shared<reply<webhook::view>>(std::move(deliver));
    shared.parts.webhooks->submit(id, std::move(what), std::move(meta), std::move(back));
  };
  co_return co_await await_reply<webhook_answer>(shared.reply_deadline(), std::move(start));
}

/// The webhook named by the path, if it exists for the caller and is not removed.
awaitable<result<found_webhook>> find_visible_webhook(shared_parts& shared, const request& r) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto all = webhooks_of(shared);
  if (!all)
    co_return all.error();
  const auto id = entity_id::parse(r.params.front());
  if (!id)
    co_return no_such_webhook();
  auto job = [source = *all, which = *id] {
    return source->find(which);
  };
  auto found = co_await run_on(shared.parts.readers, std::move(job));
  if (!found)
    co_return found.error().code == errc::not_found ? no_such_webhook() : found.error();
  if (!may_see(r, found->view) || found->view.status == webhook::status::removed)
    co_return no_such_webhook();
  co_return std::move(*found);
}

/// How its deliveries fare is left out: there are none yet, and a repeated answer must be the same.
response created_response(const shared_parts& shared, const webhook_answer& made) {
  json_writer out{1'024};
  write_webhook(out, shared, made.id, made.view, webhook_part::made,
                shared.parts.webhooks->secret_of(made.id, made.view.generation));
  auto answer = webhook_json(201, out);
  answer.fields.emplace_back("Location", "/api/webhooks/" + made.id.text());
  return made.is_replay ? replayed(std::move(answer)) : answer;
}

/// The answer to the same request that was given before; nullopt if there is none.
result<std::optional<webhook_answer>> decoded(const shared_parts& shared,
                                              const std::optional<std::string>& stored) {
  if (!stored)
    return std::nullopt;
  auto first = shared.parts.webhooks->decode_answer(*stored);
  if (!first)
    return first.error();
  return std::optional{std::move(*first)};
}

/// After a refusal: the same request may have been answered meanwhile, by an attempt whose answer
/// got lost.
result<webhook_answer> answered_before(const shared_parts& shared, std::string_view customer,
                                       const std::optional<idempotency>& key,
                                       const failure& refused) {
  if (!key || refused.code != errc::conflict)
    return refused;
  const auto stored = first_answer_of_any(shared, customer, *key);
  if (!stored)
    return stored.error();
  auto first = decoded(shared, *stored);
  if (!first)
    return first.error();
  if (!*first)
    return refused;
  return std::move(**first);
}

awaitable<result<webhook_answer>> make_webhook(shared_parts& shared, const request& r,
                                               webhook::registration made,
                                               repetition_of<std::string> known) {
  auto* all = shared.parts.webhooks;
  const auto& limits = shared.parts.settings.webhooks;
  const auto customer = made.customer;
  const auto id = all->next_id(customer);
  auto job = [all, id, customer, most = limits.per_customer_max] {
    return all->reserve(id, customer, most);
  };
  auto place = co_await run_on(shared.parts.readers, std::move(job));
  if (!place)
    co_return place.error();
  webhook::command what{webhook::create{std::move(made), limits.handshake}};
  auto meta = meta_of(r, what);
  meta.is_fresh_entity = true;
  if (known.key) {
    meta.id = known.key->id;
    meta.fingerprint = known.key->fingerprint;
  }
  std::vector<std::shared_ptr<const void>> held;
  held.push_back(std::move(*place));
  held.push_back(std::move(known.turn));
  auto done = co_await tell(shared, id, std::move(what), std::move(meta), std::move(held));
  if (!done)
    co_return answered_before(shared, customer, known.key, done.error());
  log(log_level::info, "webhook created", {{"webhook", id.text()}, {"by", r.caller.name}});
  co_return done;
}

awaitable<result<response>> create_webhook(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  if (const auto all = webhooks_of(shared); !all)
    co_return all.error();
  auto made = read_registration(shared, *text);
  if (!made)
    co_return made.error();
  const auto& customer = made->customer;
  const auto named = customer.empty() ? std::nullopt : std::optional<std::string_view>(customer);
  if (const auto visible = visible_customer(r, named, "/customerId"); !visible)
    co_return visible.error();
  auto known = recognise_any(shared, r, "createWebhook", customer, customer, *text);
  if (!known)
    co_return known.error();
  const auto first = decoded(shared, known->first);
  if (!first)
    co_return first.error();
  if (*first)
    co_return created_response(shared, **first);
  const auto done = co_await make_webhook(shared, r, std::move(*made), std::move(*known));
  if (!done)
    co_return done.error();
  co_return created_response(shared, *done);
}

awaitable<result<response>> list_webhooks(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"customerId"}); !known)
    co_return known.error();
  const auto all = webhooks_of(shared);
  if (!all)
    co_return all.error();
  std::optional<std::string> customer;
  if (const auto named = r.query_value("customerId")) {
    if (auto visible = check_visible_customer(r, *named); !visible)
      co_return visible.error();
    customer = *named;
  }
  auto job = [source = *all, customer] {
    return source->list(customer, list_max);
  };
  const auto found = co_await run_on(shared.parts.readers, std::move(job));
  if (!found)
    co_return found.error();
  json_writer out{2'048};
  out.begin_object().key("items").begin_array();
  for (const auto& each : *found)
    if (may_see(r, each.view))
      write_webhook(out, shared, each.id, each.view);
  out.end_array().end_object();
  co_return webhook_json(200, out);
}

awaitable<result<response>> read_webhook(shared_parts& shared, request& r, body_reader&) {
  const auto found = co_await find_visible_webhook(shared, r);
  if (!found)
    co_return found.error();
  json_writer out{1'024};
  write_webhook(out, shared, found->id, found->view);
  co_return webhook_json(200, out);
}

/// Finds it, tells it, answers with what it has become.
awaitable<result<response>> change_webhook(shared_parts& shared, request& r, webhook::command what,
                                           bool tells_secret = false) {
  const auto found = co_await find_visible_webhook(shared, r);
  if (!found)
    co_return found.error();
  const std::string name{webhook::name_of(what)};
  auto meta = meta_of(r, what);
  const auto done = co_await tell(shared, found->id, std::move(what), std::move(meta), {});
  if (!done)
    co_return done.error();
  log(log_level::info, "webhook was told",
      {{"webhook", found->id.text()}, {"command", name}, {"by", r.caller.name}});
  json_writer out{1'024};
  write_webhook(out, shared, found->id, done->view, webhook_part::all,
                tells_secret ? shared.parts.webhooks->secret_of(found->id, done->view.generation)
                             : std::string{});
  co_return webhook_json(200, out);
}

awaitable<result<response>> pause_webhook(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  auto read = json_body::parse(*text);
  if (!read)
    co_return read.error();
  auto reason = read->required_string("reason");
  if (auto whole = read->finish(); !whole)
    co_return whole.error();
  webhook::command what{webhook::pause{std::move(*reason)}};
  co_return co_await change_webhook(shared, r, std::move(what));
}

awaitable<result<response>> resume_webhook(shared_parts& shared, request& r, body_reader&) {
  webhook::command what{webhook::resume{}};
  co_return co_await change_webhook(shared, r, std::move(what));
}

awaitable<result<response>> rotate_secret(shared_parts& shared, request& r, body_reader&) {
  webhook::command what{webhook::rotate_secret{}};
  co_return co_await change_webhook(shared, r, std::move(what), true);
}

awaitable<result<response>> remove_webhook(shared_parts& shared, request& r, body_reader&) {
  webhook::command what{webhook::remove{}};
  const auto removed = co_await change_webhook(shared, r, std::move(what));
  if (!removed)
    co_return removed.error();
  response done;
  done.status = 204;
  co_return done;
}

} // namespace

void add_webhook_routes(route_table& table) {
  const auto keys = access::key;
  const std::string one = "/api/webhooks/{id}";
  table.add(verb::post, "/api/webhooks", body_kind::json, keys, "createWebhook", create_webhook);
  table.add(verb::get, "/api/webhooks", body_kind::none, keys, "listWebhooks", list_webhooks);
  table.add(verb::get, one, body_kind::none, keys, "readWebhook", read_webhook);
  table.add(verb::del, one, body_kind::none, keys, "removeWebhook", remove_webhook);
  table.add(verb::post, one + "/pause", body_kind::json, keys, "pauseWebhook", pause_webhook);
  table.add(verb::post, one + "/resume", body_kind::none, keys, "resumeWebhook", resume_webhook);
  table.add(verb::post, one + "/rotate-secret", body_kind::none, keys, "rotateSecret",
            rotate_secret);
}

} // namespace dossier

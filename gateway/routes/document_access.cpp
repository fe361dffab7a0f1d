// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/document_access.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// Version, trace, span and flags of W3C Trace Context; anything else is not worth keeping.
bool is_traceparent(std::string_view text) {
  constexpr std::string_view form = "xx-xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx-xxxxxxxxxxxxxxxx-xx";
  return std::equal(text.begin(), text.end(), form.begin(), form.end(), [](char c, char wanted) {
    return wanted == '-' ? c == '-' : (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
  });
}

} // namespace

failure no_such_document() {
  return fail(errc::not_found, "There is no such document, or none that this key may see.");
}

result<void> check_visible_customer(const request& r, std::string_view customer) {
  if (!r.caller.may_see(customer))
    return fail(errc::not_found, "There is no such customer, or none that this key may see.");
  return check_customer(customer);
}

result<std::optional<std::string>>
visible_customer(const request& r, std::optional<std::string_view> named, std::string_view where) {
  if (!named && r.caller.is_admin())
    return std::optional<std::string>{};
  if (!named)
    return fail(errc::invalid_argument,
                "A customer's key asks about one customer at a time: name it with customerId.",
                std::string{where});
  if (auto visible = check_visible_customer(r, *named); !visible)
    return visible.error();
  return std::optional{std::string{*named}};
}

result<std::optional<std::string>> visible_customer(const request& r) {
  constexpr std::string_view name = "customerId";
  return visible_customer(r, r.query_value(name), name);
}

result<found_document> find_visible(const shared_parts& shared, const request& r) {
  const auto id = entity_id::parse(r.params.front());
  if (!id)
    return no_such_document();
  auto found = shared.parts.documents.find(*id);
  if (!found)
    return found.error().code == errc::not_found ? no_such_document() : found.error();
  const auto asked_for = r.query_value("customerId");
  if (!r.caller.may_see(found->view.customer) || (asked_for && *asked_for != found->view.customer))
    return no_such_document();
  return found;
}

result<found_document> find_granted(const shared_parts& shared, const request& r,
                                    permission wanted) {
  const auto now = shared.now();
  const auto granted = shared.parts.signer.check(r.target, wanted, now);
  if (!granted)
    return granted.error();
  auto found = shared.parts.documents.find(granted->document);
  if (!found)
    return found.error().code == errc::not_found ? no_such_document() : found.error();
  if (auto living = check_living(found->view, now); !living)
    return living.error();
  return found;
}

awaitable<result<document_answer>> submit_command(shared_parts& shared, const entity_id& id,
                                                  document::command what, command_meta meta,
                                                  std::shared_ptr<const void> held) {
  auto start = [&](std::function<void(result<document_answer>)> receive) {
    // Why let go first: whoever resumes may want to collect what was held.
    auto deliver
      = [receive = std::move(receive), held = std::move(held)](result<document_answer> a) mutable {
          held.reset();
          receive(std::move(a));
        };
    auto back = std::make_shared<reply<document::view>>(std::move(deliver));
    shared.parts.documents.submit(id, std::move(what), std::move(meta), std::move(back));
  };
  co_return co_await await_reply<document_answer>(shared.reply_deadline(), std::move(start));
}

cause cause_of(const request& r, const document::command& what) {
  return cause_of(r, name_of(what));
}

cause cause_of(const request& r, std::string_view command) {
  cause why;
  why.command = command;
  why.by = r.caller.role == principal::role_type::nobody ? "signed url" : "key:" + r.caller.name;
  why.request_id = r.request_id;
  if (const auto trace = r.field("traceparent"); is_traceparent(trace))
    why.traceparent = trace;
  return why;
}

result<std::optional<std::string>>
first_answer_of_any(const shared_parts& shared, std::string_view customer, const idempotency& key) {
  auto stored = shared.parts.documents.find_answer(customer, key.id);
  if (!stored)
    return stored.error();
  if (!*stored)
    return std::nullopt;
  if ((*stored)->fingerprint != key.fingerprint)
    return fail(errc::unprocessable,
                "This Idempotency-Key was used before with another body. Use a new key for a new "
                "request.",
                "Idempotency-Key");
  return std::optional{std::move((*stored)->bytes)};
}

result<std::optional<document_answer>>
first_answer(const shared_parts& shared, std::string_view customer, const idempotency& key) {
  const auto stored = first_answer_of_any(shared, customer, key);
  if (!stored)
    return stored.error();
  if (!*stored)
    return std::nullopt;
  auto first = shared.parts.documents.decode_answer(**stored);
  if (!first)
    return first.error();
  return std::optional{std::move(*first)};
}

result<repetition_of<std::string>> recognise_any(shared_parts& shared, const request& r,
                                                 std::string_view operation, std::string_view scope,
                                                 std::string_view customer, std::string_view body) {
  const auto key = idempotency_of(r, operation, scope, body);
  if (!key)
    return key.error();
  repetition_of<std::string> known;
  if (!*key)
    return known;
  known.key = **key;
  // Why: the turn comes before the look. Whoever had it before has stored his answer by now.
  auto turn = shared.in_flight.enter(known.key->id);
  if (!turn)
    return turn.error();
  known.turn = std::move(*turn);
  auto first = first_answer_of_any(shared, customer, *known.key);
  if (!first)
    return first.error();
  known.first = std::move(*first);
  return known;
}

result<repetition> recognise(shared_parts& shared, const request& r, std::string_view operation,
                             std::string_view scope, std::string_view customer,
                             std::string_view body) {
  auto any = recognise_any(shared, r, operation, scope, customer, body);
  if (!any)
    return any.error();
  repetition known{any->key, std::move(any->turn), std::nullopt};
  if (any->first) {
    auto first = shared.parts.documents.decode_answer(*any->first);
    if (!first)
      return first.error();
    known.first = std::move(*first);
  }
  return known;
}

response replayed(response answer) {
  answer.fields.emplace_back("Idempotent-Replayed", "true");
  return answer;
}

granted_url grant(const shared_parts& shared, permission allows, const entity_id& id,
                  const document::view& view, timestamp until) {
  timestamp expires_at{std::chrono::floor<seconds>(until)};
  // Why up: a life that ends within this second would get a URL that is dead at once. The document
  // itself is asked on each use, so the rest of the second permits nothing.
  if (view.expiry)
    expires_at = std::min(expires_at, timestamp{std::chrono::ceil<seconds>(*view.expiry)});
  return {shared.parts.public_url + shared.parts.signer.sign({allows, id, expires_at}), expires_at};
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/webhooks_service.hpp"

#include "actors/entity/answer_codec.hpp"
#include "actors/list_walk.hpp"
#include "actors/messages.hpp"
#include "config/log.hpp"
#include "protocol/assert.hpp"

#include <caf/actor_system.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// What the answer to a handshake means; nullopt: the destination agrees (CloudEvents HTTP 1.1 Web
/// Hooks, 4.2).
std::optional<std::string> refusal_of(const result<outbound_answer>& got,
                                      const std::string& origin) {
  if (!got)
    return got.error().why;
  if (got->status < 200 || got->status > 299)
    return "the destination answered OPTIONS with status " + std::to_string(got->status);
  if (got->allowed_origin != "*" && got->allowed_origin != origin)
    return "the destination's WebHook-Allowed-Origin does not name " + origin;
  return std::nullopt;
}

/// The message of a letter, as it was to be delivered.
std::optional<webhook_message> message_of(const letter::message& kept) {
  webhook_message m{{}, kept.headers, kept.value};
  const auto id
    = std::ranges::find(m.fields, webhook_id_name, &std::pair<std::string, std::string>::first);
  if (id == m.fields.end())
    return std::nullopt;
  m.id = id->second;
  m.fields.erase(id);
  return m;
}

} // namespace

webhooks_service::webhooks_service(caf::actor_system& system, entity_services& services,
                                   region_actor<webhook_kind> region, const webhook_parts& parts,
                                   guards& by, letters& dead, const webhook_settings& settings)
  : system_(system)
  , services_(services)
  , gate_(services, std::move(region))
  , out_(parts.out)
  , settings_(settings)
  , deliverer_services_{services.store,
                        services.time,
                        services.loaders,
                        parts.feed,
                        parts.notes,
                        by,
                        dead,
                        webhook_secrets(parts.key),
                        settings,
                        {}} {
  const std::lock_guard lock(mutex_);
  start_deliverer();
}

void webhooks_service::start_deliverer() {
  started_at_ = uptime_;
  deliverer_ = system_.spawn(delivering, &deliverer_services_);
  deliverer_->attach_functor([this, who = deliverer_.id()](const caf::error& why) {
    if (why != let_go_reason)
      crashed_.store(who);
  });
}

void webhooks_service::take_note_of_crash() {
  deliverer_ = nullptr;
  const auto& limits = services_.limits;
  const milliseconds wait_max{limits.restart_backoff_ms_max};
  if (uptime_ - started_at_ > wait_max)
    crashes_ = 0;
  const auto doubled = std::uint64_t{limits.restart_backoff_ms_min} << std::min(crashes_, 20u);
  const auto wait = std::min(milliseconds{doubled}, wait_max);
  ++crashes_;
  restart_at_ = uptime_ + wait;
  services_.counters.restarts.fetch_add(1, std::memory_order_relaxed);
  // It is never given up, as an entity is: every webhook depends on it.
  log(log_level::warn, "actor will restart",
      {{"actor", deliverer_state::name},
       {"restarts", std::to_string(crashes_)},
       {"wait_ms", std::to_string(wait.count())}});
}

entity_id webhooks_service::next_id(std::string_view customer) {
  return services_.ids.next(services_.time.now(),
                            shard_of(customer, services_.store.shard_count()));
}

void webhooks_service::submit(const entity_id& id, webhook::command what, command_meta meta,
                              std::shared_ptr<reply<webhook::view>> done) {
  gate_.submit(id, std::move(what), std::move(meta), std::move(done));
}

result<found_webhook> webhooks_service::find(const entity_id& id) const {
  auto found = gate_.find(id);
  if (!found)
    return found.error();
  return found_webhook{id, std::move(*found)};
}

result<std::vector<found_webhook>>
webhooks_service::list(const std::optional<std::string>& customer, std::size_t limit) const {
  std::vector<found_webhook> all;
  list_walk walk(services_.store, webhook::list_name, std::nullopt, list_walk::whole_list_rows);
  while (all.size() < limit) {
    const auto row = walk.next();
    if (!row)
      return row.error();
    if (!*row)
      break;
    auto found = find((*row)->entity.id);
    if (!found && found.error().code != errc::not_found)
      return found.error();
    if (found && found->view.status != webhook::status::removed
        && (!customer || found->view.registration.customer == *customer))
      all.push_back(std::move(*found));
  }
  return all;
}

result<webhooks::place> webhooks_service::reserve(const entity_id& id, const std::string& customer,
                                                  std::size_t most) {
  auto taken = places_.take(id, customer);
  // Why listed after the place is taken: what gives its place back meanwhile is in the list.
  const auto listed = list(customer, most);
  if (!listed)
    return listed.error();
  auto& others = taken.before;
  for (const auto& each : *listed)
    others.insert(each.id);
  if (others.size() >= most)
    return fail(errc::conflict, "There are as many webhooks of this customer as are allowed ("
                                  + std::to_string(most) + "); remove one first.");
  return std::move(taken.place);
}

std::string webhooks_service::secret_of(const entity_id& id, std::uint32_t generation) const {
  return deliverer_services_.secrets.of(id, generation).text();
}

result<answer<webhook::view>> webhooks_service::decode_answer(std::string_view bytes) const {
  return decode_answer_of<webhook_kind>(services_.store, bytes);
}

std::optional<delivery_status> webhooks_service::status(const entity_id& id) const {
  return deliverer_services_.board.read(id);
}

// Letters.

void webhooks_service::attempt(const entity_id&, const letter::view& what, attempted done) {
  const auto refuse = [&done](errc code, std::string why) {
    done(attempt::failed{{code, std::move(why), {}}, false});
  };
  const auto id = entity_id::parse(what.origin.topic);
  auto message = message_of(what.message);
  if (!id || !message)
    return refuse(errc::corrupt, "the letter does not name the webhook and the event it was for");
  const auto found = find(*id);
  if (!found)
    return refuse(found.error().code, found.error().why);
  if (found->view.status != webhook::status::active)
    return refuse(errc::conflict, "the webhook is " + std::string(to_string(found->view.status))
                                    + "; resume it, then redrive the letter");
  const auto to = destination::parse(found->view.registration.url);
  if (!to)
    return refuse(errc::corrupt, to.error().why);
  auto key = id->text() + '/' + what.message.key.value_or("");
  // The deliverer may not have read it yet.
  deliverer_services_.board.know(*id, found->view);
  auto prepare = [this, id = *id, to = *to, message = std::move(*message)] {
    return sign_request(deliverer_services_, id, message, to);
  };
  auto ended = [done = std::move(done)](const call_ending& ending) {
    using how = call_ending::how_type;
    if (ending.how == how::succeeded)
      done(attempt::succeeded{});
    else if (ending.how == how::not_accepted || ending.how == how::stopped || !ending.why)
      done(attempt::not_now{});
    else
      done(attempt::failed{{ending.why->code, ending.why->why, ending.why->where}, false});
  };
  deliverer_services_.guards.call(
    *to, std::make_shared<guarded_call>(std::move(key), std::move(prepare), std::move(ended)));
}

// Handshakes.

void webhooks_service::fire(const timer_row& row, fired done) {
  services_.loaders.run([this, row, done = std::move(done)] { begin(row, done); });
}

/// On a loader thread.
void webhooks_service::begin(const timer_row& row, const fired& done) {
  const auto found = recover<webhook_kind>(services_.store, row.entity);
  if (!found)
    return done(found.error());
  const auto wished = timers_of(found->state);
  const bool is_wished = std::find(wished.begin(), wished.end(), row.timer) != wished.end();
  // Of a row that nobody wishes for, and of one whose time the clock has gone back behind, the
  // webhook itself decides.
  if (!is_wished || services_.time.now() < row.timer.due)
    return tell(row.entity.id, webhook::fire_timer{row.timer.name, row.timer.due}, done);
  shake_hands(row.entity.id, view_of(found->state, found->version), done);
}

void webhooks_service::shake_hands(const entity_id& id, const webhook::view& what,
                                   const fired& done) {
  const auto attempt = what.handshakes + 1;
  const auto to = destination::parse(what.registration.url);
  if (!to)
    return tell(id, webhook::settle_handshake{attempt, to.error().why}, done);
  outbound_request request;
  request.method = outbound_request::method_type::options;
  request.to = *to;
  request.fields = {{"WebHook-Request-Origin", settings_.origin}};
  request.deadline = milliseconds{settings_.attempt_ms_max};
  out_.call(std::move(request), [this, id, attempt, done](const result<outbound_answer>& got) {
    tell(id, webhook::settle_handshake{attempt, refusal_of(got, settings_.origin)}, done);
  });
}

void webhooks_service::tell(const entity_id& id, webhook::command what, fired done) {
  command_meta meta;
  meta.cause.by = "timer";
  auto answer_to = std::make_shared<reply<webhook::view>>(
    [done = std::move(done)](const result<answer<webhook::view>>& got) {
      done(got ? std::nullopt : std::optional<failure>(got.error()));
    });
  gate_.hand_over(id, std::move(what), std::move(meta), std::move(answer_to));
}

// The deliverer.

void webhooks_service::beat(milliseconds uptime) {
  const std::lock_guard lock(mutex_);
  uptime_ = uptime;
  if (is_stopped_)
    return;
  if (deliverer_ && crashed_.load() == deliverer_.id())
    take_note_of_crash();
  if (!deliverer_ && uptime_ >= restart_at_)
    start_deliverer();
  if (deliverer_)
    caf::anon_send(deliverer_, tick{uptime});
}

void webhooks_service::committed(const batch& b) {
  if (b.entity.kind != webhook_kind::code || b.events.empty())
    return;
  const std::lock_guard lock(mutex_);
  if (deliverer_ && !is_stopped_)
    caf::anon_send(deliverer_, webhook_changed{b.entity.id});
}

void webhooks_service::stop() {
  const std::lock_guard lock(mutex_);
  is_stopped_ = true;
  if (deliverer_)
    caf::anon_send_exit(deliverer_, let_go_reason);
  deliverer_ = nullptr;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/webhook_deliverer.hpp"

#include "actors/entity/hosted.hpp"
#include "actors/list_walk.hpp"
#include "actors/webhook/kind.hpp"
#include "config/log.hpp"
#include "protocol/assert.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <iterator>
#include <utility>

namespace dossier {

namespace {

/// After a full guard, a failed reading or a letter that could not be written.
constexpr milliseconds try_again_after{1'000};

/// Why a call was given up, as a letter says it.
letter::trouble trouble_of(const call_ending& ending) {
  const auto why = ending.why.value_or(fail(errc::internal, "the call ended without a reason"));
  return {why.code, why.why, why.where};
}

} // namespace

result<outbound_request> sign_request(const deliverer_services& services, const entity_id& webhook,
                                      const webhook_message& message, const destination& to) {
  const auto known = services.board.known(webhook);
  if (!known || known->status != webhook::status::active)
    return fail(errc::conflict, "nothing is delivered to the webhook now");
  const auto now = services.time.now();
  const auto secrets = services.secrets.signing(webhook, *known, now);
  auto signature = sign_webhook(message.id, now, message.body, secrets);
  if (!signature)
    return signature.error();
  outbound_request r;
  r.to = to;
  r.fields = message.fields;
  r.fields.emplace_back(webhook_id_name, std::move(signature->id));
  r.fields.emplace_back(webhook_timestamp_name, std::move(signature->timestamp));
  r.fields.emplace_back(webhook_signature_name, std::move(signature->signature));
  r.body = message.body;
  return r;
}

std::string note_name_of(const entity_id& webhook) {
  return "webhook:" + webhook.text();
}

entity_id letter_id_of(const entity_id& webhook, const cloud_event& event, shard_number shard) {
  const auto digest = sha256_of("letter/" + webhook.text() + '/' + event.id);
  std::array<std::uint8_t, 10> dice{};
  std::copy_n(digest.begin(), dice.size(), dice.begin());
  return entity_id::make(event.time, shard, dice);
}

void deliverer_state::start(deliverer_actor::pointer actor, deliverer_services* given) {
  self_ = actor;
  services_ = given;
  list_all();
}

void deliverer_state::list_all() {
  services_->loaders.run([to = caf::actor_cast<deliverer_actor>(self_), store = &services_->store,
                          is_unlisted = is_unlisted_] {
    const auto give_up = [&](const failure& why) {
      log(log_level::error, "webhooks cannot be listed", {{"why", why.why}});
      is_unlisted->store(true);
    };
    list_walk walk(*store, webhook::list_name, std::nullopt, list_walk::whole_list_rows);
    for (;;) {
      const auto row = walk.next();
      if (!row)
        return give_up(row.error());
      if (!*row)
        return;
      caf::anon_send(to, webhook_changed{(*row)->entity.id});
    }
  });
}

void deliverer_state::read(const entity_id& id) {
  services_->loaders.run(
    [to = caf::actor_cast<deliverer_actor>(self_), store = &services_->store, id] {
      webhook_read read{id,
                        std::make_shared<result<hosted<webhook_kind>>>(
                          recover<webhook_kind>(*store, entity_ref{webhook_kind::code, id})),
                        std::make_shared<result<std::optional<std::string>>>(
                          store->read_note(id.shard(), note_name_of(id)))};
      caf::anon_send(to, std::move(read));
    });
}

void deliverer_state::take_up(const webhook_read& x) {
  if (!*x.what || (*x.what)->version == 0 || !*x.note) {
    const auto why = !*x.what   ? x.what->error().why
                     : !*x.note ? x.note->error().why
                                : std::string{"it does not exist"};
    log(log_level::error, "webhook cannot be read", {{"webhook", x.id.text()}, {"why", why}});
    if (!*x.what || !*x.note)
      unread_[x.id] = uptime_ + try_again_after;
    return;
  }
  auto what = view_of((*x.what)->state, (*x.what)->version);
  const auto found = all_.find(x.id);
  if (what.status == webhook::status::removed) {
    // What is being noted has to be noted first.
    if (found != all_.end() && found->second.is_noting)
      found->second.what = std::move(what);
    else
      forget(x.id);
    return;
  }
  services_->board.know(x.id, what);
  if (found != all_.end()) {
    // Readings overtake each other.
    if (found->second.what.version < what.version)
      found->second.what = std::move(what);
    go_on(x.id, found->second);
    return;
  }
  const auto& r = what.registration;
  const auto to = destination::parse(r.url);
  const auto filter = cloud_event_filter::parse(r.types, r.subject_prefix, r.customer);
  const auto shards = services_->feed.shard_count();
  auto place = feed_cursor::parse(x.note->value().value_or(r.start), shards);
  if (!place)
    place = feed_cursor::parse(r.start, shards);
  if (!to || !filter || !place) {
    log(log_level::error, "webhook cannot be delivered to", {{"webhook", x.id.text()}});
    return;
  }
  hooked h{.life = next_life_++,
           .what = std::move(what),
           .to = *to,
           .filter = *filter,
           .events = webhook::delivery(*place),
           .to_letter = {},
           .letters_late = {},
           .status = {},
           .noted = place->text()};
  h.status.position = *place;
  go_on(x.id, all_.emplace(x.id, std::move(h)).first->second);
}

deliverer_state::hooked* deliverer_state::find(const entity_id& id, std::uint64_t life) {
  const auto found = all_.find(id);
  return found == all_.end() || found->second.life != life ? nullptr : &found->second;
}

void deliverer_state::go_on(const entity_id& id, hooked& h) {
  if (h.what.status == webhook::status::active && uptime_ >= h.patience_until) {
    while (const auto at = h.events.next()) {
      send(id, h, *at);
    }
    const bool has_news = h.has_more || h.seen != services_->feed.recorded();
    const auto& limits = services_->limits;
    const bool has_room
      = h.events.open() < limits.in_flight_max && h.events.ahead() < limits.ahead_max;
    if (!h.is_reading && has_news && has_room)
      read_page(id, h);
  }
  h.status.position = h.events.position();
  h.status.open = h.events.open();
  services_->board.write(id, h.status);
}

void deliverer_state::read_page(const entity_id& id, hooked& h) {
  h.is_reading = true;
  // Looked up before the page is read: what comes between is seen again.
  h.seen = services_->feed.recorded();
  feed_question question{h.filter, h.events.read_until(),
                         services_->limits.in_flight_max - h.events.open()};
  services_->loaders.run([to = caf::actor_cast<deliverer_actor>(self_), feed = &services_->feed, id,
                          life = h.life, question = std::move(question)] {
    caf::anon_send(
      to, webhook_page{id, life, std::make_shared<result<feed_page>>(feed->read(question))});
  });
}

void deliverer_state::take_up(const webhook_page& x) {
  auto* h = find(x.id, x.life);
  if (h == nullptr)
    return;
  h->is_reading = false;
  if (!*x.page) {
    h->has_more = true;
    h->patience_until = uptime_ + try_again_after;
    h->status.last_error = x.page->error().why;
    h->status.failed_at = services_->time.now();
    log(log_level::error, "events for a webhook cannot be read",
        {{"webhook", x.id.text()}, {"why", x.page->error().why}});
  } else {
    auto& page = **x.page;
    h->has_more = !page.is_end;
    for (auto& fed : page.events)
      h->events.take({fed.shard, fed.position}, std::move(fed.event));
    h->events.read_until(std::move(page.next));
  }
  go_on(x.id, *h);
}

void deliverer_state::send(const entity_id& id, hooked& h, const webhook::feed_place& at) {
  const auto& event = h.events.event_at(at);
  auto prepare = [services = services_, id, to = h.to,
                  message = make_webhook_message(event, h.what.registration.is_structured)] {
    return sign_request(*services, id, message, to);
  };
  auto ended
    = [to = caf::actor_cast<deliverer_actor>(self_), id, life = h.life, at](call_ending ending) {
        caf::anon_send(to, webhook_call_ended{id, life, at, std::move(ending)});
      };
  services_->guards.call(h.to,
                         std::make_shared<guarded_call>(id.text() + '/' + event.partitionkey,
                                                        std::move(prepare), std::move(ended)));
}

void deliverer_state::take_up(const webhook_call_ended& x) {
  auto* h = find(x.id, x.life);
  if (h == nullptr)
    return;
  using how = call_ending::how_type;
  if (x.ending.how == how::succeeded) {
    ++h->status.delivered;
    h->events.finish(x.at);
  } else if (x.ending.how == how::not_accepted || x.ending.how == how::stopped
             || x.ending.how == how::withdrawn) {
    // Nobody refused it: it waits here, for a paused webhook until it is resumed.
    h->events.put_back(x.at);
    h->patience_until = uptime_ + try_again_after;
  } else {
    h->status.last_error = x.ending.why ? x.ending.why->why : "";
    h->status.failed_at = services_->time.now();
    h->to_letter.emplace(x.at, x.ending);
    write_letter(x.id, *h, x.at);
  }
  go_on(x.id, *h);
}

/// Before the position may pass the event. Repeated until it is durable; there is one letter for
/// each event of a webhook, so a repetition is refused as conflict and has done what it should.
void deliverer_state::write_letter(const entity_id& id, const hooked& h,
                                   const webhook::feed_place& at) {
  const auto& event = h.events.event_at(at);
  auto message = make_webhook_message(event, h.what.registration.is_structured);
  letter::receive what;
  what.origin = {letter::channel::webhook, id.text(), at.shard, at.position, event.time};
  // The id travels as a field, so that a redriven letter is signed under it again.
  message.fields.emplace_back(webhook_id_name, message.id);
  what.message = {event.partitionkey, std::move(message.fields), std::move(message.body)};
  what.type = event.type;
  what.subject = event.subject;
  what.why = trouble_of(h.to_letter.at(at));
  command_meta meta;
  meta.cause.command = "dead-letter";
  meta.cause.by = "webhook:" + id.text();
  services_->letters.submit(
    letter_id_of(id, event, at.shard), std::move(what), std::move(meta),
    std::make_shared<reply<letter::view>>([to = caf::actor_cast<deliverer_actor>(self_), id,
                                           life = h.life,
                                           at](const result<answer<letter::view>>& got) {
      std::optional<failure> why;
      if (!got && got.error().code != errc::conflict)
        why = got.error();
      caf::anon_send(to, webhook_letter_written{id, life, at, std::move(why)});
    }));
}

void deliverer_state::take_up(const webhook_letter_written& x) {
  auto* h = find(x.id, x.life);
  if (h == nullptr)
    return;
  if (x.why_not) {
    log(log_level::error, "letter of a webhook cannot be written",
        {{"webhook", x.id.text()}, {"why", x.why_not->why}});
    h->letters_late.emplace_back(uptime_ + try_again_after, x.at);
    return;
  }
  h->to_letter.erase(x.at);
  ++h->status.given_up;
  h->events.finish(x.at);
  go_on(x.id, *h);
}

void deliverer_state::on_tick(milliseconds uptime) {
  uptime_ = uptime;
  if (is_unlisted_->load() && uptime_ >= list_again_at_) {
    is_unlisted_->store(false);
    list_again_at_ = uptime_ + try_again_after;
    list_all();
  }
  for (auto each = unread_.begin(); each != unread_.end();) {
    const bool is_due = each->second <= uptime_;
    if (is_due)
      read(each->first);
    each = is_due ? unread_.erase(each) : std::next(each);
  }
  for (auto& [id, h] : all_) {
    while (!h.letters_late.empty() && h.letters_late.front().first <= uptime_) {
      write_letter(id, h, h.letters_late.front().second);
      h.letters_late.pop_front();
    }
    go_on(id, h);
    note(id, h);
  }
}

void deliverer_state::forget(const entity_id& id) {
  all_.erase(id);
  services_->board.forget(id);
  services_->loaders.run([notes = &services_->notes, id] {
    // If the process ends before this, a row of some bytes stays that nobody reads.
    if (const auto gone = notes->write_note(id.shard(), note_name_of(id), {}); !gone)
      log(log_level::error, "position of a removed webhook cannot be forgotten",
          {{"webhook", id.text()}, {"why", gone.error().why}});
  });
}

void deliverer_state::note(const entity_id& id, hooked& h) {
  if (h.is_noting || h.what.status == webhook::status::removed)
    return;
  auto text = h.status.position.text();
  if (text == h.noted)
    return;
  h.is_noting = true;
  services_->loaders.run([to = caf::actor_cast<deliverer_actor>(self_), notes = &services_->notes,
                          id, life = h.life, text = std::move(text)]() mutable {
    auto written = notes->write_note(id.shard(), note_name_of(id), text);
    if (!written) {
      log(log_level::error, "position of a webhook cannot be noted",
          {{"webhook", id.text()}, {"why", written.error().why}});
      text.clear();
    }
    caf::anon_send(to, webhook_noted{id, life, std::move(text)});
  });
}

void deliverer_state::take_up(const webhook_noted& x) {
  auto* h = find(x.id, x.life);
  if (h == nullptr)
    return;
  h->is_noting = false;
  h->noted = x.position;
  if (h->what.status == webhook::status::removed)
    forget(x.id);
}

deliverer_actor::behavior_type delivering(deliverer_actor::stateful_pointer<deliverer_state> self,
                                          deliverer_services* services) {
  self->state.start(self, services);
  self->set_exception_handler([](std::exception_ptr& thrown) -> caf::error {
    std::string why = "an unknown exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      why = e.what();
    } catch (...) {
      // Named above.
    }
    log(log_level::error, "actor crashed", {{"actor", deliverer_state::name}, {"why", why}});
    return caf::exit_reason::unhandled_exception;
  });
  return {
    [self](const webhook_changed& x) { self->state.read(x.id); },
    [self](const webhook_read& x) { self->state.take_up(x); },
    [self](const webhook_page& x) { self->state.take_up(x); },
    [self](const webhook_call_ended& x) { self->state.take_up(x); },
    [self](const webhook_letter_written& x) { self->state.take_up(x); },
    [self](const webhook_noted& x) { self->state.take_up(x); },
    [self](const tick& x) { self->state.on_tick(x.uptime); },
  };
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// A webhook's events as JSON and back. Every shape that was ever written stays in `shapes`.
#include "protocol/event_members.hpp"
#include "protocol/json_text.hpp"
#include "protocol/webhook.hpp"

namespace dossier::webhook {

namespace {

constexpr std::string_view created_type = "WebhookCreatedEvent";
constexpr std::string_view verified_type = "WebhookVerifiedEvent";
constexpr std::string_view handshake_failed_type = "WebhookHandshakeFailedEvent";
constexpr std::string_view paused_type = "WebhookPausedEvent";
constexpr std::string_view resumed_type = "WebhookResumedEvent";
constexpr std::string_view secret_rotated_type = "WebhookSecretRotatedEvent";
constexpr std::string_view removed_type = "WebhookRemovedEvent";

class writing {
public:
  writing() { w_.begin_object(); }

  encoded_event operator()(const created& e) {
    const auto& r = e.registration;
    w_.key("url").string(r.url);
    w_.key("types").string(r.types);
    w_.key("subject").string(r.subject_prefix);
    w_.key("customerId").string(r.customer);
    w_.key("structured").boolean(r.is_structured);
    w_.key("start").string(r.start);
    time_if("due", e.due);
    return done(created_type);
  }
  encoded_event operator()(const verified&) { return done(verified_type); }
  encoded_event operator()(const handshake_failed& e) {
    w_.key("attempt").number(e.attempt);
    w_.key("why").string(e.why);
    time_if("due", e.due);
    return done(handshake_failed_type);
  }
  encoded_event operator()(const paused& e) {
    w_.key("reason").string(e.reason);
    return done(paused_type);
  }
  encoded_event operator()(const resumed& e) {
    time_if("due", e.due);
    return done(resumed_type);
  }
  encoded_event operator()(const secret_rotated& e) {
    w_.key("generation").number(e.generation);
    w_.key("oldUntil").time(e.old_until);
    return done(secret_rotated_type);
  }
  encoded_event operator()(const removed&) { return done(removed_type); }

private:
  void time_if(std::string_view name, const std::optional<timestamp>& t) {
    if (t)
      w_.key(name).time(*t);
  }
  encoded_event done(std::string_view type) {
    w_.end_object();
    return {type, 1, w_.take()};
  }

  json_writer w_;
};

event read_created_1(event_members& m) {
  created e;
  e.registration.url = m.text("url");
  e.registration.types = m.text("types");
  e.registration.subject_prefix = m.text("subject");
  e.registration.customer = m.text("customerId");
  e.registration.is_structured = m.boolean("structured");
  e.registration.start = m.text("start");
  e.due = m.if_present("due", &event_members::time);
  return e;
}

event read_verified_1(event_members&) {
  return verified{};
}

event read_handshake_failed_1(event_members& m) {
  handshake_failed e;
  e.attempt = m.number<std::uint32_t>("attempt");
  e.why = m.text("why");
  e.due = m.if_present("due", &event_members::time);
  return e;
}

event read_paused_1(event_members& m) {
  return paused{m.text("reason")};
}

event read_resumed_1(event_members& m) {
  return resumed{m.if_present("due", &event_members::time)};
}

event read_secret_rotated_1(event_members& m) {
  secret_rotated e;
  e.generation = m.number<std::uint32_t>("generation");
  e.old_until = m.time("oldUntil");
  return e;
}

event read_removed_1(event_members&) {
  return removed{};
}

// Frozen: lines are added, none is ever changed or taken away.
constexpr event_shape<event> shapes[] = {
  {created_type, 1, read_created_1},
  {verified_type, 1, read_verified_1},
  {handshake_failed_type, 1, read_handshake_failed_1},
  {paused_type, 1, read_paused_1},
  {resumed_type, 1, read_resumed_1},
  {secret_rotated_type, 1, read_secret_rotated_1},
  {removed_type, 1, read_removed_1},
};

} // namespace

encoded_event encode(const event& e) {
  return std::visit(writing{}, e);
}

result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data) {
  return decode_shape(shapes, type, version, data);
}

} // namespace dossier::webhook

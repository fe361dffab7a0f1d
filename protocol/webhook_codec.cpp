// SPDX-License-Identifier: Apache-2.0
// A webhook's events as JSON and back. Every shape that was ever written stays readable.
#include "protocol/json_members.hpp"
#include "protocol/json_text.hpp"
#include "protocol/webhook.hpp"

#include <algorithm>
#include <charconv>
#include <vector>

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

/// Takes an object's members one by one; once one is not as it was written, the event is not
/// believed.
class members {
public:
  explicit members(std::vector<json_member> all)
    : all_(std::move(all)) {}

  std::string text(std::string_view name) {
    const auto* m = take(name, json_kind::string);
    return m ? m->text : std::string{};
  }
  bool flag(std::string_view name) {
    const auto* m = take(name, json_kind::boolean);
    return m && m->json == "true";
  }
  std::uint32_t number(std::string_view name) {
    std::uint32_t value = 0;
    if (const auto* m = take(name, json_kind::number)) {
      const auto* end = m->json.data() + m->json.size();
      const auto [stop, error] = std::from_chars(m->json.data(), end, value);
      is_good_ = is_good_ && error == std::errc{} && stop == end;
    }
    return value;
  }
  timestamp time(std::string_view name) {
    const auto read = parse_rfc3339(text(name));
    is_good_ = is_good_ && read;
    return read ? *read : timestamp{};
  }
  std::optional<timestamp> time_if(std::string_view name) {
    if (std::ranges::find(all_, name, &json_member::name) == all_.end())
      return std::nullopt;
    return time(name);
  }
  bool is_done() const { return is_good_ && taken_ == all_.size(); }

private:
  const json_member* take(std::string_view name, json_kind kind) {
    const auto found = std::ranges::find(all_, name, &json_member::name);
    if (found == all_.end() || found->kind != kind) {
      is_good_ = false;
      return nullptr;
    }
    ++taken_;
    return &*found;
  }

  std::vector<json_member> all_;
  std::size_t taken_ = 0;
  bool is_good_ = true;
};

std::optional<event> event_of(std::string_view type, members& m) {
  if (type == created_type) {
    created e;
    e.registration = {m.text("url"),        m.text("types"),      m.text("subject"),
                      m.text("customerId"), m.flag("structured"), m.text("start")};
    e.due = m.time_if("due");
    return e;
  }
  if (type == verified_type)
    return verified{};
  if (type == handshake_failed_type)
    return handshake_failed{m.number("attempt"), m.text("why"), m.time_if("due")};
  if (type == paused_type)
    return paused{m.text("reason")};
  if (type == resumed_type)
    return resumed{m.time_if("due")};
  if (type == secret_rotated_type)
    return secret_rotated{m.number("generation"), m.time("oldUntil")};
  if (type == removed_type)
    return removed{};
  return std::nullopt;
}

} // namespace

encoded_event encode(const event& e) {
  return std::visit(writing{}, e);
}

result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data) {
  const auto name = std::string{type} + " version " + std::to_string(version);
  auto read = read_json_members(data);
  if (!read)
    return fail(errc::corrupt, name + " cannot be read: " + read.error().why);
  members m(std::move(*read));
  auto e = version == 1 ? event_of(type, m) : std::nullopt;
  if (!e)
    return fail(errc::corrupt, "no webhook's event is known as " + name);
  if (!m.is_done())
    return fail(errc::corrupt, name + " is not as it was written");
  return std::move(*e);
}

} // namespace dossier::webhook

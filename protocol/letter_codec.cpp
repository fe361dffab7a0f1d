// SPDX-License-Identifier: Apache-2.0
// A letter's events as JSON and back. Every shape that was ever written stays in `shapes`.
#include "protocol/digest.hpp"
#include "protocol/event_members.hpp"
#include "protocol/json_text.hpp"
#include "protocol/letter.hpp"
#include "protocol/utf8.hpp"

namespace dossier::letter {

namespace {

constexpr std::string_view received_type = "MessageReceivedEvent";
constexpr std::string_view retry_scheduled_type = "MessageRetryScheduledEvent";
constexpr std::string_view dead_lettered_type = "MessageDeadLetteredEvent";
constexpr std::string_view redriven_type = "MessageRedrivenEvent";
constexpr std::string_view settled_type = "MessageSettledEvent";
constexpr std::string_view discarded_type = "MessageDiscardedEvent";

/// Writes the members of an event's newest shape and names it.
class writing {
public:
  encoded_event operator()(const received& e) {
    w_.key("channel").string(to_string(e.origin.channel));
    w_.key("topic").string(e.origin.topic);
    w_.key("partition").number(e.origin.partition);
    w_.key("offset").number(e.origin.offset);
    w_.key("recordedAt").time(e.origin.at);
    w_.key("type").string(e.type);
    w_.key("subject").string(e.subject);
    trouble_of(e.why);
    w_.key("fingerprint").string(e.fingerprint);
    if (e.message.key)
      w_.key("keyBase64").string(to_base64(*e.message.key));
    w_.key("headers").begin_array();
    for (const auto& [name, value] : e.message.headers) {
      w_.begin_object();
      if (is_utf8(name))
        w_.key("name").string(name);
      else
        w_.key("nameBase64").string(to_base64(name));
      w_.key("valueBase64").string(to_base64(value));
      w_.end_object();
    }
    w_.end_array();
    w_.key("valueBase64").string(to_base64(e.message.value));
    return done(received_type, 1);
  }

  encoded_event operator()(const retry_scheduled& e) {
    w_.key("attempt").number(e.attempt);
    w_.key("due").time(e.due);
    trouble_of(e.why);
    return done(retry_scheduled_type, 1);
  }

  encoded_event operator()(const dead_lettered& e) {
    w_.key("attempts").number(e.attempts);
    trouble_of(e.why);
    w_.key("fingerprint").string(e.fingerprint);
    return done(dead_lettered_type, 1);
  }

  encoded_event operator()(const redriven& e) {
    if (e.value)
      w_.key("valueBase64").string(to_base64(*e.value));
    w_.key("due").time(e.due);
    return done(redriven_type, 1);
  }

  encoded_event operator()(const settled& e) {
    w_.key("attempts").number(e.attempts);
    return done(settled_type, 1);
  }

  encoded_event operator()(const discarded&) { return done(discarded_type, 1); }

  writing() { w_.begin_object(); }

private:
  void trouble_of(const trouble& why) {
    w_.key("trouble").begin_object();
    w_.key("code").string(to_string(why.code));
    w_.key("why").string(why.why);
    w_.key("where").string(why.where);
    w_.end_object();
  }

  encoded_event done(std::string_view type, std::uint32_t version) {
    w_.end_object();
    return {type, version, w_.take()};
  }

  json_writer w_{512};
};

trouble read_trouble(event_members& m) {
  trouble read;
  m.object("trouble", [&read](event_members& inner) {
    if (!parse_errc(inner.text("code"), read.code))
      inner.wrong<errc>("code", "the name of a failure");
    read.why = inner.text("why");
    read.where = inner.text("where");
  });
  return read;
}

event read_received_1(event_members& m) {
  received e;
  if (const auto c = parse_channel(m.text("channel")))
    e.origin.channel = *c;
  else
    m.wrong<int>("channel", "a channel");
  e.origin.topic = m.text("topic");
  e.origin.partition = m.number<std::uint32_t>("partition");
  e.origin.offset = m.number<std::uint64_t>("offset");
  e.origin.at = m.time("recordedAt");
  e.type = m.text("type");
  e.subject = m.text("subject");
  e.why = read_trouble(m);
  e.fingerprint = m.text("fingerprint");
  if (m.has("keyBase64"))
    e.message.key = m.bytes("keyBase64");
  m.each("headers", [&e](event_members& header) {
    auto name = header.has("name") ? header.text("name") : header.bytes("nameBase64");
    e.message.headers.emplace_back(std::move(name), header.bytes("valueBase64"));
  });
  e.message.value = m.bytes("valueBase64");
  return e;
}

event read_retry_scheduled_1(event_members& m) {
  retry_scheduled e;
  e.attempt = m.number<std::uint32_t>("attempt");
  e.due = m.time("due");
  e.why = read_trouble(m);
  return e;
}

event read_dead_lettered_1(event_members& m) {
  dead_lettered e;
  e.attempts = m.number<std::uint32_t>("attempts");
  e.why = read_trouble(m);
  e.fingerprint = m.text("fingerprint");
  return e;
}

event read_redriven_1(event_members& m) {
  redriven e;
  if (m.has("valueBase64"))
    e.value = m.bytes("valueBase64");
  e.due = m.time("due");
  return e;
}

event read_settled_1(event_members& m) {
  return settled{m.number<std::uint32_t>("attempts")};
}

event read_discarded_1(event_members&) {
  return discarded{};
}

// Frozen: lines are added, none is ever changed or taken away.
constexpr event_shape<event> shapes[] = {
  {received_type, 1, read_received_1},
  {retry_scheduled_type, 1, read_retry_scheduled_1},
  {dead_lettered_type, 1, read_dead_lettered_1},
  {redriven_type, 1, read_redriven_1},
  {settled_type, 1, read_settled_1},
  {discarded_type, 1, read_discarded_1},
};

} // namespace

encoded_event encode(const event& e) {
  return std::visit(writing{}, e);
}

result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data) {
  return decode_shape(shapes, type, version, data);
}

} // namespace dossier::letter

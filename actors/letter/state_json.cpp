// SPDX-License-Identifier: Apache-2.0
// The state as operators see it.
#include "actors/letter/rules.hpp"
#include "protocol/json_text.hpp"

namespace dossier::letter {

namespace {

void write_trouble(json_writer& out, std::string_view name, const trouble& why) {
  out.key(name).begin_object();
  out.key("code").string(to_string(why.code));
  out.key("why").string(why.why);
  out.key("where").string(why.where);
  out.end_object();
}

void write_facts(json_writer& out, const facts& f) {
  out.key("channel").string(to_string(f.origin.channel));
  out.key("topic").string(f.origin.topic);
  out.key("partition").number(f.origin.partition);
  out.key("offset").number(f.origin.offset);
  out.key("recordedAt").time(f.origin.at);
  out.key("type").string(f.type);
  out.key("subject").string(f.subject);
  out.key("valueBytes").number(f.message.value.size());
  out.key("headerCount").number(f.message.headers.size());
  write_trouble(out, "firstTrouble", f.first);
  write_trouble(out, "lastTrouble", f.last);
  out.key("fingerprint").string(f.fingerprint);
  out.key("attempts").number(f.attempts);
  out.key("redrives").number(f.redrives);
  out.key("receivedAt").time(f.received_at);
  out.key("updatedAt").time(f.updated_at);
}

struct writing {
  json_writer& out;

  void operator()(const absent&) const { out.key("phase").string("absent"); }
  void operator()(const retrying& s) const {
    out.key("phase").string("retrying");
    out.key("attempt").number(s.attempt);
    out.key("due").time(s.due);
    write_facts(out, s.facts);
  }
  void operator()(const dead& s) const {
    out.key("phase").string("dead");
    write_facts(out, s.facts);
  }
  void operator()(const closed& s) const {
    out.key("phase").string("closed");
    out.key("how").string(to_string(s.how));
    write_facts(out, s.facts);
  }
};

} // namespace

std::string to_json(const state& s) {
  json_writer out(1'024);
  out.begin_object();
  std::visit(writing{out}, s);
  out.end_object();
  return out.take();
}

} // namespace dossier::letter

// SPDX-License-Identifier: Apache-2.0
// A webhook's state row: what operators see of it, a JSON object, read back strictly.
#include "actors/webhook/rules.hpp"
#include "protocol/json_text.hpp"

#include <nlohmann/json.hpp>

#include <limits>

namespace dossier::webhook {

namespace {

using nlohmann::json;

struct writing {
  json_writer& out;

  void operator()(const absent&) const { out.key("phase").string("absent"); }
  void operator()(const pending& s) const {
    out.key("phase").string("pending");
    out.key("attempt").number(s.attempt);
    out.key("due").time(s.due);
    out.key("trouble").string(s.trouble);
    write(s.facts);
  }
  void operator()(const active& s) const {
    out.key("phase").string("active");
    write(s.facts);
  }
  void operator()(const unverified& s) const {
    out.key("phase").string("unverified");
    out.key("attempts").number(s.attempts);
    out.key("trouble").string(s.trouble);
    write(s.facts);
  }
  void operator()(const halted& s) const {
    out.key("phase").string("paused");
    out.key("reason").string(s.reason);
    write(s.facts);
  }
  void operator()(const gone& s) const {
    out.key("phase").string("removed");
    write(s.facts);
  }

private:
  void write(const facts& f) const {
    const auto& r = f.registration;
    out.key("url").string(r.url);
    out.key("types").string(r.types);
    out.key("subject").string(r.subject_prefix);
    out.key("customerId").string(r.customer);
    out.key("structured").boolean(r.is_structured);
    out.key("start").string(r.start);
    out.key("generation").number(f.generation);
    if (f.old_until)
      out.key("oldUntil").time(*f.old_until);
    out.key("verified").boolean(f.is_verified);
    out.key("createdAt").time(f.created_at);
    out.key("updatedAt").time(f.updated_at);
  }
};

/// What is not there or is something else reads as nothing; the whole is compared at the end.
class members {
public:
  explicit members(const json& object)
    : object_(object) {}

  std::string text(const char* name) const {
    const auto found = object_.find(name);
    return found != object_.end() && found->is_string() ? found->get<std::string>() : "";
  }
  bool flag(const char* name) const {
    const auto found = object_.find(name);
    return found != object_.end() && found->is_boolean() && found->get<bool>();
  }
  std::uint32_t number(const char* name) const {
    const auto found = object_.find(name);
    if (found == object_.end() || !found->is_number_unsigned())
      return 0;
    const auto value = found->get<std::uint64_t>();
    return value <= std::numeric_limits<std::uint32_t>::max() ? static_cast<std::uint32_t>(value)
                                                              : 0;
  }
  timestamp time(const char* name) const {
    const auto read = parse_rfc3339(text(name));
    return read ? *read : timestamp{};
  }
  facts all() const {
    facts f;
    f.registration = {text("url"),        text("types"),      text("subject"),
                      text("customerId"), flag("structured"), text("start")};
    f.generation = number("generation");
    if (object_.contains("oldUntil"))
      f.old_until = time("oldUntil");
    f.is_verified = flag("verified");
    f.created_at = time("createdAt");
    f.updated_at = time("updatedAt");
    return f;
  }

private:
  const json& object_;
};

state state_of(const members& m) {
  const auto phase = m.text("phase");
  if (phase == "pending")
    return pending{m.all(), m.number("attempt"), m.time("due"), m.text("trouble")};
  if (phase == "active")
    return active{m.all()};
  if (phase == "unverified")
    return unverified{m.all(), m.number("attempts"), m.text("trouble")};
  if (phase == "paused")
    return halted{m.all(), m.text("reason")};
  if (phase == "removed")
    return gone{m.all()};
  return absent{};
}

} // namespace

std::string to_json(const state& s) {
  json_writer out(512);
  out.begin_object();
  std::visit(writing{out}, s);
  out.end_object();
  return out.take();
}

std::string encode_state(const state& s) {
  return to_json(s);
}

result<state> decode_state(std::string_view bytes) {
  const auto object = json::parse(bytes, nullptr, false);
  if (object.is_object())
    // Only what would be written again is believed.
    if (auto read = state_of(members(object)); to_json(read) == bytes)
      return read;
  return fail(errc::corrupt, "a webhook's state row cannot be read");
}

} // namespace dossier::webhook

// SPDX-License-Identifier: Apache-2.0
// What a webhook may do in each phase of its life, and what becomes of it.
#include "actors/webhook/rules.hpp"

#include "protocol/assert.hpp"
#include "protocol/phase_facts.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <utility>

namespace dossier::webhook {

namespace {

using events = std::vector<event>;

constexpr std::size_t trouble_bytes_max = 1'024;

/// What stands beside the state when a command is decided.
struct circumstances {
  const context& ctx;
  const policy& rules;
};

milliseconds wait_after(const policy& p, std::uint32_t attempt) {
  auto wait = p.handshake_wait_min;
  for (std::uint32_t i = 1; i < attempt && wait < p.handshake_wait_max; ++i)
    wait *= 2;
  return std::min(wait, p.handshake_wait_max);
}

struct deciding {
  const state& s;
  const circumstances& w;

  result<events> operator()(const create& c) const {
    if (!std::holds_alternative<absent>(s))
      return fail(errc::conflict,
                  "there is a webhook of this id already; create it under a new id");
    const auto due = c.needs_handshake ? std::optional(w.ctx.now) : std::nullopt;
    return events{created{c.registration, due}};
  }

  result<events> operator()(const settle_handshake& c) const {
    const auto* p = std::get_if<pending>(&s);
    if (!p || p->attempt != c.attempt)
      return events{};
    if (!c.why)
      return events{verified{}};
    const bool is_last = c.attempt >= w.rules.handshakes_max;
    const auto due
      = is_last ? std::nullopt : std::optional(w.ctx.now + wait_after(w.rules, c.attempt));
    return events{handshake_failed{c.attempt, plain_utf8(*c.why, trouble_bytes_max), due}};
  }

  result<events> operator()(const pause& c) const {
    if (c.reason.empty() || c.reason.size() > reason_bytes_max || !is_utf8(c.reason))
      return fail(errc::invalid_argument,
                  "the webhook cannot be paused: say why in 1 to "
                    + std::to_string(reason_bytes_max) + " bytes of UTF-8",
                  "/reason");
    if (std::holds_alternative<halted>(s))
      return events{};
    return events{paused{c.reason}};
  }

  result<events> operator()(const resume&) const {
    if (std::holds_alternative<active>(s) || std::holds_alternative<pending>(s))
      return events{};
    const auto due = facts_in<facts>(s)->is_verified ? std::nullopt : std::optional(w.ctx.now);
    return events{resumed{due}};
  }

  result<events> operator()(const rotate_secret&) const {
    return events{
      secret_rotated{facts_in<facts>(s)->generation + 1, w.ctx.now + w.rules.old_secret_signs}};
  }

  result<events> operator()(const remove&) const { return events{removed{}}; }

  /// Handshakes are made by somebody else; what arrives here is a row that nobody wishes for, or
  /// one that came before its time.
  result<events> operator()(const fire_timer&) const { return events{}; }
};

// What becomes of it. Each event is possible in few phases only.

facts& existing_facts(state& s) {
  auto* found = facts_in<facts>(s);
  DOSSIER_ASSERT(found != nullptr, "something happened to a webhook that was never created");
  return *found;
}

struct evolving {
  state& s;
  timestamp at;

  void operator()(const created& e) const {
    DOSSIER_ASSERT(std::holds_alternative<absent>(s), "a webhook is created once");
    facts f;
    f.registration = e.registration;
    f.created_at = f.updated_at = at;
    begin(std::move(f), e.due);
  }
  void operator()(const verified&) const {
    auto f = touched();
    f.is_verified = true;
    s = active{std::move(f)};
  }
  void operator()(const handshake_failed& e) const {
    auto f = touched();
    if (e.due)
      s = pending{std::move(f), e.attempt + 1, *e.due, e.why};
    else
      s = unverified{std::move(f), e.attempt, e.why};
  }
  void operator()(const paused& e) const { s = halted{touched(), e.reason}; }
  void operator()(const resumed& e) const { begin(touched(), e.due); }
  void operator()(const secret_rotated& e) const {
    auto& f = existing_facts(s);
    f.generation = e.generation;
    f.old_until = e.old_until;
    f.updated_at = at;
  }
  void operator()(const removed&) const { s = gone{touched()}; }

private:
  facts touched() const {
    auto f = existing_facts(s);
    f.updated_at = at;
    return f;
  }
  void begin(facts f, const std::optional<timestamp>& due) const {
    if (due) {
      s = pending{std::move(f), 1, *due, {}};
    } else {
      f.is_verified = true;
      s = active{std::move(f)};
    }
  }
};

} // namespace

result<std::vector<event>> decide(const state& s, std::uint64_t, const command& c,
                                  const context& ctx, const policy& p) {
  if (std::holds_alternative<fire_timer>(c))
    return events{};
  if (std::holds_alternative<gone>(s)) {
    if (std::holds_alternative<remove>(c) || std::holds_alternative<settle_handshake>(c))
      return events{};
    return fail(errc::gone, "the webhook was removed; create another one");
  }
  if (std::holds_alternative<absent>(s) && !std::holds_alternative<create>(c))
    return fail(errc::not_found, "there is no webhook of this id; look at the list of webhooks");
  const circumstances w{ctx, p};
  return std::visit(deciding{s, w}, c);
}

void evolve(state& s, const event& e, const occurrence& o) {
  std::visit(evolving{s, o.at}, e);
}

view view_of(const state& s, std::uint64_t version) {
  const auto* f = facts_in<facts>(s);
  DOSSIER_ASSERT(f != nullptr, "only a webhook that was created is shown");
  view v;
  v.registration = f->registration;
  v.generation = f->generation;
  v.old_until = f->old_until;
  v.created_at = f->created_at;
  v.updated_at = f->updated_at;
  v.version = version;
  if (const auto* p = std::get_if<pending>(&s)) {
    v.status = status::pending;
    v.handshakes = p->attempt - 1;
    v.due = p->due;
    v.trouble = p->trouble;
  } else if (const auto* u = std::get_if<unverified>(&s)) {
    v.status = status::unverified;
    v.handshakes = u->attempts;
    v.trouble = u->trouble;
  } else if (const auto* h = std::get_if<halted>(&s)) {
    v.status = status::paused;
    v.trouble = h->reason;
  } else {
    v.status = std::holds_alternative<active>(s) ? status::active : status::removed;
  }
  return v;
}

std::vector<timer> timers_of(const state& s) {
  if (const auto* p = std::get_if<pending>(&s))
    return {{p->due, std::string{handshake_timer}}};
  return {};
}

std::vector<projection> projections_of(const state& s) {
  if (std::holds_alternative<absent>(s) || std::holds_alternative<gone>(s))
    return {};
  return {list_entry{std::string{list_name}, facts_in<facts>(s)->created_at}};
}

} // namespace dossier::webhook

// SPDX-License-Identifier: Apache-2.0
// What a letter may do in each phase of its life, and what becomes of it. One struct for each phase
// answers every command: a new command does not compile until each phase has decided about it.
#include "actors/letter/rules.hpp"

#include "protocol/assert.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/command_reply.hpp"
#include "protocol/phase_facts.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <utility>

namespace dossier::letter {

namespace {

using events = std::vector<event>;
using decision = result<events>;

/// What stands beside the state when a command is decided.
struct circumstances {
  const context& ctx;
  const policy& rules;
};

failure never_received() {
  return fail(errc::not_found, "there is no letter of this id; look at the list of dead letters");
}

failure not_dead(std::string_view what, std::string_view status) {
  return fail(errc::conflict, "the letter cannot be " + std::string(what) + ": it is "
                                + std::string(status) + ", only dead letters can be");
}

/// Texts of messages that could not be read may be anything, and must not keep the letter from
/// being written.
std::string plain(std::string text) {
  return plain_utf8(std::move(text), text_bytes_max);
}

trouble plain(trouble why) {
  return {why.code, plain(std::move(why.why)), plain(std::move(why.where))};
}

/// What follows when attempt `attempt` has failed.
event after_failure(std::uint32_t attempt, trouble why, bool is_transient, std::string fingerprint,
                    const circumstances& w) {
  if (!is_transient || attempt > w.rules.retries_max)
    return dead_lettered{attempt, std::move(why), std::move(fingerprint)};
  return retry_scheduled{attempt + 1, w.ctx.now + wait_after(w.rules, attempt, w.ctx.dice),
                         std::move(why)};
}

// The phases.

struct deciding_absent {
  const circumstances& w;

  decision operator()(const receive& c) const {
    received e{c.origin, c.message, plain(c.type), plain(c.subject), plain(c.why), {}};
    e.origin.topic = plain(std::move(e.origin.topic));
    e.fingerprint = fingerprint_of(e.origin, e.type, e.why);
    auto then = after_failure(1, e.why, c.is_transient, e.fingerprint, w);
    return events{std::move(e), std::move(then)};
  }
  decision operator()(const settle&) const { return never_received(); }
  decision operator()(const redrive&) const { return never_received(); }
  decision operator()(const discard&) const { return never_received(); }
  decision operator()(const fire_timer&) const { return events{}; }
};

failure exists_already() {
  return fail(errc::conflict, "there is a letter of this id already; receive it under a new id");
}

struct deciding_retrying {
  const retrying& s;
  const circumstances& w;

  decision operator()(const receive&) const { return exists_already(); }
  decision operator()(const settle& c) const {
    if (c.attempt != s.attempt)
      return events{};
    if (!c.why)
      return events{settled{s.attempt}};
    const auto why = plain(*c.why);
    return events{after_failure(s.attempt, why, c.is_transient,
                                fingerprint_of(s.facts.origin, s.facts.type, why), w)};
  }
  decision operator()(const redrive&) const {
    return not_dead("redriven", to_string(status::retrying));
  }
  decision operator()(const discard&) const {
    return not_dead("discarded", to_string(status::retrying));
  }
  decision operator()(const fire_timer&) const { return events{}; }
};

struct deciding_dead {
  const circumstances& w;

  decision operator()(const receive&) const { return exists_already(); }
  decision operator()(const settle&) const { return events{}; }
  decision operator()(const redrive& c) const { return events{redriven{c.value, w.ctx.now}}; }
  decision operator()(const discard&) const { return events{discarded{}}; }
  decision operator()(const fire_timer&) const { return events{}; }
};

struct deciding_closed {
  const closed& s;

  decision operator()(const receive&) const { return exists_already(); }
  decision operator()(const settle&) const { return events{}; }
  decision operator()(const redrive&) const { return not_dead("redriven", to_string(s.how)); }
  decision operator()(const discard&) const {
    if (s.how == status::discarded)
      return events{};
    return not_dead("discarded", to_string(s.how));
  }
  decision operator()(const fire_timer&) const { return events{}; }
};

struct deciding {
  const command& c;
  const circumstances& w;

  decision operator()(const absent&) const { return std::visit(deciding_absent{w}, c); }
  decision operator()(const retrying& s) const { return std::visit(deciding_retrying{s, w}, c); }
  decision operator()(const dead&) const { return std::visit(deciding_dead{w}, c); }
  decision operator()(const closed& s) const { return std::visit(deciding_closed{s}, c); }
};

// Folding.

retrying& retrying_letter(state& s) {
  auto* r = std::get_if<retrying>(&s);
  DOSSIER_ASSERT(r != nullptr, "this event happens to a letter that is being retried");
  return *r;
}

facts& dead_facts(state& s) {
  auto* d = std::get_if<dead>(&s);
  DOSSIER_ASSERT(d != nullptr, "this event happens to a dead letter");
  return d->facts;
}

struct folding {
  state& s;
  const occurrence& o;

  void operator()(const received& e) const {
    DOSSIER_ASSERT(std::holds_alternative<absent>(s), "a letter is received once");
    retrying r;
    r.facts.origin = e.origin;
    r.facts.message = e.message;
    r.facts.type = e.type;
    r.facts.subject = e.subject;
    r.facts.first = e.why;
    r.facts.last = e.why;
    r.facts.fingerprint = e.fingerprint;
    r.facts.received_at = o.at;
    r.due = o.at;
    s = std::move(r);
  }
  void operator()(const retry_scheduled& e) const {
    auto& r = retrying_letter(s);
    r.facts.attempts = e.attempt - 1;
    r.facts.last = e.why;
    r.attempt = e.attempt;
    r.due = e.due;
  }
  void operator()(const dead_lettered& e) const {
    facts f = std::move(retrying_letter(s).facts);
    f.attempts = e.attempts;
    f.last = e.why;
    f.fingerprint = e.fingerprint;
    s = dead{std::move(f)};
  }
  void operator()(const redriven& e) const {
    facts f = std::move(dead_facts(s));
    if (e.value)
      f.message.value = *e.value;
    f.attempts = 0;
    ++f.redrives;
    s = retrying{std::move(f), 1, e.due};
  }
  void operator()(const settled& e) const {
    facts f = std::move(retrying_letter(s).facts);
    f.attempts = e.attempts;
    s = closed{std::move(f), status::settled};
  }
  void operator()(const discarded&) const {
    facts f = std::move(dead_facts(s));
    s = closed{std::move(f), status::discarded};
  }
};

} // namespace

milliseconds wait_after(const policy& p, std::uint32_t attempt, std::uint32_t dice) {
  constexpr std::uint32_t doublings_max = 31; // 2^31 doubled so often still fits into 63 bits.
  DOSSIER_ASSERT(p.wait_ms_min >= 1 && p.wait_ms_min <= p.wait_ms_max
                   && p.wait_ms_max <= std::int64_t{1} << 31 && p.jitter_percent <= 100,
                 "waits are at least 1 ms, at most 2^31 ms and in order");
  const auto doublings = std::min(attempt == 0 ? 0 : attempt - 1, doublings_max);
  const auto wait_ms = std::min(p.wait_ms_min << doublings, p.wait_ms_max);
  // The upper half of the product: every choice gets its share of the 2^32 falls.
  const auto choices = static_cast<std::uint64_t>(wait_ms) * p.jitter_percent / 100 + 1;
  return milliseconds{wait_ms + static_cast<std::int64_t>(choices * dice >> 32)};
}

result<std::vector<event>> decide(const state& s, std::uint64_t, const command& c,
                                  const context& ctx, const policy& p) {
  return std::visit(deciding{c, circumstances{ctx, p}}, s);
}

void evolve(state& s, const event& e, const occurrence& o) {
  std::visit(folding{s, o}, e);
  facts_in<facts>(s)->updated_at = o.at;
}

view view_of(const state& s, std::uint64_t version) {
  const auto* f = facts_in<facts>(s);
  DOSSIER_ASSERT(f != nullptr, "only a letter that exists or existed is viewed");
  view v;
  v.origin = f->origin;
  v.message = f->message;
  v.type = f->type;
  v.subject = f->subject;
  v.attempts = f->attempts;
  v.first = f->first;
  v.last = f->last;
  v.fingerprint = f->fingerprint;
  v.redrives = f->redrives;
  v.version = version;
  v.received_at = f->received_at;
  v.updated_at = f->updated_at;
  if (const auto* r = std::get_if<retrying>(&s))
    v.due = r->due;
  else if (const auto* c = std::get_if<closed>(&s))
    v.status = c->how;
  else
    v.status = status::dead;
  return v;
}

std::string reply_of(const state& next, const std::vector<event>& events, const context& ctx) {
  const auto* died = std::get_if<dead>(&next);
  const bool is_news = std::any_of(events.begin(), events.end(), [](const event& e) {
    return std::holds_alternative<dead_lettered>(e);
  });
  if (died == nullptr || !is_news || died->facts.origin.channel != channel::commands)
    return {};
  const auto& what = died->facts.message;
  const auto asked = read_cloud_event(what.headers, what.value);
  if (!asked)
    return {};
  arrival from{
    std::nullopt, asked->type, asked->id, {}, std::string{asked->extension("traceparent")}};
  if (what.key && check_customer(*what.key))
    from.customer = *what.key;
  const auto& why = died->facts.last;
  return encode_reply(from, ctx.now, failure{why.code, why.why, why.where});
}

std::vector<timer> timers_of(const state& s) {
  if (const auto* r = std::get_if<retrying>(&s))
    return {{r->due, std::string(retry_timer)}};
  return {};
}

std::vector<projection> projections_of(const state& s) {
  if (const auto* r = std::get_if<retrying>(&s))
    return {list_entry{std::string(retrying_list), r->facts.received_at}};
  if (const auto* d = std::get_if<dead>(&s))
    return {list_entry{std::string(dead_list), d->facts.received_at}};
  return {};
}

} // namespace dossier::letter

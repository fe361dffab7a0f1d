// SPDX-License-Identifier: Apache-2.0
// What a document may do in each phase of its life. One struct for each phase answers every
// command: a new command does not compile until each phase has decided about it.
#include "actors/document/rules.hpp"

#include "protocol/command_reply.hpp"
#include "protocol/planted.hpp"

#include <algorithm>
#include <ranges>

namespace dossier::document {

namespace {

using events = std::vector<event>;
using decision = result<events>;

/// What stands beside the state when a command is decided.
struct circumstances {
  std::uint64_t version;
  const context& ctx;
  const policy& rules;
};

// Refusals that several phases share.

failure never_existed() {
  return fail(errc::not_found, "there is no document of this id; create it first");
}

failure exists_already() {
  return fail(errc::conflict, "there is a document of this id already; create one under a new id");
}

failure has_ended(std::string_view how) {
  return fail(errc::gone, "the document cannot be changed any more: it is " + std::string(how)
                            + "; create another one");
}

failure not_in_future(timestamp expiry, timestamp now) {
  return fail(errc::invalid_argument,
              "the document cannot expire at " + to_rfc3339(expiry) + ": it is " + to_rfc3339(now)
                + " already; give a later time",
              "/expiryDate");
}

/// From its expiry on nothing happens to a document but its end, even while the timer is still on
/// its way.
bool is_overdue(const facts& f, timestamp now) {
  return f.expiry && *f.expiry <= now;
}

// Timers.

constexpr std::string_view expired_timer = "expired";
constexpr std::string_view abandoned_timer = "abandoned";

std::vector<timer> timers_of_living(const facts& f, bool is_confirmed) {
  std::vector<timer> wished;
  if (f.expiry) {
    for (const std::int64_t lead_s : f.leads_pending_s)
      wished.push_back({*f.expiry - seconds{lead_s}, "expiring:" + std::to_string(lead_s)});
    wished.push_back({*f.expiry, std::string(expired_timer)});
  } else if (!is_confirmed) {
    wished.push_back({f.abandoned_at, std::string(abandoned_timer)});
  }
  std::ranges::sort(wished);
  return wished;
}

/// Announces at once an expiry that is nearer than a lead. The tightest lead that has passed speaks
/// for the longer ones.
void announce_at_once(events& out, expiring announced, const std::vector<std::int64_t>& leads_s,
                      timestamp now) {
  for (const std::int64_t lead_s : leads_s | std::views::reverse) {
    if (announced.expiry - seconds{lead_s} > now)
      continue;
    announced.lead_s = lead_s;
    out.emplace_back(std::move(announced));
    return;
  }
}

decision fire(const facts& f, bool is_confirmed, const fire_timer& c, const context& ctx) {
  const auto wished = timers_of_living(f, is_confirmed);
  if (!std::ranges::binary_search(wished, timer{c.due, c.name}))
    return events{};
  if (ctx.now < c.due && !DOSSIER_PLANTED(early_expiry))
    return events{};
  if (c.name == abandoned_timer)
    return events{abandoned{f.customer, f.document_type}};
  // Why all that came due until then: timers may arrive in another order after a standstill, and
  // each lead is announced once, the longest first, before the end.
  events out;
  for (const std::int64_t lead_s : f.leads_pending_s)
    if (*f.expiry - seconds{lead_s} <= c.due)
      out.emplace_back(expiring{f.customer, f.document_type, *f.expiry, lead_s});
  if (c.name == expired_timer)
    out.emplace_back(expired{f.customer, f.document_type, *f.expiry, is_confirmed});
  return out;
}

// What pending and active documents share.

decision change_living(const facts& f, const change& c, const circumstances& w) {
  if (is_overdue(f, w.ctx.now))
    return has_ended(to_string(status::expired));
  if (c.expected_version && *c.expected_version != w.version)
    return fail(errc::precondition_failed,
                "the document cannot be changed as of version "
                  + std::to_string(*c.expected_version) + ": it has version "
                  + std::to_string(w.version) + "; read it again",
                "If-Match");
  changed e;
  if (c.expiry && *c.expiry != f.expiry) {
    if (*c.expiry && **c.expiry <= w.ctx.now)
      return not_in_future(**c.expiry, w.ctx.now);
    e.expiry = c.expiry;
  }
  if (c.file_name && *c.file_name != f.file_name)
    e.file_name = c.file_name;
  if (c.document_type && *c.document_type != f.document_type)
    e.document_type = c.document_type;
  if (e == changed{})
    return events{};

  events out{e};
  if (e.expiry && *e.expiry)
    announce_at_once(out, {f.customer, e.document_type.value_or(f.document_type), **e.expiry},
                     f.leads_s, w.ctx.now);
  return out;
}

decision remove_living(const facts& f, bool is_confirmed) {
  return events{removed{f.customer, f.document_type, is_confirmed}};
}

// The phases.

/// {YYYYmmddHHMMSS}_{8 hex}_{file name}.
std::string blob_path_of(const std::string& file_name, const context& ctx) {
  std::string path;
  for (const char c : to_rfc3339(ctx.now).substr(0, std::string_view("YYYY-mm-ddTHH:MM:SS").size()))
    if (c >= '0' && c <= '9')
      path += c;
  const std::array<std::uint8_t, 4> dice{
    static_cast<std::uint8_t>(ctx.dice >> 24), static_cast<std::uint8_t>(ctx.dice >> 16),
    static_cast<std::uint8_t>(ctx.dice >> 8), static_cast<std::uint8_t>(ctx.dice)};
  return path + '_' + to_hex(dice) + '_' + file_name;
}

struct deciding_absent {
  const circumstances& w;

  decision operator()(const create& c) const {
    const timestamp now = w.ctx.now;
    if (c.expiry && *c.expiry <= now)
      return not_in_future(*c.expiry, now);
    created e;
    e.customer = c.customer;
    e.document_type = c.document_type;
    e.file_name = c.file_name;
    e.content_type = c.content_type;
    e.blob_path = blob_path_of(c.file_name, w.ctx);
    e.expiry = c.expiry;
    e.size_bytes = c.size_bytes;
    e.sha256 = c.sha256;
    e.upload_expires_at = now + w.rules.upload_grant;
    e.abandoned_at = now + w.rules.abandon_after;
    e.leads_s = w.rules.leads_s;
    events out{std::move(e)};
    if (c.expiry)
      announce_at_once(out, {c.customer, c.document_type, *c.expiry}, w.rules.leads_s, now);
    return out;
  }
  decision operator()(const store_content&) const { return never_existed(); }
  decision operator()(const confirm_upload&) const { return never_existed(); }
  decision operator()(const change&) const { return never_existed(); }
  decision operator()(const remove&) const { return never_existed(); }
  decision operator()(const fire_timer&) const { return events{}; }
};

struct deciding_pending {
  const pending& s;
  const circumstances& w;

  decision operator()(const create&) const { return exists_already(); }

  decision operator()(const store_content& c) const {
    if (is_overdue(s.facts, w.ctx.now))
      return has_ended(to_string(status::expired));
    if (s.declared_size_bytes && *s.declared_size_bytes != c.size_bytes)
      return fail(errc::content_mismatch,
                  "the content cannot be stored: it has " + std::to_string(c.size_bytes)
                    + " bytes, declared at creation were " + std::to_string(*s.declared_size_bytes)
                    + "; upload the declared content");
    if (s.declared_sha256 && *s.declared_sha256 != c.sha256)
      return fail(errc::content_mismatch, "the content cannot be stored: its SHA-256 is "
                                            + to_hex(c.sha256) + ", declared at creation was "
                                            + to_hex(*s.declared_sha256)
                                            + "; upload the declared content");
    if (s.content == content{c.sha256, c.size_bytes})
      return events{};
    return events{content_stored{c.sha256, c.size_bytes}};
  }

  decision operator()(const confirm_upload&) const {
    if (is_overdue(s.facts, w.ctx.now))
      return has_ended(to_string(status::expired));
    if (!s.content && !DOSSIER_PLANTED(uploaded_without_content))
      return fail(errc::conflict, "the upload cannot be confirmed: no content has arrived yet; "
                                  "upload it first, then confirm again");
    const content stored = s.content.value_or(content{});
    return events{uploaded{s.facts.customer, s.facts.document_type, s.facts.blob_path,
                           stored.sha256, stored.size_bytes}};
  }

  decision operator()(const change& c) const { return change_living(s.facts, c, w); }
  decision operator()(const remove&) const { return remove_living(s.facts, false); }
  decision operator()(const fire_timer& c) const { return fire(s.facts, false, c, w.ctx); }
};

struct deciding_active {
  const active& s;
  const circumstances& w;

  decision operator()(const create&) const { return exists_already(); }
  decision operator()(const store_content&) const {
    if (is_overdue(s.facts, w.ctx.now))
      return has_ended(to_string(status::expired));
    return fail(errc::conflict, "the content cannot be replaced: its upload is confirmed; create "
                                "another document for other content");
  }
  decision operator()(const confirm_upload&) const {
    if (is_overdue(s.facts, w.ctx.now))
      return has_ended(to_string(status::expired));
    return events{};
  }
  decision operator()(const change& c) const { return change_living(s.facts, c, w); }
  decision operator()(const remove&) const { return remove_living(s.facts, true); }
  decision operator()(const fire_timer& c) const { return fire(s.facts, true, c, w.ctx); }
};

struct deciding_ended {
  const ended& s;

  decision operator()(const create&) const { return exists_already(); }
  decision operator()(const store_content&) const { return has_ended(to_string(s.how)); }
  decision operator()(const confirm_upload&) const { return has_ended(to_string(s.how)); }
  decision operator()(const change&) const { return has_ended(to_string(s.how)); }
  decision operator()(const remove&) const { return events{}; }
  decision operator()(const fire_timer&) const { return events{}; }
};

struct deciding {
  const command& c;
  const circumstances& w;

  decision operator()(const absent&) const { return std::visit(deciding_absent{w}, c); }
  decision operator()(const pending& s) const { return std::visit(deciding_pending{s, w}, c); }
  decision operator()(const active& s) const { return std::visit(deciding_active{s, w}, c); }
  decision operator()(const ended& s) const { return std::visit(deciding_ended{s}, c); }
};

struct wishing_timers {
  std::vector<timer> operator()(const absent&) const { return {}; }
  std::vector<timer> operator()(const pending& s) const { return timers_of_living(s.facts, false); }
  std::vector<timer> operator()(const active& s) const { return timers_of_living(s.facts, true); }
  std::vector<timer> operator()(const ended&) const { return {}; }
};

} // namespace

result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p) {
  return std::visit(deciding{c, circumstances{version, ctx, p}}, s);
}

std::string reply_of(const arrival* from, const state& next, std::uint64_t version,
                     const std::vector<event>& events, const context& ctx) {
  if (from == nullptr)
    return {};
  const bool is_created = std::any_of(events.begin(), events.end(), [](const event& e) {
    return std::holds_alternative<created>(e);
  });
  std::optional<timestamp> upload_expires_at;
  if (is_created)
    upload_expires_at = view_of(next, version).upload_expires_at;
  return encode_reply(*from, ctx.now, command_done{ctx.self, version, upload_expires_at});
}

std::vector<timer> timers_of(const state& s) {
  return std::visit(wishing_timers{}, s);
}

} // namespace dossier::document

// SPDX-License-Identifier: Apache-2.0
// What becomes of a document with each event, and what readers see of it.
#include "actors/document/rules.hpp"

#include "protocol/assert.hpp"
#include "protocol/phase_facts.hpp"
#include "protocol/planted.hpp"

#include <utility>

namespace dossier::document {

namespace {

facts& living_facts(state& s) {
  if (auto* p = std::get_if<pending>(&s))
    return p->facts;
  auto* a = std::get_if<active>(&s);
  DOSSIER_ASSERT(a != nullptr, "this event happens to a document that lives");
  return a->facts;
}

pending& pending_document(state& s) {
  auto* p = std::get_if<pending>(&s);
  DOSSIER_ASSERT(p != nullptr, "this event happens to a document that is not confirmed");
  return *p;
}

void end(state& s, status how) {
  facts last = std::move(living_facts(s));
  last.leads_pending_s.clear();
  s = ended{std::move(last), how};
}

struct folding {
  state& s;
  const occurrence& o;

  void operator()(const created& e) const {
    DOSSIER_ASSERT(std::holds_alternative<absent>(s), "a document is created once");
    pending p;
    p.facts.customer = e.customer;
    p.facts.document_type = e.document_type;
    p.facts.file_name = e.file_name;
    p.facts.content_type = e.content_type;
    p.facts.blob_path = e.blob_path;
    p.facts.expiry = e.expiry;
    p.facts.leads_s = e.leads_s;
    if (e.expiry)
      p.facts.leads_pending_s = e.leads_s;
    p.facts.upload_expires_at = e.upload_expires_at;
    p.facts.abandoned_at = e.abandoned_at;
    p.facts.created_at = o.at;
    p.declared_size_bytes = e.size_bytes;
    p.declared_sha256 = e.sha256;
    s = std::move(p);
  }
  void operator()(const content_stored& e) const {
    pending_document(s).content = content{e.sha256, e.size_bytes};
  }
  void operator()(const uploaded& e) const {
    facts f = std::move(pending_document(s).facts);
    s = active{std::move(f), content{e.sha256, e.size_bytes}};
  }
  void operator()(const changed& e) const {
    facts& f = living_facts(s);
    if (e.expiry && !DOSSIER_PLANTED(expiry_change_keeps_timer))
      f.expiry = *e.expiry;
    if (e.expiry)
      f.leads_pending_s = *e.expiry ? f.leads_s : std::vector<std::int64_t>{};
    if (e.file_name)
      f.file_name = *e.file_name;
    if (e.document_type)
      f.document_type = *e.document_type;
  }
  void operator()(const expiring& e) const {
    const auto is_said = [&](std::int64_t lead_s) {
      return lead_s >= e.lead_s;
    };
    if (!DOSSIER_PLANTED(expiring_twice))
      std::erase_if(living_facts(s).leads_pending_s, is_said);
  }
  void operator()(const expired&) const { end(s, status::expired); }
  void operator()(const abandoned&) const { end(s, status::abandoned); }
  void operator()(const removed&) const { end(s, status::deleted); }
};

// Reading.

view view_of_facts(const facts& f, status s) {
  view v;
  v.customer = f.customer;
  v.document_type = f.document_type;
  v.file_name = f.file_name;
  v.blob_path = f.blob_path;
  v.content_type = f.content_type;
  v.expiry = f.expiry;
  v.upload_expires_at = f.upload_expires_at;
  v.status = s;
  v.created_at = f.created_at;
  v.updated_at = f.updated_at;
  return v;
}

void show(view& v, const content& c) {
  v.has_content = true;
  v.size_bytes = c.size_bytes;
  v.sha256 = c.sha256;
}

struct viewing {
  view operator()(const absent&) const {
    DOSSIER_ASSERT(false, "only a document that exists or existed is viewed");
    return {};
  }
  view operator()(const pending& s) const {
    view v = view_of_facts(s.facts, status::pending);
    v.size_bytes = s.declared_size_bytes;
    v.sha256 = s.declared_sha256;
    if (s.content)
      show(v, *s.content);
    return v;
  }
  view operator()(const active& s) const {
    view v = view_of_facts(s.facts, status::uploaded);
    show(v, s.content);
    return v;
  }
  view operator()(const ended& s) const { return view_of_facts(s.facts, s.how); }
};

// Listing before reference: the order in which projections compare.
struct wishing_projections {
  std::vector<projection> operator()(const absent&) const { return {}; }
  std::vector<projection> operator()(const pending& s) const {
    std::vector<projection> wished{customer_listing{s.facts.customer, s.facts.created_at}};
    if (s.content)
      wished.emplace_back(content_reference{s.facts.customer, s.content->sha256});
    return wished;
  }
  std::vector<projection> operator()(const active& s) const {
    return {customer_listing{s.facts.customer, s.facts.created_at},
            content_reference{s.facts.customer, s.content.sha256}};
  }
  std::vector<projection> operator()(const ended&) const { return {}; }
};

} // namespace

void evolve(state& s, const event& e, const occurrence& o) {
  std::visit(folding{s, o}, e);
  facts_in<facts>(s)->updated_at = o.at;
}

view view_of(const state& s, std::uint64_t version) {
  view v = std::visit(viewing{}, s);
  v.version = version;
  return v;
}

std::vector<projection> projections_of(const state& s) {
  return std::visit(wishing_projections{}, s);
}

} // namespace dossier::document

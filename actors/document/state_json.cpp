// SPDX-License-Identifier: Apache-2.0
// The state as operators see it.
#include "actors/document/rules.hpp"
#include "protocol/json_text.hpp"

namespace dossier::document {

namespace {

void write_leads(json_writer& out, std::string_view name,
                 const std::vector<std::int64_t>& leads_s) {
  out.key(name).begin_array();
  for (const auto lead_s : leads_s)
    out.number(lead_s);
  out.end_array();
}

void write_facts(json_writer& out, const facts& f) {
  out.key("customerId").string(f.customer);
  out.key("documentType").string(f.document_type);
  out.key("fileName").string(f.file_name);
  out.key("contentType").string(f.content_type);
  out.key("blobPath").string(f.blob_path);
  out.key("expiryDate").time_or_null(f.expiry);
  write_leads(out, "leadsSeconds", f.leads_s);
  write_leads(out, "leadsPendingSeconds", f.leads_pending_s);
  out.key("uploadExpiresAt").time(f.upload_expires_at);
  out.key("abandonedAt").time(f.abandoned_at);
  out.key("createdAt").time(f.created_at);
  out.key("updatedAt").time(f.updated_at);
}

void write_content(json_writer& out, const content& c) {
  out.key("content").begin_object();
  out.key("sha256").string(to_hex(c.sha256));
  out.key("sizeBytes").number(c.size_bytes);
  out.end_object();
}

struct writing {
  json_writer& out;

  void operator()(const absent&) const { out.key("phase").string("absent"); }
  void operator()(const pending& s) const {
    out.key("phase").string("pending");
    write_facts(out, s.facts);
    if (s.declared_size_bytes)
      out.key("declaredSizeBytes").number(*s.declared_size_bytes);
    if (s.declared_sha256)
      out.key("declaredSha256").string(to_hex(*s.declared_sha256));
    if (s.content)
      write_content(out, *s.content);
  }
  void operator()(const active& s) const {
    out.key("phase").string("active");
    write_facts(out, s.facts);
    write_content(out, s.content);
  }
  void operator()(const ended& s) const {
    out.key("phase").string("ended");
    out.key("how").string(to_string(s.how));
    write_facts(out, s.facts);
  }
};

} // namespace

std::string to_json(const state& s) {
  json_writer out(640);
  out.begin_object();
  std::visit(writing{out}, s);
  out.end_object();
  return out.take();
}

} // namespace dossier::document

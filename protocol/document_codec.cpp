// SPDX-License-Identifier: Apache-2.0
// A document's events as JSON and back. Every shape that was ever written stays in `shapes`.
#include "protocol/document.hpp"
#include "protocol/event_members.hpp"
#include "protocol/json_text.hpp"

namespace dossier::document {

namespace {

constexpr std::string_view created_type = "CustomerDocumentCreatedEvent";
constexpr std::string_view content_stored_type = "CustomerDocumentContentStoredEvent";
constexpr std::string_view uploaded_type = "CustomerDocumentUploadedEvent";
constexpr std::string_view changed_type = "CustomerDocumentChangedEvent";
constexpr std::string_view expiring_type = "CustomerDocumentExpiringEvent";
constexpr std::string_view expired_type = "CustomerDocumentExpiredEvent";
constexpr std::string_view abandoned_type = "CustomerDocumentAbandonedEvent";
constexpr std::string_view removed_type = "CustomerDocumentDeletedEvent";

/// Writes the members of an event's newest shape and names it.
class writing {
public:
  encoded_event operator()(const created& e) {
    w_.key("customerId").string(e.customer);
    w_.key("documentType").string(e.document_type);
    w_.key("fileName").string(e.file_name);
    w_.key("contentType").string(e.content_type);
    w_.key("blobPath").string(e.blob_path);
    if (e.expiry)
      w_.key("expiryDate").time(*e.expiry);
    if (e.size_bytes)
      w_.key("sizeBytes").number(*e.size_bytes);
    if (e.sha256)
      w_.key("sha256").string(to_hex(*e.sha256));
    w_.key("uploadExpiresAt").time(e.upload_expires_at);
    w_.key("abandonedAt").time(e.abandoned_at);
    w_.key("leadsSeconds").begin_array();
    for (const std::int64_t lead_s : e.leads_s)
      w_.number(lead_s);
    w_.end_array();
    return done(created_type, 1);
  }

  encoded_event operator()(const content_stored& e) {
    w_.key("sha256").string(to_hex(e.sha256));
    w_.key("sizeBytes").number(e.size_bytes);
    return done(content_stored_type, 1);
  }

  encoded_event operator()(const uploaded& e) {
    whose(e.customer, e.document_type);
    w_.key("blobPath").string(e.blob_path);
    w_.key("sha256").string(to_hex(e.sha256));
    w_.key("sizeBytes").number(e.size_bytes);
    return done(uploaded_type, 1);
  }

  encoded_event operator()(const changed& e) {
    if (e.expiry && *e.expiry)
      w_.key("expiryDate").time(**e.expiry);
    else if (e.expiry)
      w_.key("expiryDate").null();
    if (e.file_name)
      w_.key("fileName").string(*e.file_name);
    if (e.document_type)
      w_.key("documentType").string(*e.document_type);
    return done(changed_type, 1);
  }

  encoded_event operator()(const expiring& e) {
    whose(e.customer, e.document_type);
    w_.key("expiryDate").time(e.expiry);
    w_.key("leadSeconds").number(e.lead_s);
    return done(expiring_type, 1);
  }

  encoded_event operator()(const expired& e) {
    whose(e.customer, e.document_type);
    w_.key("expiryDate").time(e.expiry);
    w_.key("wasUploaded").boolean(e.was_uploaded);
    return done(expired_type, 1);
  }

  encoded_event operator()(const abandoned& e) {
    whose(e.customer, e.document_type);
    return done(abandoned_type, 1);
  }

  encoded_event operator()(const removed& e) {
    whose(e.customer, e.document_type);
    w_.key("wasUploaded").boolean(e.was_uploaded);
    return done(removed_type, 1);
  }

  writing() { w_.begin_object(); }

private:
  void whose(const std::string& customer, const std::string& document_type) {
    w_.key("customerId").string(customer);
    w_.key("documentType").string(document_type);
  }

  encoded_event done(std::string_view type, std::uint32_t version) {
    w_.end_object();
    return {type, version, w_.take()};
  }

  json_writer w_{512};
};

event read_created_1(event_members& m) {
  created e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.file_name = m.text("fileName");
  e.content_type = m.text("contentType");
  e.blob_path = m.text("blobPath");
  e.expiry = m.if_present("expiryDate", &event_members::time);
  e.size_bytes = m.if_present("sizeBytes", &event_members::number<std::uint64_t>);
  e.sha256 = m.if_present("sha256", &event_members::sha256);
  e.upload_expires_at = m.time("uploadExpiresAt");
  e.abandoned_at = m.time("abandonedAt");
  e.leads_s = m.spans_s("leadsSeconds");
  return e;
}

event read_content_stored_1(event_members& m) {
  content_stored e;
  e.sha256 = m.sha256("sha256");
  e.size_bytes = m.number<std::uint64_t>("sizeBytes");
  return e;
}

event read_uploaded_1(event_members& m) {
  uploaded e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.blob_path = m.text("blobPath");
  e.sha256 = m.sha256("sha256");
  e.size_bytes = m.number<std::uint64_t>("sizeBytes");
  return e;
}

event read_changed_1(event_members& m) {
  changed e;
  if (m.take_null("expiryDate"))
    e.expiry.emplace(std::nullopt);
  else if (m.has("expiryDate"))
    e.expiry.emplace(m.time("expiryDate"));
  e.file_name = m.if_present("fileName", &event_members::text);
  e.document_type = m.if_present("documentType", &event_members::text);
  return e;
}

event read_expiring_1(event_members& m) {
  expiring e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.expiry = m.time("expiryDate");
  e.lead_s = m.span_s("leadSeconds");
  return e;
}

event read_expired_1(event_members& m) {
  expired e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.expiry = m.time("expiryDate");
  e.was_uploaded = m.boolean("wasUploaded");
  return e;
}

event read_abandoned_1(event_members& m) {
  abandoned e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  return e;
}

event read_removed_1(event_members& m) {
  removed e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.was_uploaded = m.boolean("wasUploaded");
  return e;
}

// Frozen: lines are added, none is ever changed or taken away.
constexpr event_shape<event> shapes[] = {
  {created_type, 1, read_created_1},     {content_stored_type, 1, read_content_stored_1},
  {uploaded_type, 1, read_uploaded_1},   {changed_type, 1, read_changed_1},
  {expiring_type, 1, read_expiring_1},   {expired_type, 1, read_expired_1},
  {abandoned_type, 1, read_abandoned_1}, {removed_type, 1, read_removed_1},
};

} // namespace

encoded_event encode(const event& e) {
  return std::visit(writing{}, e);
}

result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data) {
  return decode_shape(shapes, type, version, data);
}

} // namespace dossier::document

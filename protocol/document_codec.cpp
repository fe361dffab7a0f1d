// SPDX-License-Identifier: Apache-2.0
// A document's events as JSON and back. Every shape that was ever written stays in `shapes`.
#include "protocol/document.hpp"
#include "protocol/json_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace dossier::document {

namespace {

using nlohmann::json;

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

/// Takes an object's members one by one. The first one that is not as it was written is remembered
/// as the trouble; what is read after it has no meaning.
class members {
public:
  explicit members(std::string_view data)
    : root_(json::parse(data, nullptr, /*allow_exceptions=*/false)) {
    if (!root_.is_object())
      trouble_ = "it is not a JSON object";
  }

  std::string text(const char* name) {
    const json* found = take(name);
    if (found && found->is_string())
      return found->get<std::string>();
    return wrong<std::string>(name, "a text");
  }

  timestamp time(const char* name) {
    const auto read = parse_rfc3339(text(name));
    return read ? *read : wrong<timestamp>(name, "a date-time");
  }

  sha256_digest sha256(const char* name) {
    sha256_digest digest{};
    return parse_hex(text(name), digest) ? digest : wrong<sha256_digest>(name, "a SHA-256 in hex");
  }

  std::uint64_t size(const char* name) {
    const json* found = take(name);
    if (found && found->is_number_unsigned())
      return found->get<std::uint64_t>();
    return wrong<std::uint64_t>(name, "a whole number");
  }

  std::int64_t span_s(const char* name) {
    const json* found = take(name);
    return found && is_span(*found) ? found->get<std::int64_t>()
                                    : wrong<std::int64_t>(name, "a number of seconds");
  }

  std::vector<std::int64_t> spans_s(const char* name) {
    const json* found = take(name);
    if (found && found->is_array() && std::ranges::all_of(*found, is_span)) {
      auto read = found->get<std::vector<std::int64_t>>();
      if (std::ranges::adjacent_find(read, std::less_equal{}) == read.end())
        return read;
    }
    return wrong<std::vector<std::int64_t>>(name, "descending numbers of seconds");
  }

  bool boolean(const char* name) {
    const json* found = take(name);
    return found && found->is_boolean() ? found->get<bool>() : wrong<bool>(name, "true or false");
  }

  bool has(const char* name) const { return root_.is_object() && root_.contains(name); }
  bool take_null(const char* name) { return has(name) && root_[name].is_null() && take(name); }

  template <class T>
  std::optional<T> if_present(const char* name, T (members::*read)(const char*)) {
    if (!has(name))
      return std::nullopt;
    return (this->*read)(name);
  }

  /// Empty if all members were as written and none is left over.
  std::string trouble() const {
    if (trouble_.empty() && taken_ != root_.size())
      return "it has members that this version never had";
    return trouble_;
  }

private:
  static bool is_span(const json& value) {
    return value.is_number_unsigned()
           && value.get<std::uint64_t>() <= std::numeric_limits<std::int64_t>::max();
  }

  const json* take(const char* name) {
    if (!has(name))
      return nullptr;
    ++taken_;
    return &root_[name];
  }

  template <class T>
  T wrong(const char* name, const char* expected) {
    if (trouble_.empty())
      trouble_ = std::string("its member \"") + name + "\" is not " + expected;
    return T{};
  }

  json root_;
  std::size_t taken_ = 0;
  std::string trouble_;
};

event read_created_1(members& m) {
  created e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.file_name = m.text("fileName");
  e.content_type = m.text("contentType");
  e.blob_path = m.text("blobPath");
  e.expiry = m.if_present("expiryDate", &members::time);
  e.size_bytes = m.if_present("sizeBytes", &members::size);
  e.sha256 = m.if_present("sha256", &members::sha256);
  e.upload_expires_at = m.time("uploadExpiresAt");
  e.abandoned_at = m.time("abandonedAt");
  e.leads_s = m.spans_s("leadsSeconds");
  return e;
}

event read_content_stored_1(members& m) {
  content_stored e;
  e.sha256 = m.sha256("sha256");
  e.size_bytes = m.size("sizeBytes");
  return e;
}

event read_uploaded_1(members& m) {
  uploaded e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.blob_path = m.text("blobPath");
  e.sha256 = m.sha256("sha256");
  e.size_bytes = m.size("sizeBytes");
  return e;
}

event read_changed_1(members& m) {
  changed e;
  if (m.take_null("expiryDate"))
    e.expiry.emplace(std::nullopt);
  else if (m.has("expiryDate"))
    e.expiry.emplace(m.time("expiryDate"));
  e.file_name = m.if_present("fileName", &members::text);
  e.document_type = m.if_present("documentType", &members::text);
  return e;
}

event read_expiring_1(members& m) {
  expiring e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.expiry = m.time("expiryDate");
  e.lead_s = m.span_s("leadSeconds");
  return e;
}

event read_expired_1(members& m) {
  expired e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.expiry = m.time("expiryDate");
  e.was_uploaded = m.boolean("wasUploaded");
  return e;
}

event read_abandoned_1(members& m) {
  abandoned e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  return e;
}

event read_removed_1(members& m) {
  removed e;
  e.customer = m.text("customerId");
  e.document_type = m.text("documentType");
  e.was_uploaded = m.boolean("wasUploaded");
  return e;
}

struct shape {
  std::string_view type;
  std::uint32_t version;
  event (*read)(members&);
};

// Frozen: lines are added, none is ever changed or taken away.
constexpr shape shapes[] = {
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
  const auto refused = [&](const std::string& why) {
    return fail(errc::corrupt, "cannot read a stored " + std::string(type) + " of version "
                                 + std::to_string(version) + ": " + why);
  };
  const auto known = std::ranges::find_if(
    shapes, [&](const shape& s) { return s.type == type && s.version == version; });
  if (known == std::end(shapes))
    return refused("this build knows no such type and version; run the build that wrote it, or a "
                   "newer one");
  members m(data);
  event read = known->read(m);
  if (const std::string trouble = m.trouble(); !trouble.empty())
    return refused(trouble);
  return read;
}

} // namespace dossier::document

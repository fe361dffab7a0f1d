// SPDX-License-Identifier: Apache-2.0
#include "protocol/document_request.hpp"

#include "protocol/media_type.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t file_name_bytes_max = 255;

/// What is wrong with a file name, or nothing. The text is UTF-8 already.
std::string_view trouble_of_file_name(std::string_view name) {
  if (name.empty() || name.size() > file_name_bytes_max)
    return "must have 1 to 255 bytes.";
  if (name == "." || name == "..")
    return "must not be \".\" or \"..\".";
  for (std::size_t i = 0; i < name.size(); ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    if (byte == '/' || byte == '\\')
      return "must not have a / or a \\ in it.";
    // U+0080 to U+009F are controls too; in UTF-8 they start with 0xc2.
    const bool is_c1
      = byte == 0xc2 && i + 1 < name.size() && static_cast<unsigned char>(name[i + 1]) < 0xa0;
    if (byte < 0x20 || byte == 0x7f || is_c1)
      return "must not have control characters in it.";
  }
  return {};
}

void check_file_name(json_body& body, std::string_view name) {
  if (const auto trouble = trouble_of_file_name(name); !trouble.empty())
    body.refuse("fileName", trouble);
}

void check_document_type(json_body& body, std::string_view type) {
  if (!is_document_type(type))
    body.refuse("documentType", "must be 1 to 64 characters of A-Z a-z 0-9 . _ -");
}

/// Reads a time that may be absent.
std::optional<timestamp> optional_time(json_body& body, std::string_view name) {
  const auto text = body.optional_string(name);
  if (!text)
    return std::nullopt;
  const auto time = parse_rfc3339(*text);
  if (time)
    return *time;
  body.refuse(name, "must be a time as RFC 3339 says it, e.g. \"2030-01-31T12:00:00Z\": "
                      + time.error().why + ".");
  return std::nullopt;
}

std::optional<sha256_digest> optional_sha256(json_body& body) {
  const auto text = body.optional_string("sha256");
  if (!text)
    return std::nullopt;
  sha256_digest digest{};
  if (parse_hex(*text, digest))
    return digest;
  body.refuse("sha256", "must be 64 hexadecimal digits.");
  return std::nullopt;
}

void fill_create(json_body& body, std::uint64_t content_bytes_max, document::create& made) {
  if (auto type = body.required_string("documentType")) {
    check_document_type(body, *type);
    made.document_type = std::move(*type);
  }
  if (auto name = body.required_string("fileName")) {
    check_file_name(body, *name);
    made.file_name = std::move(*name);
  }
  made.expiry = optional_time(body, "expiryDate");
  made.content_type = body.optional_string("contentType").value_or("application/octet-stream");
  if (!is_media_type(made.content_type))
    body.refuse("contentType", "must be a media type such as application/pdf, without parameters.");
  made.size_bytes = body.optional_count("sizeBytes", content_bytes_max);
  made.sha256 = optional_sha256(body);
}

std::string required_customer(json_body& body) {
  auto customer = body.required_string("customerId").value_or("");
  if (auto good = check_customer(customer); !customer.empty() && !good)
    body.refuse("customerId", good.error().why + ".");
  return customer;
}

std::optional<entity_id> required_document(json_body& body) {
  const auto text = body.required_string("documentId");
  if (!text)
    return std::nullopt;
  if (auto id = entity_id::parse(*text))
    return *id;
  body.refuse("documentId", "must be the id of a document, as its creation was answered.");
  return std::nullopt;
}

enum class request_kind { create, confirm_upload, remove, change_expiry };

result<request_kind> kind_of(std::string_view type) {
  constexpr std::array<std::pair<std::string_view, request_kind>, 4> known{{
    {"dossier.document.create", request_kind::create},
    {"dossier.document.confirm-upload", request_kind::confirm_upload},
    {"dossier.document.delete", request_kind::remove},
    {"dossier.document.change-expiry", request_kind::change_expiry},
  }};
  std::string names;
  for (const auto& [name, kind] : known) {
    if (name == type)
      return kind;
    names.append(name).append(", ");
  }
  names.append(start_job_type);
  return fail(errc::not_implemented,
              "There is no command of this type. The commands are: " + names + ".", "type");
}

/// A schema is named as "/schemas/<type>/<version>", behind any address.
result<void> check_schema(const received_event& event) {
  if (event.dataschema.empty() || event.dataschema.ends_with("/schemas/" + event.type + "/1"))
    return {};
  return fail(errc::invalid_argument,
              "The data adheres to another schema than /schemas/" + event.type + "/1.",
              "dataschema");
}

} // namespace

result<json_body> read_command_data(const received_event& event) {
  if (auto good = check_schema(event); !good)
    return good.error();
  if (!is_json_type(event.datacontenttype))
    return fail(errc::unsupported_media_type, "The data of a command must be JSON.",
                "datacontenttype");
  return json_body::parse(event.data);
}

bool is_document_type(std::string_view text) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
  };
  return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), is_good);
}

result<document::create> read_create(std::string_view text, std::string_view customer,
                                     std::uint64_t content_bytes_max) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  document::create made;
  made.customer = customer;
  fill_create(*body, content_bytes_max, made);
  if (auto good = body->finish(); !good)
    return good.error();
  return made;
}

result<void> read_confirmation(std::string_view text) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  const auto uploaded = body->required_bool("uploaded");
  if (uploaded && !*uploaded)
    body->refuse("uploaded", "must be true: an upload can be confirmed, not taken back.");
  return body->finish();
}

result<document::change> read_change(std::string_view text) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  if (body->is_empty())
    return fail(errc::invalid_argument,
                "The body changes nothing: give expiryDate, fileName or documentType.");
  document::change made;
  if (body->is_null("expiryDate"))
    made.expiry.emplace(std::nullopt);
  else if (const auto time = optional_time(*body, "expiryDate"))
    made.expiry.emplace(*time);
  if (body->has("fileName")) {
    if ((made.file_name = body->required_string("fileName")))
      check_file_name(*body, *made.file_name);
  }
  if (body->has("documentType")) {
    if ((made.document_type = body->required_string("documentType")))
      check_document_type(*body, *made.document_type);
  }
  if (auto good = body->finish(); !good)
    return good.error();
  return made;
}

result<document_request> read_document_request(const received_event& event,
                                               std::uint64_t content_bytes_max) {
  const auto kind = kind_of(event.type);
  if (!kind)
    return kind.error();
  auto body = read_command_data(event);
  if (!body)
    return body.error();
  document_request made;
  made.customer = required_customer(*body);
  if (*kind != request_kind::create)
    made.document = required_document(*body);
  switch (*kind) {
  case request_kind::create: {
    document::create what;
    what.customer = made.customer;
    fill_create(*body, content_bytes_max, what);
    made.what = std::move(what);
    break;
  }
  case request_kind::confirm_upload:
    made.what = document::confirm_upload{};
    break;
  case request_kind::remove:
    made.what = document::remove{};
    break;
  case request_kind::change_expiry: {
    document::change what;
    what.expiry.emplace(std::nullopt);
    if (!body->has("expiryDate"))
      body->refuse("expiryDate", "must be given: a time, or null for never.");
    else if (!body->is_null("expiryDate"))
      what.expiry.emplace(optional_time(*body, "expiryDate"));
    made.what = std::move(what);
    break;
  }
  }
  if (auto good = body->finish(); !good)
    return good.error();
  return made;
}

} // namespace dossier

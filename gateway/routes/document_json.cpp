// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/document_json.hpp"

#include "gateway/disposition.hpp"
#include "protocol/digest.hpp"

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

template <class T, class Write>
void write_or_null(json_writer& out, const std::optional<T>& value, Write write) {
  if (value)
    write(*value);
  else
    out.null();
}

/// A cursor's bytes: time, kind, id, and a check over them and the customer. It protects nothing:
/// whoever forges one reaches his own list only. It makes garbage a clear refusal.
constexpr std::size_t place_bytes = 8 + 1 + entity_id::size;
constexpr std::size_t check_bytes = 8;
using cursor_bytes = std::array<std::uint8_t, place_bytes + check_bytes>;

void fill_check(cursor_bytes& bytes, std::string_view customer) {
  std::string text = "dossier list cursor 1\n";
  text.append(customer).push_back('\n');
  text.append(reinterpret_cast<const char*>(bytes.data()), place_bytes);
  const auto digest = sha256_of(text);
  std::copy_n(digest.begin(), check_bytes, bytes.begin() + place_bytes);
}

} // namespace

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
  if (auto type = body->required_string("documentType")) {
    check_document_type(*body, *type);
    made.document_type = std::move(*type);
  }
  if (auto name = body->required_string("fileName")) {
    check_file_name(*body, *name);
    made.file_name = std::move(*name);
  }
  made.expiry = optional_time(*body, "expiryDate");
  made.content_type = body->optional_string("contentType").value_or("application/octet-stream");
  if (!is_media_type(made.content_type))
    body->refuse("contentType",
                 "must be a media type such as application/pdf, without parameters.");
  made.size_bytes = body->optional_count("sizeBytes", content_bytes_max);
  made.sha256 = optional_sha256(*body);
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

void write_document(json_writer& out, const entity_id& id, const document::view& view,
                    timestamp as_of) {
  out.begin_object();
  out.key("id").string(id.text());
  out.key("customerId").string(view.customer);
  out.key("documentType").string(view.document_type);
  out.key("fileName").string(view.file_name);
  out.key("blobPath").string(view.blob_path);
  out.key("contentType").string(view.content_type);
  out.key("sizeBytes");
  write_or_null(out, view.size_bytes, [&](std::uint64_t size) { out.number(size); });
  out.key("sha256");
  write_or_null(out, view.sha256, [&](const sha256_digest& digest) { out.string(to_hex(digest)); });
  out.key("expiryDate");
  write_or_null(out, view.expiry, [&](timestamp expiry) { out.time(expiry); });
  out.key("ttl");
  write_or_null(out, view.expiry, [&](timestamp expiry) {
    const auto left = std::chrono::floor<seconds>(expiry - as_of);
    out.number(std::max<std::int64_t>(left.count(), 0));
  });
  out.key("uploaded").boolean(view.status == document::status::uploaded);
  out.key("status").string(to_string(view.status));
  out.key("version").number(view.version);
  out.key("createdAt").time(view.created_at);
  out.key("updatedAt").time(view.updated_at);
  out.end_object();
}

void write_history_entry(json_writer& out, const history_entry& entry) {
  const auto& why = entry.event.cause;
  out.begin_object();
  out.key("sequence").number(entry.sequence);
  out.key("type").string(entry.event.type);
  out.key("time").time(entry.event.at);
  out.key("cause").begin_object();
  out.key("command").string(why.command);
  out.key("by").string(why.by);
  if (!why.request_id.empty())
    out.key("requestId").string(why.request_id);
  if (!why.traceparent.empty())
    out.key("traceparent").string(why.traceparent);
  out.end_object();
  out.key("data").raw(entry.event.data);
  out.end_object();
}

std::string version_tag(std::uint64_t version) {
  return "v" + std::to_string(version);
}

std::string write_cursor(std::string_view customer, const listing& place) {
  cursor_bytes bytes{};
  const auto created_at_ms = static_cast<std::uint64_t>(to_ms(place.created_at));
  for (std::size_t i = 0; i < 8; ++i)
    bytes[i] = static_cast<std::uint8_t>(created_at_ms >> (56 - 8 * i));
  bytes[8] = static_cast<std::uint8_t>(place.entity.kind);
  std::copy(place.entity.id.bytes.begin(), place.entity.id.bytes.end(), bytes.begin() + 9);
  fill_check(bytes, customer);
  return to_base64url(bytes);
}

result<listing> read_cursor(std::string_view customer, std::string_view text) {
  cursor_bytes bytes{};
  const bool is_base64 = parse_base64url(text, bytes).has_value();
  auto expected = bytes;
  fill_check(expected, customer);
  if (!is_base64 || bytes != expected)
    return fail(
      errc::invalid_argument,
      "The cursor is not one that a list of this customer gave. Pass nextCursor back as it "
      "came, or leave it out to start anew.",
      "cursor");
  std::uint64_t created_at_ms = 0;
  for (std::size_t i = 0; i < 8; ++i)
    created_at_ms = created_at_ms << 8 | bytes[i];
  listing place;
  place.created_at = from_ms(static_cast<std::int64_t>(created_at_ms));
  place.entity.kind = static_cast<entity_kind>(bytes[8]);
  std::copy(bytes.begin() + 9, bytes.begin() + place_bytes, place.entity.id.bytes.begin());
  return place;
}

} // namespace dossier

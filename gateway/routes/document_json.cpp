// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/document_json.hpp"

#include "protocol/digest.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier {

namespace {

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
  out.key("expiryDate").time_or_null(view.expiry);
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

// SPDX-License-Identifier: Apache-2.0
// Reads what an upload's header fields promise about its content.
#include "gateway/fields.hpp"
#include "gateway/routes/content_upload.hpp"
#include "protocol/ascii.hpp"

#include <algorithm>
#include <string>

namespace dossier {

namespace {

constexpr std::string_view digest_field = "Repr-Digest";

failure bad_field(std::string_view name, std::string_view why) {
  return fail(errc::invalid_argument, std::string{name} + " " + std::string{why},
              std::string{name});
}

/// A key of RFC 8941 dictionaries.
bool is_dictionary_key(std::string_view text) {
  const auto is_lower = [](char c) {
    return c >= 'a' && c <= 'z';
  };
  const auto is_rest = [&](char c) {
    return is_lower(c) || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.' || c == '*';
  };
  return !text.empty() && (is_lower(text.front()) || text.front() == '*')
         && std::all_of(text.begin(), text.end(), is_rest);
}

bool is_byte_sequence(std::string_view text) {
  const auto is_base64 = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+'
           || c == '/' || c == '=';
  };
  return text.size() >= 2 && text.starts_with(':') && text.ends_with(':')
         && std::all_of(text.begin() + 1, text.end() - 1, is_base64);
}

/// One member of a digest field: an algorithm and the bytes of its digest.
result<void> read_digest(std::string_view member, std::optional<sha256_digest>& sha256) {
  const auto equals = member.find('=');
  const auto name = member.substr(0, equals);
  if (equals == std::string_view::npos || !is_dictionary_key(name)
      || !is_byte_sequence(member.substr(equals + 1)))
    return bad_field(digest_field, "must be a list such as sha-256=:<base64>: (RFC 9530).");
  if (name != "sha-256")
    return {};
  sha256_digest digest{};
  const auto base64 = member.substr(equals + 2, member.size() - equals - 3);
  if (sha256 || !parse_base64(base64, digest))
    return bad_field(digest_field, "must give sha-256 once, as the base64 of 32 bytes.");
  sha256 = digest;
  return {};
}

result<std::optional<sha256_digest>> read_digests(const request& r) {
  const auto field = joined_field(r, digest_field);
  if (!field)
    return std::nullopt;
  std::optional<sha256_digest> sha256;
  std::string_view rest = *field;
  for (;;) {
    const auto comma = rest.find(',');
    if (auto read = read_digest(trimmed(rest.substr(0, comma)), sha256); !read)
      return read.error();
    if (comma == std::string_view::npos)
      break;
    rest.remove_prefix(comma + 1);
  }
  // Why: a digest that nobody checks would look like one that holds.
  if (!sha256)
    return bad_field(digest_field, "has no sha-256, the only digest that is verified here.");
  return sha256;
}

result<void> check_unsupported(const request& r) {
  const auto blob_type = r.field("x-ms-blob-type");
  if (!blob_type.empty() && blob_type != "BlockBlob")
    return bad_field("x-ms-blob-type", "must be BlockBlob; there are no other blobs here.");
  const auto coding = r.field("Content-Encoding");
  if (!coding.empty() && !equals_ignoring_case(coding, "identity"))
    return fail(
      errc::unsupported_media_type,
      "Content is stored as it comes, without a coding: send it without Content-Encoding.",
      "Content-Encoding");
  if (joined_field(r, "Content-Range"))
    return bad_field("Content-Range", "is not possible here: send the content whole.");
  return {};
}

} // namespace

result<content_checks> read_content_fields(const request& r) {
  if (auto good = check_unsupported(r); !good)
    return good.error();
  content_checks checks;
  const auto sha256 = read_digests(r);
  if (!sha256)
    return sha256.error();
  checks.sha256 = *sha256;
  if (const auto field = joined_field(r, "Content-MD5")) {
    md5_digest md5{};
    if (!parse_base64(*field, md5))
      return bad_field("Content-MD5", "must be the base64 of 16 bytes.");
    checks.md5 = md5;
  }
  return checks;
}

} // namespace dossier

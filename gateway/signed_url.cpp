// SPDX-License-Identifier: Apache-2.0
// Writes and checks signed URLs. There is one spelling of a grant: what a URL says is read loosely,
// written again by sign() and compared byte for byte, so nothing that a parser overlooks can pass.
#include "gateway/signed_url.hpp"

#include "protocol/assert.hpp"
#include "protocol/digest.hpp"

#include <charconv>
#include <optional>
#include <utility>

namespace dossier {

namespace {

constexpr std::string_view path_start = "/content/";
constexpr std::size_t signature_bytes = 43; // 32 bytes in base64url.
constexpr std::size_t target_bytes_max = 160;
constexpr std::int64_t expires_at_s_max = 253'402'300'799; // The last second of the year 9999.

/// Takes `expected` off the front of `rest`.
bool skip(std::string_view& rest, std::string_view expected) {
  if (!rest.starts_with(expected))
    return false;
  rest.remove_prefix(expected.size());
  return true;
}

std::optional<permission> permission_of(char letter) {
  if (letter == static_cast<char>(permission::upload))
    return permission::upload;
  if (letter == static_cast<char>(permission::download))
    return permission::download;
  return std::nullopt;
}

/// What the target claims. The signature is not looked at, only its length.
std::optional<content_grant> claim_of(std::string_view target) {
  auto rest = target;
  if (!skip(rest, path_start) || rest.size() < entity_id::text_size)
    return std::nullopt;
  const auto document = entity_id::parse(rest.substr(0, entity_id::text_size));
  if (!document)
    return std::nullopt;
  rest.remove_prefix(entity_id::text_size);
  if (!skip(rest, "?se="))
    return std::nullopt;
  std::int64_t expires_at_s = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), expires_at_s);
  if (error != std::errc{} || expires_at_s < 0 || expires_at_s > expires_at_s_max)
    return std::nullopt;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  if (!skip(rest, "&sp=") || rest.empty())
    return std::nullopt;
  const auto allows = permission_of(rest.front());
  rest.remove_prefix(1);
  if (!allows || !skip(rest, "&sv=1&sig=") || rest.size() != signature_bytes)
    return std::nullopt;
  return content_grant{*allows, *document, timestamp{seconds{expires_at_s}}};
}

} // namespace

url_signer::url_signer(std::string_view secret)
  : secret_(secret) {
  DOSSIER_ASSERT(secret.size() >= 32, "A URL signer's secret has at least 32 bytes.");
}

std::string url_signer::sign(const content_grant& grant) const {
  const auto expires_at_s
    = std::chrono::floor<seconds>(grant.expires_at).time_since_epoch().count();
  std::string url;
  url.reserve(target_bytes_max);
  url.append(path_start).append(grant.document.text()).append("?se=");
  url.append(std::to_string(expires_at_s)).append("&sp=");
  url.push_back(static_cast<char>(grant.allows));
  url.append("&sv=1");
  // Why: the secret may sign other things one day; what is signed says that it is a content URL.
  const auto signature = secret_.sign("dossier content url 1\n" + url);
  return url.append("&sig=").append(to_base64url(signature));
}

result<content_grant> url_signer::check(std::string_view target, permission wanted,
                                        timestamp now) const {
  const auto refusal = [] {
    return fail(errc::forbidden,
                "The signature does not cover this URL. Use the URL exactly as it was "
                "given, or ask for a new one.");
  };
  if (target.size() > target_bytes_max)
    return refusal();
  const auto grant = claim_of(target);
  if (!grant || !equal_in_constant_time(target, sign(*grant)))
    return refusal();
  if (grant->allows != wanted)
    return fail(errc::forbidden,
                wanted == permission::upload
                  ? "This URL permits downloading only; uploading needs an upload URL."
                  : "This URL permits uploading only; ask for a download URL.");
  if (now >= grant->expires_at)
    return fail(errc::gone, "This URL was valid until " + to_rfc3339(grant->expires_at)
                              + ". Ask for a new one.");
  return *grant;
}

} // namespace dossier

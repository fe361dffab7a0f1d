// SPDX-License-Identifier: Apache-2.0
#include "protocol/webhook_signature.hpp"

#include "protocol/digest.hpp"

#include <algorithm>
#include <charconv>
#include <utility>
#include <vector>

namespace dossier {

namespace {

constexpr std::string_view secret_start = "whsec_";
constexpr std::string_view signature_start = "v1,";
constexpr std::size_t timestamp_digits_max = 12; // Seconds of the year 9999.

failure refused_secret(std::string why) {
  return fail(errc::invalid_argument,
              "cannot read a webhook's secret: " + std::move(why)
                + "; it is \"whsec_\" and base64 of 24 to 64 random bytes",
              "secret");
}

result<void> check_id(std::string_view id) {
  const auto is_allowed = [](char c) {
    return c > ' ' && c < '\x7f' && c != '.';
  };
  if (id.empty() || id.size() > webhook_id_bytes_max || !std::ranges::all_of(id, is_allowed))
    return fail(errc::invalid_argument,
                "a webhook's id is 1 to " + std::to_string(webhook_id_bytes_max)
                  + " visible ASCII characters without a full stop; this one is not",
                std::string(webhook_id_name));
  return {};
}

result<void> check_secrets(std::span<const webhook_secret> secrets) {
  if (secrets.empty() || secrets.size() > webhook_secrets_max)
    return fail(errc::invalid_argument,
                "webhooks are signed with 1 to " + std::to_string(webhook_secrets_max)
                  + " secrets, not with " + std::to_string(secrets.size())
                  + "; end the rotation of older ones",
                "secrets");
  return {};
}

result<timestamp> parse_webhook_timestamp(std::string_view text) {
  std::int64_t at_s = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), at_s);
  if (error != std::errc{} || end != text.data() + text.size() || text.front() == '-'
      || text.size() > timestamp_digits_max || (text.size() > 1 && text.front() == '0'))
    return fail(errc::invalid_argument,
                "a webhook's timestamp is whole seconds since 1970 in at most "
                  + std::to_string(timestamp_digits_max) + " digits; this one is not",
                std::string(webhook_timestamp_name));
  return timestamp{seconds{at_s}};
}

/// What signs these three with this secret, as it stands in the header.
std::string signature_of(std::string_view id, std::string_view at, std::string_view payload,
                         const webhook_secret& secret) {
  std::string text;
  text.reserve(id.size() + at.size() + payload.size() + 2);
  text.append(id).append(".").append(at).append(".").append(payload);
  return std::string(signature_start).append(to_base64(hmac_sha256(secret.key(), text)));
}

} // namespace

webhook_secret::webhook_secret(std::string key)
  : key_(std::move(key)) {}

result<webhook_secret> webhook_secret::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() < bytes_min || bytes.size() > bytes_max)
    return refused_secret("it has " + std::to_string(bytes.size()) + " bytes");
  return webhook_secret(std::string(bytes.begin(), bytes.end()));
}

result<webhook_secret> webhook_secret::parse(std::string_view text) {
  if (!text.starts_with(secret_start))
    return refused_secret("it does not begin with \"whsec_\"");
  text.remove_prefix(secret_start.size());
  const auto digits = text.substr(0, text.find('='));
  if (text.size() % 4 != 0 || text.size() > (bytes_max + 2) / 3 * 4)
    return refused_secret("its base64 is cut off, not padded or too long");
  std::vector<std::uint8_t> bytes(digits.size() * 6 / 8);
  if (const auto read = parse_base64(text, bytes); !read)
    return refused_secret("its base64 is not canonical");
  return from_bytes(bytes);
}

std::string webhook_secret::text() const {
  const auto* first = reinterpret_cast<const std::uint8_t*>(key_.data());
  return std::string(secret_start).append(to_base64({first, key_.size()}));
}

result<webhook_headers> sign_webhook(std::string_view id, timestamp at, std::string_view payload,
                                     std::span<const webhook_secret> secrets) {
  if (const auto checked = check_id(id); !checked)
    return checked.error();
  if (const auto checked = check_secrets(secrets); !checked)
    return checked.error();
  if (at < timestamp{} || at > timestamp_max)
    return fail(errc::invalid_argument,
                "cannot sign a webhook at a time outside of the years 1970 to 9999; set the clock",
                std::string(webhook_timestamp_name));
  const auto at_s = std::chrono::floor<seconds>(at).time_since_epoch().count();
  webhook_headers headers{std::string(id), std::to_string(at_s), {}};
  for (const auto& secret : secrets) {
    if (!headers.signature.empty())
      headers.signature.push_back(' ');
    headers.signature.append(signature_of(id, headers.timestamp, payload, secret));
  }
  return headers;
}

result<void> verify_webhook(const webhook_headers& headers, std::string_view payload,
                            std::span<const webhook_secret> secrets, timestamp now,
                            seconds tolerance) {
  if (const auto checked = check_id(headers.id); !checked)
    return checked.error();
  if (const auto checked = check_secrets(secrets); !checked)
    return checked.error();
  const auto at = parse_webhook_timestamp(headers.timestamp);
  if (!at)
    return at.error();
  if (headers.signature.size() > webhook_signature_bytes_max)
    return fail(errc::invalid_argument,
                "a webhook's signatures have at most " + std::to_string(webhook_signature_bytes_max)
                  + " bytes, not " + std::to_string(headers.signature.size()),
                std::string(webhook_signature_name));
  if (*at < now - tolerance || *at > now + tolerance)
    return fail(errc::unauthenticated,
                "the webhook was signed more than " + std::to_string(tolerance.count())
                  + " s before or after now; send it anew, or set the clocks",
                std::string(webhook_timestamp_name));
  bool is_ours = false;
  for (const auto& secret : secrets) {
    const auto expected = signature_of(headers.id, headers.timestamp, payload, secret);
    // Why: no early end; which secret or signature matched is nobody's business.
    for (std::string_view rest = headers.signature; !rest.empty();) {
      const auto length = std::min(rest.find(' '), rest.size());
      is_ours |= equal_in_constant_time(rest.substr(0, length), expected);
      rest.remove_prefix(std::min(length + 1, rest.size()));
    }
  }
  if (!is_ours)
    return fail(errc::unauthenticated,
                "none of the webhook's v1 signatures was made with a secret of this endpoint; "
                "check the secret, and that the body is signed as it was sent",
                std::string(webhook_signature_name));
  return {};
}

} // namespace dossier

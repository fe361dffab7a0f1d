// SPDX-License-Identifier: Apache-2.0
// Signatures of webhooks as Standard Webhooks 1.0.0 (standardwebhooks.com) has them: the receiver
// learns that the body, its id and its time are ours. Symmetric signatures (v1) only. Pure: no
// clock, no dice, no I/O; never writes a secret into a message.
#pragma once

#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dossier {

/// The key that a sender and one receiver share. 24 to 64 bytes, as the specification demands.
class webhook_secret {
public:
  static constexpr std::size_t bytes_min = 24;
  static constexpr std::size_t bytes_max = 64;

  /// Reads "whsec_" and canonical base64. invalid_argument otherwise; the text is not repeated.
  static result<webhook_secret> parse(std::string_view text);
  /// From random bytes; invalid_argument unless there are bytes_min to bytes_max of them.
  static result<webhook_secret> from_bytes(std::span<const std::uint8_t> bytes);

  /// What parse() reads: "whsec_…". For the receiver's owner only.
  std::string text() const;
  std::string_view key() const { return key_; }

private:
  explicit webhook_secret(std::string key);

  std::string key_;
};

// The names of the headers.
inline constexpr std::string_view webhook_id_name = "webhook-id";
inline constexpr std::string_view webhook_timestamp_name = "webhook-timestamp";
inline constexpr std::string_view webhook_signature_name = "webhook-signature";

/// The values of the three headers.
struct webhook_headers {
  std::string id;        ///< The same for every attempt to deliver one message.
  std::string timestamp; ///< Seconds since 1970 of this attempt, in decimal digits.
  std::string signature; ///< "v1,<base64>", several of them separated by single spaces.
};

inline constexpr std::size_t webhook_id_bytes_max = 128;
/// While a key is replaced, its predecessor signs too.
inline constexpr std::size_t webhook_secrets_max = 4;
/// Longer lists of signatures are refused: another sender's v1a signatures have 92 characters.
inline constexpr std::size_t webhook_signature_bytes_max = 1'024;
/// How far a receiver's clock and ours may differ, delivery included.
inline constexpr seconds webhook_tolerance{300};

/// Signs one attempt at `at` with each of 1 to webhook_secrets_max secrets, in their order. The id
/// is 1 to webhook_id_bytes_max visible ASCII characters without '.', which separates what is
/// signed. invalid_argument otherwise, and for times before 1970.
result<webhook_headers> sign_webhook(std::string_view id, timestamp at, std::string_view payload,
                                     std::span<const webhook_secret> secrets);

/// Whether one of the signatures was made with one of 1 to webhook_secrets_max secrets, at most
/// `tolerance` before or after `now`. Signatures of other versions are passed over. The time this
/// takes does not depend on how much of a signature is right. Refused as invalid_argument when a
/// header is not well-formed, as unauthenticated when the time or every signature is wrong; where
/// names the header.
result<void> verify_webhook(const webhook_headers& headers, std::string_view payload,
                            std::span<const webhook_secret> secrets, timestamp now,
                            seconds tolerance = webhook_tolerance);

} // namespace dossier

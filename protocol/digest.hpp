// SPDX-License-Identifier: Apache-2.0
// Digests and the text forms of bytes. OpenSSL does the arithmetic.
#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace dossier {

using sha256_digest = std::array<std::uint8_t, 32>;
using md5_digest = std::array<std::uint8_t, 16>;

sha256_digest sha256_of(std::string_view bytes);
sha256_digest hmac_sha256(std::string_view key, std::string_view text);

/// A key of HMAC-SHA-256 (RFC 2104) that signs often: what depends on the key alone is computed
/// once. Any thread may sign.
class hmac_key {
public:
  explicit hmac_key(std::string_view key);
  ~hmac_key();
  hmac_key(const hmac_key&) = default;
  hmac_key& operator=(const hmac_key&) = default;

  sha256_digest sign(std::string_view text) const;

private:
  static constexpr std::size_t block_bytes = 64;
  using block = std::array<std::uint8_t, block_bytes>;

  block inner_; ///< What goes before the text.
  block outer_; ///< What goes before the digest of both.
};

/// Lower-case hexadecimal; parse_hex accepts exactly twice as many digits of either case.
std::string to_hex(std::span<const std::uint8_t> bytes);
result<void> parse_hex(std::string_view text, std::span<std::uint8_t> into);

/// RFC 4648 base64url without padding; and standard base64 with padding (Content-MD5, Repr-Digest).
std::string to_base64url(std::span<const std::uint8_t> bytes);
std::string to_base64(std::span<const std::uint8_t> bytes);
/// Strict: canonical alphabet, padding and zero trailing bits; exactly into.size() bytes.
result<void> parse_base64(std::string_view text, std::span<std::uint8_t> into);
result<void> parse_base64url(std::string_view text, std::span<std::uint8_t> into);
/// Standard base64 of bytes of any number, and back, as strictly.
std::string to_base64(std::string_view bytes);
result<std::string> parse_base64(std::string_view text);

/// Equal or not, in time that depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);

/// A running SHA-256, and MD5 beside it when asked for. One thread at a time.
class content_hasher {
public:
  explicit content_hasher(bool with_md5);
  ~content_hasher();
  content_hasher(content_hasher&&) noexcept;
  content_hasher& operator=(content_hasher&&) noexcept;

  void update(std::span<const std::byte> bytes);
  /// Ends the run; call once, then never update again.
  void finish(sha256_digest& sha256, md5_digest& md5);

private:
  struct contexts;
  std::unique_ptr<contexts> contexts_;
};

} // namespace dossier

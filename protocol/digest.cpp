// SPDX-License-Identifier: Apache-2.0
#include "protocol/digest.hpp"

#include "protocol/assert.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>

namespace dossier {

namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";
constexpr std::string_view base64_digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::string_view base64url_digits
  = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// Why: OpenSSL 3 looks an algorithm up anew for each EVP_sha256(); fetched once, a digest of a
// short text costs a third.
const EVP_MD* sha256_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  DOSSIER_ASSERT(method != nullptr, "OpenSSL has SHA-256");
  return method;
}

template <std::size_t Size>
std::string_view view_of(const std::array<std::uint8_t, Size>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct freed {
  void operator()(EVP_MD_CTX* c) const { EVP_MD_CTX_free(c); }
};
using digest_context = std::unique_ptr<EVP_MD_CTX, freed>;

/// Of one text behind the other. Why a context that each thread keeps: making one costs more than a
/// short text.
sha256_digest sha256_of_both(std::string_view first, std::string_view second) {
  thread_local const digest_context context(EVP_MD_CTX_new());
  sha256_digest digest{};
  const bool ok = context && EVP_DigestInit_ex(context.get(), sha256_method(), nullptr) == 1
                  && EVP_DigestUpdate(context.get(), first.data(), first.size()) == 1
                  && EVP_DigestUpdate(context.get(), second.data(), second.size()) == 1
                  && EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1;
  DOSSIER_ASSERT(ok, "OpenSSL computes SHA-256");
  return digest;
}

const EVP_MD* md5_method() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "MD5", nullptr);
  DOSSIER_ASSERT(method != nullptr, "OpenSSL has MD5");
  return method;
}

std::string encode_base64(std::span<const std::uint8_t> bytes, std::string_view digits) {
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const std::uint8_t b : bytes) {
    pending = pending << 8 | b;
    pending_bits += 8;
    while (pending_bits >= 6) {
      pending_bits -= 6;
      text.push_back(digits[pending >> pending_bits & 63]);
    }
  }
  if (pending_bits > 0)
    text.push_back(digits[pending << (6 - pending_bits) & 63]);
  return text;
}

/// Reads digits without padding. One text for each value: unused bits must be zero.
result<void> decode_base64(std::string_view text, std::span<std::uint8_t> into,
                           std::string_view digits) {
  const auto refused = [&](const char* why) {
    return fail(errc::invalid_argument,
                "cannot read base64 of " + std::to_string(into.size()) + " bytes: " + why);
  };
  if (text.size() != (into.size() * 8 + 5) / 6)
    return refused("its length is another one");
  std::size_t filled = 0;
  std::uint32_t pending = 0;
  int pending_bits = 0;
  for (const char c : text) {
    const auto value = digits.find(c);
    if (value == std::string_view::npos)
      return refused("it has a character outside its alphabet");
    pending = pending << 6 | static_cast<std::uint32_t>(value);
    pending_bits += 6;
    if (pending_bits >= 8) {
      pending_bits -= 8;
      into[filled++] = static_cast<std::uint8_t>(pending >> pending_bits);
    }
  }
  if ((pending & ((1U << pending_bits) - 1)) != 0)
    return refused("the unused bits of its last character are not zero");
  return {};
}

} // namespace

sha256_digest sha256_of(std::string_view bytes) {
  return sha256_of_both({}, bytes);
}

sha256_digest hmac_sha256(std::string_view key, std::string_view text) {
  return hmac_key(key).sign(text);
}

hmac_key::hmac_key(std::string_view key) {
  constexpr std::uint8_t inner_pad = 0x36;
  constexpr std::uint8_t outer_pad = 0x5c;
  block padded{};
  if (key.size() > block_bytes)
    std::ranges::copy(sha256_of(key), padded.begin());
  else
    std::ranges::copy(key, padded.begin());
  for (std::size_t i = 0; i < block_bytes; ++i) {
    inner_[i] = padded[i] ^ inner_pad;
    outer_[i] = padded[i] ^ outer_pad;
  }
  OPENSSL_cleanse(padded.data(), padded.size());
}

hmac_key::~hmac_key() {
  OPENSSL_cleanse(inner_.data(), inner_.size());
  OPENSSL_cleanse(outer_.data(), outer_.size());
}

sha256_digest hmac_key::sign(std::string_view text) const {
  return sha256_of_both(view_of(outer_), view_of(sha256_of_both(view_of(inner_), text)));
}

std::string to_hex(std::span<const std::uint8_t> bytes) {
  std::string text;
  text.reserve(bytes.size() * 2);
  for (const std::uint8_t b : bytes) {
    text.push_back(hex_digits[b >> 4]);
    text.push_back(hex_digits[b & 15]);
  }
  return text;
}

result<void> parse_hex(std::string_view text, std::span<std::uint8_t> into) {
  const auto refused = [&] {
    return fail(errc::invalid_argument,
                "must be " + std::to_string(into.size() * 2) + " hexadecimal digits");
  };
  const auto value_of = [](char c) -> int {
    if (c >= '0' && c <= '9')
      return c - '0';
    if (c >= 'a' && c <= 'f')
      return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
      return c - 'A' + 10;
    return -1;
  };
  if (text.size() != into.size() * 2)
    return refused();
  for (std::size_t i = 0; i < into.size(); ++i) {
    const int high = value_of(text[2 * i]);
    const int low = value_of(text[2 * i + 1]);
    if (high < 0 || low < 0)
      return refused();
    into[i] = static_cast<std::uint8_t>(high << 4 | low);
  }
  return {};
}

std::string to_base64url(std::span<const std::uint8_t> bytes) {
  return encode_base64(bytes, base64url_digits);
}

std::string to_base64(std::span<const std::uint8_t> bytes) {
  std::string text = encode_base64(bytes, base64_digits);
  text.append((4 - text.size() % 4) % 4, '=');
  return text;
}

result<void> parse_base64(std::string_view text, std::span<std::uint8_t> into) {
  const std::string_view padding = std::string_view("==").substr(0, (3 - into.size() % 3) % 3);
  if (!text.ends_with(padding))
    return fail(errc::invalid_argument, "cannot read base64 of " + std::to_string(into.size())
                                          + " bytes: its padding is missing");
  return decode_base64(text.substr(0, text.size() - padding.size()), into, base64_digits);
}

result<void> parse_base64url(std::string_view text, std::span<std::uint8_t> into) {
  return decode_base64(text, into, base64url_digits);
}

std::string to_base64(std::string_view bytes) {
  return to_base64(std::span(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()));
}

result<std::string> parse_base64(std::string_view text) {
  const auto padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  if (text.size() % 4 != 0)
    return fail(errc::invalid_argument, "cannot read base64: its padding is missing");
  std::string bytes(text.size() / 4 * 3 - padding, '\0');
  auto read
    = parse_base64(text, std::span(reinterpret_cast<std::uint8_t*>(bytes.data()), bytes.size()));
  if (!read)
    return read.error();
  return bytes;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

struct content_hasher::contexts {
  static digest_context begin(const EVP_MD* method) {
    digest_context made(EVP_MD_CTX_new());
    DOSSIER_ASSERT(made && EVP_DigestInit_ex(made.get(), method, nullptr) == 1,
                   "OpenSSL begins a digest");
    return made;
  }

  digest_context sha256;
  digest_context md5; ///< Null when nobody asked for it.
};

content_hasher::content_hasher(bool with_md5)
  : contexts_(std::make_unique<contexts>(contexts{
    contexts::begin(sha256_method()), with_md5 ? contexts::begin(md5_method()) : nullptr})) {}

content_hasher::~content_hasher() = default;
content_hasher::content_hasher(content_hasher&&) noexcept = default;
content_hasher& content_hasher::operator=(content_hasher&&) noexcept = default;

void content_hasher::update(std::span<const std::byte> bytes) {
  bool ok = EVP_DigestUpdate(contexts_->sha256.get(), bytes.data(), bytes.size()) == 1;
  if (contexts_->md5)
    ok = EVP_DigestUpdate(contexts_->md5.get(), bytes.data(), bytes.size()) == 1 && ok;
  DOSSIER_ASSERT(ok, "a digest takes bytes until it is finished");
}

void content_hasher::finish(sha256_digest& sha256, md5_digest& md5) {
  bool ok = EVP_DigestFinal_ex(contexts_->sha256.get(), sha256.data(), nullptr) == 1;
  md5 = {};
  if (contexts_->md5)
    ok = EVP_DigestFinal_ex(contexts_->md5.get(), md5.data(), nullptr) == 1 && ok;
  DOSSIER_ASSERT(ok, "a digest is finished once");
}

} // namespace dossier

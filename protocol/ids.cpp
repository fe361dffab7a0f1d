// SPDX-License-Identifier: Apache-2.0
#include "protocol/ids.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// Crockford's base 32 in lower case: no i, l, o, u. Ascending in ASCII, so texts sort as values
/// do.
constexpr std::string_view digits = "0123456789abcdefghjkmnpqrstvwxyz";

constexpr std::uint64_t born_ms_max = (std::uint64_t{1} << 48) - 1;

/// Murmur2 with Kafka's constants, as its Java client computes it (org.apache.kafka.common.utils).
std::uint32_t murmur2(std::string_view bytes) {
  constexpr std::uint32_t seed = 0x9747b28c;
  constexpr std::uint32_t m = 0x5bd1e995;
  constexpr int r = 24;
  const auto byte_at = [&](std::size_t i) {
    return static_cast<std::uint32_t>(static_cast<std::uint8_t>(bytes[i]));
  };

  std::uint32_t h = seed ^ static_cast<std::uint32_t>(bytes.size());
  const std::size_t whole = bytes.size() / 4 * 4;
  for (std::size_t i = 0; i < whole; i += 4) {
    std::uint32_t k
      = byte_at(i) | byte_at(i + 1) << 8 | byte_at(i + 2) << 16 | byte_at(i + 3) << 24;
    k *= m;
    k ^= k >> r;
    k *= m;
    h *= m;
    h ^= k;
  }
  if (whole < bytes.size()) {
    for (std::size_t i = whole; i < bytes.size(); ++i)
      h ^= byte_at(i) << 8 * (i - whole);
    h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return h;
}

} // namespace

std::string_view to_string(entity_kind kind) {
  switch (kind) {
  case entity_kind::document:
    return "document";
  case entity_kind::letter:
    return "letter";
  case entity_kind::webhook:
    return "webhook";
  case entity_kind::job:
    return "job";
  }
  return "unknown";
}

result<entity_kind> parse_entity_kind(std::string_view name) {
  for (const auto kind :
       {entity_kind::document, entity_kind::letter, entity_kind::webhook, entity_kind::job})
    if (name == to_string(kind))
      return kind;
  return fail(errc::invalid_argument,
              "there is no such kind of entity; the kinds are: document, letter, webhook, job",
              "kind");
}

entity_id entity_id::make(timestamp born, shard_number shard,
                          const std::array<std::uint8_t, 10>& dice) {
  // A clock outside 1970 to 10889 costs the order of ids, not the service.
  const auto ms = std::clamp<std::int64_t>(to_ms(born), 0, born_ms_max);
  entity_id id;
  for (std::size_t i = 0; i < 6; ++i)
    id.bytes[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
  id.bytes[6] = static_cast<std::uint8_t>(shard >> 8);
  id.bytes[7] = static_cast<std::uint8_t>(shard);
  std::ranges::copy(dice, id.bytes.begin() + 8);
  return id;
}

result<entity_id> entity_id::parse(std::string_view text) {
  const auto refused = [] {
    return fail(errc::invalid_argument, "an id must be 29 characters of 0-9 and a-z without "
                                        "i, l, o and u, as it was given at creation");
  };
  if (text.size() != text_size)
    return refused();
  entity_id id;
  std::size_t filled = 0;
  std::uint32_t pending = 0;
  int pending_bits = -1; // The first bit is padding.
  for (const char c : text) {
    const auto value = digits.find(c);
    if (value == std::string_view::npos)
      return refused();
    pending = pending << 5 | static_cast<std::uint32_t>(value);
    pending_bits += 5;
    if (pending_bits == 4 && value >= 16)
      return refused();
    if (pending_bits >= 8) {
      pending_bits -= 8;
      id.bytes[filled++] = static_cast<std::uint8_t>(pending >> pending_bits);
    }
  }
  return id;
}

std::string entity_id::text() const {
  std::string text;
  text.reserve(text_size);
  std::uint32_t pending = 0;
  int pending_bits = 1; // 144 bits want 29 digits of 5: the first bit is padding, so order is kept.
  for (const std::uint8_t b : bytes) {
    pending = pending << 8 | b;
    pending_bits += 8;
    while (pending_bits >= 5) {
      pending_bits -= 5;
      text.push_back(digits[pending >> pending_bits & 31]);
    }
  }
  return text;
}

timestamp entity_id::born() const {
  std::int64_t ms = 0;
  for (std::size_t i = 0; i < 6; ++i)
    ms = ms << 8 | bytes[i];
  return from_ms(ms);
}

std::string entity_ref::text() const {
  std::string text(to_string(kind));
  text += '/';
  text += id.text();
  return text;
}

shard_number shard_of(std::string_view customer, shard_number shard_count) {
  DOSSIER_ASSERT(shard_count > 0, "a data directory has at least one shard");
  return static_cast<shard_number>((murmur2(customer) & 0x7fffffffU) % shard_count);
}

result<void> check_customer(std::string_view customer) {
  const auto is_allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
  };
  if (customer.empty() || customer.size() > 64 || customer.front() == '.'
      || !std::ranges::all_of(customer, is_allowed))
    return fail(errc::invalid_argument,
                "a customer id must be 1 to 64 characters of A-Z, a-z, 0-9, '.', '_' and '-', and "
                "not start with a dot",
                "customerId");
  return {};
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Names of things. An entity id is ordered by time, URL-safe, unguessable and carries its shard, so
// the id alone finds its row.
#pragma once

#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace dossier {

/// A slice of the key space; every key starts with it. Less than the directory's shard count.
using shard_number = std::uint16_t;

/// Which rules an entity obeys. Frozen codes: they stand in keys.
enum class entity_kind : std::uint8_t { document = 1, letter = 2, webhook = 3, job = 4 };

/// "document", "letter", "webhook", "job"; total over entity_kind.
std::string_view to_string(entity_kind kind);
result<entity_kind> parse_entity_kind(std::string_view name);

/// 18 bytes, big-endian: 48 bits of milliseconds, 16 bits of shard, 80 random bits. Its text is the
/// 29 characters of Crockford's base 32 in lower case, which sorts as the bytes do.
struct entity_id {
  static constexpr std::size_t size = 18;
  static constexpr std::size_t text_size = 29;

  std::array<std::uint8_t, size> bytes{};

  static entity_id make(timestamp born, shard_number shard,
                        const std::array<std::uint8_t, 10>& dice);
  /// Accepts exactly what text() writes: 29 characters, lower case, padding bit zero.
  static result<entity_id> parse(std::string_view text);

  std::string text() const;
  shard_number shard() const { return static_cast<shard_number>(bytes[6] << 8 | bytes[7]); }
  timestamp born() const;
  std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), size}; }

  auto operator<=>(const entity_id&) const = default;
};

/// An entity as the whole system names it.
struct entity_ref {
  entity_kind kind = entity_kind::document;
  entity_id id;

  shard_number shard() const { return id.shard(); }
  /// "document/0c5…".
  std::string text() const;
  auto operator<=>(const entity_ref&) const = default;
};

/// The seam for fresh ids and dice. Thread-safe. Production draws from OpenSSL's generator.
class id_source {
public:
  virtual ~id_source() = default;
  virtual entity_id next(timestamp now, shard_number shard) = 0;
  /// 32 random bits for names that only need to differ (blob paths, boundaries).
  virtual std::uint32_t dice() = 0;
};

/// Identifies one request for an effect: the same id has its effect once and is answered alike
/// after. 16 bytes of SHA-256 over who asked, for what, under which key; empty means "not asked
/// for".
struct command_id {
  std::array<std::uint8_t, 16> bytes{};

  bool is_set() const { return bytes != std::array<std::uint8_t, 16>{}; }
  std::string_view view() const {
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  auto operator<=>(const command_id&) const = default;
};

/// Kafka's default partitioner over the key's bytes (murmur2, seed 0x9747b28c, sign bit cleared;
/// KIP-480 leaves keyed records as they were), so a producer that keys by customer lands in our
/// shard.
shard_number shard_of(std::string_view customer, shard_number shard_count);

/// A tenant: 1 to 64 characters of [A-Za-z0-9._-], not starting with a dot. Refusals are
/// invalid_argument.
result<void> check_customer(std::string_view customer);

} // namespace dossier

template <>
struct std::hash<dossier::entity_id> {
  std::size_t operator()(const dossier::entity_id& id) const noexcept {
    // The last eight bytes are random: they are a hash already.
    std::size_t h = 0;
    for (std::size_t i = dossier::entity_id::size - 8; i < dossier::entity_id::size; ++i)
      h = h << 8 | id.bytes[i];
    return h;
  }
};

template <>
struct std::hash<dossier::entity_ref> {
  std::size_t operator()(const dossier::entity_ref& ref) const noexcept {
    return std::hash<dossier::entity_id>{}(ref.id) * 31 + static_cast<std::size_t>(ref.kind);
  }
};

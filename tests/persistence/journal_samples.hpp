// SPDX-License-Identifier: Apache-2.0
// Entities, batches and directories for the tests of the journals.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/digest.hpp"
#include "tests/support/scratch_directory.hpp"

#include <cstdint>
#include <cstdlib>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::samples {

inline std::string hex(std::string_view bytes) {
  return to_hex(std::span{reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
}

inline constexpr shard_number shard_count = 4;
inline constexpr timestamp noon = from_ms(1'800'000'000'000);

/// The n-th entity of a shard; a larger n is a larger id.
inline entity_ref entity_in(shard_number shard, std::uint64_t n) {
  std::array<std::uint8_t, 10> dice{};
  for (int i = 0; i < 8; ++i)
    dice[static_cast<std::size_t>(i) + 2] = static_cast<std::uint8_t>(n >> (56 - 8 * i) & 0xff);
  return {entity_kind::document, entity_id::make(noon, shard, dice)};
}

inline entity_ref entity_of(std::string_view customer, std::uint64_t n) {
  return entity_in(shard_of(customer, shard_count), n);
}

/// A batch that appends these events to an entity at version `expected`.
inline batch batch_of(const entity_ref& entity, std::uint64_t expected,
                      std::vector<std::string> events = {"event"}) {
  batch b;
  b.entity = entity;
  b.expected_version = expected;
  b.events = std::move(events);
  return b;
}

inline command_id command(std::uint8_t n) {
  command_id id;
  id.bytes.fill(n);
  return id;
}

inline stored_answer answer_to(std::uint8_t n, timestamp expires_at, std::string bytes = "answer") {
  stored_answer answer;
  answer.id = command(n);
  answer.fingerprint.fill(static_cast<std::uint8_t>(n + 1));
  answer.expires_at = expires_at;
  answer.bytes = std::move(bytes);
  return answer;
}

inline sha256_digest digest_of_all(std::uint8_t byte) {
  sha256_digest sha256;
  sha256.fill(byte);
  return sha256;
}

/// Two different customers of the same shard, the first a prefix of the second.
inline std::pair<std::string, std::string> prefix_customers() {
  const std::string shorter = "acme";
  for (int n = 0; n < 1000; ++n) {
    auto longer = shorter + std::to_string(n);
    if (shard_of(longer, shard_count) == shard_of(shorter, shard_count))
      return {shorter, longer};
  }
  throw std::logic_error("no such customers");
}

} // namespace dossier::samples

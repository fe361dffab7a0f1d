// SPDX-License-Identifier: Apache-2.0
// SipHash-1-3 (Aumasson and Bernstein): short texts to 64 bits, fast, and without texts that are
// easily made to collide. Pure.
#pragma once

#include <cstdint>
#include <string_view>

namespace dossier {

struct siphash_key {
  std::uint64_t low = 0; ///< The key's first eight bytes, little-endian.
  std::uint64_t high = 0;
};

std::uint64_t siphash_1_3(std::string_view bytes, const siphash_key& key);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Decimal digits, eight at a time in one word. Pure.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dossier::csv {

static_assert(std::endian::native == std::endian::little, "the first character is the lowest byte");

constexpr std::uint64_t in_each_byte(std::uint8_t byte) {
  return 0x0101010101010101U * byte;
}

inline std::uint64_t eight_bytes(const char* from) {
  std::uint64_t bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

inline bool are_digits(std::uint64_t bytes) {
  return ((bytes & in_each_byte(0xf0)) | (((bytes + in_each_byte(6)) & in_each_byte(0xf0)) >> 4))
         == in_each_byte(0x33);
}

/// Eight digits, the first in the lowest byte: pairs, then fours, then all are joined.
inline std::uint64_t number_of(std::uint64_t bytes) {
  bytes -= in_each_byte('0');
  bytes = bytes * 10 + (bytes >> 8);
  constexpr std::uint64_t pairs = 0x000000ff000000ff;
  constexpr std::uint64_t hundreds = 100 + (std::uint64_t{1'000'000} << 32);
  constexpr std::uint64_t ones = 1 + (std::uint64_t{10'000} << 32);
  return ((bytes & pairs) * hundreds + (bytes >> 16 & pairs) * ones) >> 32;
}

/// The first `count` of eight bytes, 1 to 8, behind zeros.
inline std::uint64_t with_leading_zeros(std::uint64_t bytes, std::size_t count) {
  if (count == 8)
    return bytes;
  return bytes << 8 * (8 - count) | in_each_byte('0') >> 8 * count;
}

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
#include "protocol/crc32c.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstring>

namespace dossier {

namespace {

static_assert(std::endian::native == std::endian::little, "bytes are taken eight at a time");

constexpr std::uint32_t polynomial = 0x82f6'3b78; ///< Its bits from the lowest power up.
constexpr std::size_t word_bytes = 8;

using tables = std::array<std::array<std::uint32_t, 256>, word_bytes>;

/// Table n holds what a byte does when n more bytes follow it in its word.
constexpr tables make_tables() {
  tables made{};
  for (std::uint32_t byte = 0; byte < 256; ++byte) {
    std::uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit)
      rest = rest >> 1 ^ ((rest & 1) != 0 ? polynomial : 0);
    made[0][byte] = rest;
  }
  for (std::size_t n = 1; n < word_bytes; ++n)
    for (std::size_t byte = 0; byte < 256; ++byte)
      made[n][byte] = made[n - 1][byte] >> 8 ^ made[0][made[n - 1][byte] & 0xff];
  return made;
}

constexpr tables table = make_tables();

std::uint64_t word_at(const char* from) {
  std::uint64_t word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

__attribute__((target("sse4.2"))) std::uint32_t by_instruction(std::string_view bytes,
                                                               std::uint32_t before) {
  std::uint64_t rest = ~before;
  for (; bytes.size() >= word_bytes; bytes.remove_prefix(word_bytes))
    rest = __builtin_ia32_crc32di(rest, word_at(bytes.data()));
  auto last = static_cast<std::uint32_t>(rest);
  for (const char c : bytes)
    last = __builtin_ia32_crc32qi(last, static_cast<unsigned char>(c));
  return ~last;
}

bool has_instruction() {
  __builtin_cpu_init();
  return __builtin_cpu_supports("sse4.2");
}

} // namespace

std::uint32_t crc32c_by_table(std::string_view bytes, std::uint32_t before) {
  std::uint32_t rest = ~before;
  for (; bytes.size() >= word_bytes; bytes.remove_prefix(word_bytes)) {
    std::uint64_t word = word_at(bytes.data()) ^ rest;
    rest = 0;
    for (std::size_t n = word_bytes; n-- > 0; word >>= 8)
      rest ^= table[n][word & 0xff];
  }
  for (const char c : bytes)
    rest = rest >> 8 ^ table[0][(rest ^ static_cast<unsigned char>(c)) & 0xff];
  return ~rest;
}

std::uint32_t crc32c(std::string_view bytes, std::uint32_t before) {
  static const auto best = has_instruction() ? by_instruction : crc32c_by_table;
  return best(bytes, before);
}

} // namespace dossier

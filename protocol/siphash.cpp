// SPDX-License-Identifier: Apache-2.0
#include "protocol/siphash.hpp"

#include <bit>
#include <cstddef>
#include <cstring>

namespace dossier {

namespace {

static_assert(std::endian::native == std::endian::little, "bytes are taken eight at a time");

constexpr std::size_t block_bytes = 8;

struct sip_state {
  std::uint64_t a;
  std::uint64_t b;
  std::uint64_t c;
  std::uint64_t d;

  void round() {
    a += b;
    b = std::rotl(b, 13) ^ a;
    a = std::rotl(a, 32);
    c += d;
    d = std::rotl(d, 16) ^ c;
    a += d;
    d = std::rotl(d, 21) ^ a;
    c += b;
    b = std::rotl(b, 17) ^ c;
    c = std::rotl(c, 32);
  }
  void take(std::uint64_t word) {
    d ^= word;
    round();
    a ^= word;
  }
};

} // namespace

std::uint64_t siphash_1_3(std::string_view bytes, const siphash_key& key) {
  sip_state s{key.low ^ 0x736f'6d65'7073'6575, key.high ^ 0x646f'7261'6e64'6f6d,
              key.low ^ 0x6c79'6765'6e65'7261, key.high ^ 0x7465'6462'7974'6573};
  std::uint64_t last = static_cast<std::uint64_t>(bytes.size()) << 56;
  for (; bytes.size() >= block_bytes; bytes.remove_prefix(block_bytes)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), sizeof word);
    s.take(word);
  }
  for (std::size_t i = 0; i < bytes.size(); ++i)
    last |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << 8 * i;
  s.take(last);
  s.c ^= 0xff;
  s.round();
  s.round();
  s.round();
  return s.a ^ s.b ^ s.c ^ s.d;
}

} // namespace dossier

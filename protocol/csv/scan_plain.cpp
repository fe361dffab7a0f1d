// SPDX-License-Identifier: Apache-2.0
// The scans that every machine has.
#include "protocol/csv/scan_loops.hpp"

#include <emmintrin.h>

namespace dossier::csv {

namespace {

/// Each bit becomes the xor of itself and all below.
std::uint64_t doubling_prefix_xor(std::uint64_t bits) {
  for (int width = 1; width < 64; width *= 2)
    bits ^= bits << width;
  return bits;
}

class scalar_maker {
public:
  explicit scalar_maker(const record_law& law)
    : delimiter_(law.delimiter)
    , quote_(law.quote) {}

  block_masks masks(const char* from) const {
    return {equal(from, quote_), equal(from, delimiter_), equal(from, '\n')};
  }
  std::uint64_t odd(const char* from) const {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < block_bytes; ++i)
      bits |= std::uint64_t{static_cast<signed char>(from[i]) <= 0} << i;
    return bits;
  }
  std::uint64_t prefix_xor(std::uint64_t bits) const { return doubling_prefix_xor(bits); }

private:
  static std::uint64_t equal(const char* from, char wanted) {
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < block_bytes; ++i)
      bits |= std::uint64_t{from[i] == wanted} << i;
    return bits;
  }

  char delimiter_;
  char quote_;
};

class sse2_maker {
public:
  explicit sse2_maker(const record_law& law)
    : delimiter_(_mm_set1_epi8(law.delimiter))
    , quote_(_mm_set1_epi8(law.quote)) {}

  block_masks masks(const char* from) const {
    block_masks m{};
    for (int i = 0; i < 4; ++i) {
      const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + i);
      m.quotes |= bits(_mm_cmpeq_epi8(bytes, quote_), i);
      m.delimiters |= bits(_mm_cmpeq_epi8(bytes, delimiter_), i);
      m.newlines |= bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8('\n')), i);
    }
    return m;
  }
  /// NUL and bytes above 0x7f are those that are not above zero as signed numbers.
  std::uint64_t odd(const char* from) const {
    std::uint64_t plain = 0;
    for (int i = 0; i < 4; ++i) {
      const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + i);
      plain |= bits(_mm_cmpgt_epi8(bytes, _mm_setzero_si128()), i);
    }
    return ~plain;
  }
  std::uint64_t prefix_xor(std::uint64_t bits) const { return doubling_prefix_xor(bits); }

private:
  static std::uint64_t bits(__m128i lanes, int part) {
    return std::uint64_t{static_cast<std::uint16_t>(_mm_movemask_epi8(lanes))} << 16 * part;
  }

  __m128i delimiter_;
  __m128i quote_;
};

} // namespace

const scan_kernels scalar_kernels = kernels_with<scalar_maker>();
const scan_kernels sse2_kernels = kernels_with<sse2_maker>();

} // namespace dossier::csv

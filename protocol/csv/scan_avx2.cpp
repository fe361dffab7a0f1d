// SPDX-License-Identifier: Apache-2.0
// The scan for machines with AVX2. Everything behind the pragma, the loops included, is compiled
// for them; what other sources share stands before it and is not.
#include "protocol/csv/scan.hpp"

#include <immintrin.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstring>

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,pclmul,bmi,bmi2,popcnt"))),               \
                             apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,pclmul,bmi,bmi2,popcnt")
#endif

#include "protocol/csv/scan_loops.hpp"

namespace dossier::csv {

namespace {

class avx2_maker {
public:
  explicit avx2_maker(const record_law& law)
    : delimiter_(_mm256_set1_epi8(law.delimiter))
    , quote_(_mm256_set1_epi8(law.quote))
    , newline_(_mm256_set1_epi8('\n')) {}

  block_masks masks(const char* from) const {
    const auto low = load(from);
    const auto high = load(from + 32);
    return {equal(low, high, quote_), equal(low, high, delimiter_), equal(low, high, newline_)};
  }
  /// NUL and bytes above 0x7f are those that are not above zero as signed numbers.
  std::uint64_t odd(const char* from) const {
    const auto zero = _mm256_setzero_si256();
    return ~joined(_mm256_cmpgt_epi8(load(from), zero), _mm256_cmpgt_epi8(load(from + 32), zero));
  }
  /// Multiplying by all ones without carries xors each bit with all below.
  std::uint64_t prefix_xor(std::uint64_t bits) const {
    const auto product = _mm_clmulepi64_si128(_mm_set_epi64x(0, static_cast<long long>(bits)),
                                              _mm_set1_epi8('\xff'), 0);
    return static_cast<std::uint64_t>(_mm_cvtsi128_si64(product));
  }

private:
  static __m256i load(const char* from) {
    return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(from));
  }
  static std::uint64_t joined(__m256i low, __m256i high) {
    return std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(low))}
           | std::uint64_t{static_cast<std::uint32_t>(_mm256_movemask_epi8(high))} << 32;
  }
  static std::uint64_t equal(__m256i low, __m256i high, __m256i wanted) {
    return joined(_mm256_cmpeq_epi8(low, wanted), _mm256_cmpeq_epi8(high, wanted));
  }

  __m256i delimiter_;
  __m256i quote_;
  __m256i newline_;
};

} // namespace

constexpr scan_kernels compiled_kernels = kernels_with<avx2_maker>();

} // namespace dossier::csv

#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

namespace dossier::csv {

const scan_kernels avx2_kernels = compiled_kernels;

} // namespace dossier::csv

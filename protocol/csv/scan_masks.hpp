// SPDX-License-Identifier: Apache-2.0
// What every loop of the structural scan does with a block of 64 bytes. Included by the sources
// that compile it for one set of instructions each, hence the unnamed namespace; for nobody else.
#pragma once

#include "protocol/csv/records.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace dossier::csv {
namespace {

constexpr std::size_t block_bytes = 64;

/// One bit for each byte of a block.
struct block_masks {
  std::uint64_t quotes;
  std::uint64_t delimiters;
  std::uint64_t newlines;
};

/// The bits below this one; all for 64.
inline std::uint64_t bits_below(std::size_t n) {
  return n >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << n) - 1;
}

/// A block at the end of the bytes, filled up with bytes that mean nothing.
struct padded_block {
  padded_block(const char* from, std::size_t size) {
    std::memset(bytes, ' ', sizeof bytes);
    std::memcpy(bytes, from, size);
  }
  char bytes[block_bytes];
};

template <class Maker>
inline block_masks masks_of(const Maker& maker, const char* from, std::size_t size) {
  if (size >= block_bytes)
    return maker.masks(from);
  const padded_block padded(from, size);
  block_masks m = maker.masks(padded.bytes);
  // The filling may itself be a delimiter.
  m.delimiters &= bits_below(size);
  m.quotes &= bits_below(size);
  return m;
}

/// A bit for each byte behind which we are inside quotes; the state becomes that behind the block's
/// `size` bytes. Law 1: a quote that may not open is text, so it is taken out of `quotes` and all
/// is looked at again. Only the first such quote is certain, as it decides what those behind it
/// are.
template <class Maker>
inline std::uint64_t inside_of(const Maker& maker, const block_masks& m, quote_state& state,
                               std::size_t size, std::uint64_t& quotes) {
  quotes = m.quotes;
  const std::uint64_t separators = m.delimiters | m.newlines;
  std::uint64_t inside = state.inside;
  while (quotes != 0) {
    inside = maker.prefix_xor(quotes) ^ state.inside;
    const std::uint64_t may_open = (separators | quotes) << 1 | state.may_open;
    const std::uint64_t stray = quotes & inside & ~may_open;
    if (stray == 0) [[likely]]
      break;
    quotes &= ~(stray & -stray);
    inside = state.inside;
  }
  state.inside = static_cast<std::uint64_t>(static_cast<std::int64_t>(inside) >> 63);
  state.may_open = (separators | quotes) >> (size - 1) & ~state.inside & 1;
  return inside;
}

template <class Maker>
inline std::uint64_t inside_of(const Maker& maker, const block_masks& m, quote_state& state,
                               std::size_t size) {
  std::uint64_t counting_quotes = 0;
  return inside_of(maker, m, state, size, counting_quotes);
}

} // namespace
} // namespace dossier::csv

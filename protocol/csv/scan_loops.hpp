// SPDX-License-Identifier: Apache-2.0
// The loops of the structural scan over any maker of masks. Included by the sources that compile it
// for one set of instructions each, hence the unnamed namespace; for nobody else.
#pragma once

#include "protocol/csv/scan_walk.hpp"

namespace dossier::csv {
namespace {

/// Writes the place of each bit, eight at a time and so up to eight too many: most blocks of most
/// files then take the same branch.
inline void put_places(std::uint64_t bits, std::uint32_t base, std::uint32_t* to) {
  do {
    for (int i = 0; i < 8; ++i) {
      to[i] = base + static_cast<std::uint32_t>(std::countr_zero(bits));
      bits &= bits - 1;
    }
    to += 8;
  } while (bits != 0);
}

template <class Maker>
void index_with(std::string_view bytes, const record_law& law, field_index& into) {
  const Maker maker(law);
  const std::size_t blocks = (bytes.size() + block_bytes - 1) / block_bytes;
  into.make_room(blocks * block_bytes);
  quote_state state;
  std::uint64_t has_just_closed = 0;
  std::uint32_t count = 0;
  std::uint32_t records = 0;
  for (std::size_t block = 0; block < blocks; ++block) {
    const std::size_t pos = block * block_bytes;
    const std::size_t size = std::min(block_bytes, bytes.size() - pos);
    const block_masks m = masks_of(maker, bytes.data() + pos, size);
    into.quotes[block] = m.quotes;
    into.odd[block] = size == block_bytes ? maker.odd(bytes.data() + pos)
                                          : maker.odd(padded_block(bytes.data() + pos, size).bytes);
    std::uint64_t quotes = 0;
    const std::uint64_t outside = ~inside_of(maker, m, state, size, quotes);
    const std::uint64_t separators = (m.delimiters | m.newlines) & outside;
    const std::uint64_t closing = quotes & outside;
    const std::uint64_t behind_closing = closing << 1 | has_just_closed;
    has_just_closed = closing >> 63;
    into.faults[block] = (m.quotes ^ quotes) | (behind_closing & ~(separators | quotes));
    into.special[block] = (behind_closing & quotes) | (m.newlines & ~outside);
    put_places(separators, static_cast<std::uint32_t>(pos), into.ends.data() + count);
    for (std::uint64_t ends = m.newlines & outside; ends != 0; ends &= ends - 1)
      into.record_ends[records++]
        = count + static_cast<std::uint32_t>(std::popcount(separators & (ends ^ (ends - 1))));
    count += static_cast<std::uint32_t>(std::popcount(separators));
  }
  into.end_count = count;
  into.record_count = records;
}

template <class Maker>
constexpr scan_kernels kernels_with() {
  return {walk_with<Maker>, summarise_with<Maker>, index_with<Maker>};
}

} // namespace
} // namespace dossier::csv

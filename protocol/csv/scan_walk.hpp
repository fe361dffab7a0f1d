// SPDX-License-Identifier: Apache-2.0
// The scan for record starts: exactly, or for both suppositions. Included by the sources that
// compile it for one set of instructions each, hence the unnamed namespace; for nobody else.
#pragma once

#include "protocol/csv/scan.hpp"
#include "protocol/csv/scan_masks.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace dossier::csv {
namespace {

/// The open record is too long: goes behind the line feed that ends it by law 3, if that is in the
/// bytes. Returns how many of the bytes from `pos` on were used.
inline std::size_t skip_long(scan_state& state, std::string_view bytes, std::uint32_t limit) {
  const std::uint64_t earliest = state.record.offset + limit;
  const std::size_t from = earliest > state.at ? earliest - state.at : 0;
  const void* found = std::memchr(bytes.data() + from, '\n', bytes.size() - from);
  state.line += static_cast<std::uint64_t>(
    std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(from), '\n'));
  std::size_t used = bytes.size();
  if (found != nullptr) {
    used = static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data()) + 1;
    ++state.line;
    state.quotes = {};
    state.record = {state.at + used, state.line, state.record.number + 1};
  }
  state.at += used;
  return used;
}

template <class Maker>
bool walk_with(scan_state& state, std::string_view bytes, const record_law& law,
               std::uint64_t target) {
  const Maker maker(law);
  const std::uint64_t limit = law.record_bytes_max;
  std::size_t pos = 0;
  if (state.record.offset >= target && state.record.offset == state.at)
    return true;
  while (pos < bytes.size()) {
    const std::size_t size = std::min(block_bytes, bytes.size() - pos);
    const block_masks m = masks_of(maker, bytes.data() + pos, size);
    quote_state quotes = state.quotes;
    std::uint64_t ends = m.newlines & ~inside_of(maker, m, quotes, size);
    if (state.at + size - state.record.offset > limit) [[unlikely]] {
      const auto to_end = static_cast<std::uint64_t>(std::countr_zero(ends)) + 1;
      if (ends == 0 || state.at + to_end - state.record.offset > limit) {
        pos += skip_long(state, bytes.substr(pos), law.record_bytes_max);
        if (state.record.offset >= target && state.record.offset == state.at)
          return true;
        continue;
      }
    }
    if (ends != 0 && state.at + size >= target) [[unlikely]] {
      // Bits of starts that lie before the target do not stop us.
      const std::uint64_t passed
        = target <= state.at + 1 ? 0 : bits_below(static_cast<std::size_t>(target - state.at - 1));
      if ((ends & ~passed) != 0) {
        const auto bit = static_cast<std::size_t>(std::countr_zero(ends & ~passed));
        state.line += static_cast<std::uint64_t>(std::popcount(m.newlines & bits_below(bit + 1)));
        const auto records = static_cast<std::uint64_t>(std::popcount(ends & bits_below(bit + 1)));
        state.at += bit + 1;
        state.record = {state.at, state.line, state.record.number + records};
        state.quotes = {};
        return true;
      }
    }
    if (ends != 0) {
      const auto bit = static_cast<std::size_t>(63 - std::countl_zero(ends));
      const auto before = std::popcount(m.newlines & bits_below(bit + 1));
      state.record = {state.at + bit + 1, state.line + static_cast<std::uint64_t>(before),
                      state.record.number + static_cast<std::uint64_t>(std::popcount(ends))};
    }
    state.line += static_cast<std::uint64_t>(std::popcount(m.newlines));
    state.quotes = quotes;
    state.at += size;
    pos += size;
  }
  return false;
}

/// Takes the record ends of one block into a stretch.
inline void take_block(stretch& s, std::uint64_t ends, const block_masks& m, std::uint64_t at,
                       std::uint64_t lines, std::uint64_t limit) {
  if (ends == 0)
    return;
  const auto low = static_cast<std::size_t>(std::countr_zero(ends));
  const std::uint64_t first = at + low + 1;
  if (s.first == nowhere) {
    s.first = first;
    s.lines_to_first
      = lines + static_cast<std::uint64_t>(std::popcount(m.newlines & bits_below(low + 1)));
  } else if (first - s.last > limit) {
    s.has_long = true;
  }
  const auto behind_last = static_cast<std::size_t>(64 - std::countl_zero(ends));
  s.last = at + behind_last;
  s.lines_to_last
    = lines + static_cast<std::uint64_t>(std::popcount(m.newlines & bits_below(behind_last)));
  s.records += static_cast<std::uint64_t>(std::popcount(ends));
}

/// `rest` follows directly behind `s`.
inline void append(stretch& s, const stretch& rest, std::uint64_t limit) {
  s.quotes = rest.quotes;
  if (rest.first == nowhere)
    return;
  if (s.first == nowhere) {
    s.first = rest.first;
    s.lines_to_first = rest.lines_to_first;
  } else if (rest.first - s.last > limit) {
    s.has_long = true;
  }
  s.last = rest.last;
  s.lines_to_last = rest.lines_to_last;
  s.records += rest.records;
  s.has_long = s.has_long || rest.has_long;
}

/// Both suppositions side by side until they agree, which wrong ones do soon: behind the first
/// quoted field or stray quote. From there on one suffices.
template <class Maker>
range_summary summarise_with(std::string_view bytes, std::uint64_t begin, const record_law& law) {
  const Maker maker(law);
  const std::uint64_t limit = law.record_bytes_max;
  range_summary r{begin, begin + bytes.size(), 0, 0, {}, {}};
  r.leading_quotes = std::min(bytes.find_first_not_of(law.quote), bytes.size());
  r.if_inside.quotes = {~std::uint64_t{0}, 0};
  std::size_t pos = r.leading_quotes;
  for (; pos < bytes.size() && r.if_outside.quotes != r.if_inside.quotes; pos += block_bytes) {
    const std::size_t size = std::min(block_bytes, bytes.size() - pos);
    const block_masks m = masks_of(maker, bytes.data() + pos, size);
    for (stretch* s : {&r.if_outside, &r.if_inside}) {
      const std::uint64_t ends = m.newlines & ~inside_of(maker, m, s->quotes, size);
      take_block(*s, ends, m, begin + pos, r.lines, limit);
    }
    r.lines += static_cast<std::uint64_t>(std::popcount(m.newlines));
  }
  if (pos >= bytes.size())
    return r;
  stretch both;
  both.quotes = r.if_outside.quotes;
  for (; pos < bytes.size(); pos += block_bytes) {
    const std::size_t size = std::min(block_bytes, bytes.size() - pos);
    const block_masks m = masks_of(maker, bytes.data() + pos, size);
    const std::uint64_t ends = m.newlines & ~inside_of(maker, m, both.quotes, size);
    take_block(both, ends, m, begin + pos, r.lines, limit);
    r.lines += static_cast<std::uint64_t>(std::popcount(m.newlines));
  }
  append(r.if_outside, both, limit);
  append(r.if_inside, both, limit);
  return r;
}

} // namespace
} // namespace dossier::csv

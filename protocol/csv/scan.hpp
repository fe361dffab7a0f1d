// SPDX-License-Identifier: Apache-2.0
// The structural scan of CSV: 64 bytes at a time become bit masks of quotes, delimiters and line
// feeds; what lies inside quotes follows by a prefix xor. Three ways of making the masks, chosen at
// run time, with the same results for the same bytes. Pure, any thread.
#pragma once

#include "protocol/csv/records.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace dossier::csv {

enum class instructions : std::uint8_t {
  scalar, ///< A byte at a time. Always there.
  sse2,   ///< 16 bytes at a time. Always there on x86-64.
  avx2,   ///< 32 bytes at a time, with PCLMUL, BMI and POPCNT.
};

/// "scalar", "sse2", "avx2"; total.
std::string_view to_string(instructions which);
/// Whether this machine has them.
bool has(instructions which);
/// The best that this machine has; asked once.
instructions best_instructions();

/// The records of a stretch of bytes whose quote state at its begin was supposed.
struct stretch {
  quote_state quotes;               ///< At its end.
  std::uint64_t first = nowhere;    ///< Offset of the first record start behind its begin.
  std::uint64_t lines_to_first = 0; ///< Line feeds before `first`.
  std::uint64_t last = nowhere;     ///< Offset of the last record start.
  std::uint64_t lines_to_last = 0;  ///< Line feeds before `last`.
  std::uint64_t records = 0;        ///< How many record starts.
  bool has_long = false;            ///< Between two of them lies a record that is too long.
};

/// What one pass over a range finds without knowing whether it begins inside quotes.
struct range_summary {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  std::uint64_t leading_quotes = 0; ///< The stretches begin behind these.
  std::uint64_t lines = 0;          ///< Line feeds in all of it.
  stretch if_outside;
  stretch if_inside;
};

/// The separators of a span that begins at a record start. Vectors keep their memory from call to
/// call; only the counted entries mean something.
struct field_index {
  std::vector<std::uint32_t> ends;        ///< Offsets of delimiters and line feeds that count.
  std::vector<std::uint32_t> record_ends; ///< For each record: how many `ends` up to its line feed.
  std::vector<std::uint64_t> quotes;      ///< A bit for each quote, 64 bytes in a word.
  std::vector<std::uint64_t> odd;         ///< A bit for each byte that is NUL or not ASCII.
  /// A bit for each quote that is text, and for what follows a closing quote and is no separator.
  /// Without any, a record that a line feed ends has no fault in its quotes.
  std::vector<std::uint64_t> faults;
  /// A bit for the second of two quotes, and for each line feed in quotes.
  std::vector<std::uint64_t> special;
  std::uint32_t end_count = 0;
  std::uint32_t record_count = 0;

  /// For so many bytes, whole blocks of 64, and eight places that mean nothing.
  void make_room(std::size_t bytes);
};

/// One way of scanning.
struct scan_kernels {
  /// Reads the bytes at state.at until a record starts at or after `target`, then stands right
  /// there and says true; else stands at their end and says false. Exact, long records included.
  bool (*walk)(scan_state& state, std::string_view bytes, const record_law& law,
               std::uint64_t target);
  /// `begin` is the offset of the first byte.
  range_summary (*summarise)(std::string_view bytes, std::uint64_t begin, const record_law& law);
  /// Knows no limit of length: the reader of the index does. At most 1 GiB of bytes.
  void (*index)(std::string_view bytes, const record_law& law, field_index& into);
};

const scan_kernels& kernels(instructions which);

/// The scan of each mask maker; scan_avx2.cpp must run only where has(avx2).
extern const scan_kernels scalar_kernels;
extern const scan_kernels sse2_kernels;
extern const scan_kernels avx2_kernels;

} // namespace dossier::csv

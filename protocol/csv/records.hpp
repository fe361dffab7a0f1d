// SPDX-License-Identifier: Apache-2.0
// The law of records: where each record of a CSV file begins and ends, for every input. Splitter
// and parser both follow it through the same block scan (scan_loops.hpp), so they cannot disagree.
// Pure.
//
// 1. A quote opens a quoted stretch only where a field begins, that is at the start of a record or
//    behind a delimiter that counts. Inside, delimiters and line feeds are text; two quotes are one
//    quote of text; a single quote closes. What follows a closing quote up to the next delimiter or
//    line feed belongs to the field, and quotes in it, as any quote inside a field that began
//    without one, are text and open nothing. Such a field is an error of its record (reject kind
//    quotes) and never reaches beyond that record.
// 2. A record ends behind the first line feed outside a quoted stretch, or at the end of the file.
//    A carriage return before that line feed, or before the end of the file, belongs to the ending.
// 3. A record that would have more than record_bytes_max bytes of UTF-8, however it is stored, its
//    line end included, is too long: it then ends behind the first line feed at or after its
//    record_bytes_max-th byte, counted from zero, whatever the quotes say, or at the end of the
//    file. It is one reject, and the next record begins there outside quotes. So a quote that is
//    never closed costs at most that many bytes and the rest of one line.
//
// What follows a record start depends on nothing before it: chunks that begin at record starts can
// be read alone.
#pragma once

#include <cstdint>
#include <limits>

namespace dossier::csv {

struct record_law {
  char delimiter = ',';
  char quote = '"';
  /// From record_bytes_max_lowest to …_highest. A parser that meets a record of that size takes
  /// some nine times as much memory, once.
  std::uint32_t record_bytes_max = 65'536;

  bool operator==(const record_law&) const = default;
};

inline constexpr std::uint32_t record_bytes_max_lowest = 128;
inline constexpr std::uint32_t record_bytes_max_highest = 4U << 20;

inline constexpr std::uint64_t nowhere = std::numeric_limits<std::uint64_t>::max();

/// What the bytes so far mean for a quote that comes next.
struct quote_state {
  std::uint64_t inside = 0;   ///< All ones inside a quoted stretch, else zero.
  std::uint64_t may_open = 1; ///< 1 where a field begins or a stretch has just closed; inside 0.

  bool operator==(const quote_state&) const = default;
};

/// Where a record begins, in the file or, while one is scanned, in its UTF-8.
struct record_start {
  std::uint64_t offset = 0;
  std::uint64_t line = 1;   ///< One more than the line feeds before it.
  std::uint64_t number = 1; ///< One more than the records before it; a header is a record, too.

  bool operator==(const record_start&) const = default;
};

/// All that a scan of the bytes before `at` knows.
struct scan_state {
  explicit scan_state(const record_start& start)
    : at(start.offset)
    , record(start)
    , line(start.line) {}

  std::uint64_t at;    ///< The next byte to be read.
  record_start record; ///< The record that this byte belongs to.
  std::uint64_t line;  ///< That this byte lies in.
  quote_state quotes;

  bool operator==(const scan_state&) const = default;
};

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
// Reads a file as the product does: split, each chunk parsed alone, window by window, block by
// block.
#pragma once

#include "protocol/assert.hpp"
#include "protocol/csv/file_fold.hpp"
#include "protocol/csv/row_parser.hpp"
#include "tests/csv/row_reference.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

/// How a file is read.
struct way {
  instructions which = best_instructions();
  std::size_t window_bytes = 0; ///< The first that is tried for each.
  std::uint32_t rows_max = 1;
  text_encoding stored_as = text_encoding::utf8;
};

class chunk_reader {
public:
  chunk_reader(const schema& s, const column_mapping& m, const record_law& law, const way& w)
    : schema_(s)
    , mapping_(m)
    , law_(law)
    , way_(w)
    , block_(s, w.rows_max, 1 << 20) {}

  /// Parses [start, end) of the file and sees to it that the parser gets on.
  void read(std::string_view file, const record_start& start, std::uint64_t end) {
    row_parser parser(schema_, mapping_, law_, start, way_.stored_as, way_.which);
    const auto window_most = ascii_bytes(way_.stored_as) * (law_.record_bytes_max + 2);
    std::size_t window = way_.window_bytes;
    while (true) {
      const auto at = parser.offset();
      const auto part = file.substr(at, std::min<std::uint64_t>(window, end - at));
      const bool is_end = at + part.size() == end;
      // Of exactly its size, so that reading behind its end is seen.
      const auto text = to_utf8(way_.stored_as, part, is_end);
      const std::vector<char> exact(text.begin(), text.end());
      const auto progress = parser.parse({exact.data(), exact.size()}, is_end, block_,
                                         [this](const reject& r) { see(r); });
      if (progress.is_block_full)
        take_block();
      else if (parser.offset() == end)
        break;
      else if (progress.consumed == 0)
        DOSSIER_ASSERT(++window <= window_most + way_.window_bytes,
                       "A window of more than the limit gets on.");
      else
        window = way_.window_bytes;
    }
    take_block();
    seen.empty_lines += parser.counts().empty_lines;
  }

  seen_file seen;

private:
  void see(const reject& r) {
    DOSSIER_ASSERT(!r.message.empty(), "A reject says why.");
    seen.rejects.push_back(
      {r.kind, r.record, r.record_bytes, r.error_offset, r.field, r.column, std::string(r.text)});
  }
  void take_block() {
    see_rows(block_.encode(), seen);
    block_.clear();
  }

  const schema& schema_;
  const column_mapping& mapping_;
  record_law law_;
  way way_;
  row_block block_;
};

/// Splits at the cuts, where characters begin, and reads each chunk alone.
inline seen_file read_in_chunks(std::string_view file, const std::vector<std::size_t>& cuts,
                                const schema& s, const column_mapping& m, const record_law& law,
                                const way& w) {
  file_fold fold(w.stored_as, {}, law, w.which);
  for (std::size_t i = 0; i + 1 < cuts.size(); ++i) {
    const auto text = to_utf8(w.stored_as, file.substr(cuts[i], cuts[i + 1] - cuts[i]), true);
    if (!fold.add(look_at_range(w.stored_as, text, cuts[i], law, w.which)))
      fold.add(text, cuts[i]);
  }
  chunk_reader reader(s, m, law, w);
  const auto& starts = fold.starts();
  for (std::size_t i = 0; i < starts.size(); ++i)
    reader.read(file, starts[i], i + 1 < starts.size() ? starts[i + 1].offset : file.size());
  return reader.seen;
}

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
// Cutting a file into chunks that begin at record starts. Ranges of the file are summarised in any
// order and on any thread, without knowing whether they begin inside quotes; folding the summaries
// in order then says where the first record of each range begins. Memory: one record_start for each
// chunk. Pure.
#pragma once

#include "protocol/csv/scan.hpp"

#include <string_view>
#include <vector>

namespace dossier::csv {

/// Folds ranges that follow each other without gap, from a first record start on.
class boundary_fold {
public:
  /// `start` is where the first record of the first range begins, and where that range begins:
  /// behind a byte order mark and, if it is known already, a header.
  boundary_fold(const record_start& start, const record_law& law,
                instructions which = best_instructions());

  /// The next range by its summary. False if a record in it, or one that reaches into it, is too
  /// long: nothing has changed then, and only the range's bytes can say where it ends: add them
  /// instead.
  bool add(const range_summary& range);
  /// The next range by its bytes, exact for every input. May also be called range by range without
  /// any summary: a splitter in one pass.
  void add(std::string_view bytes);

  /// For each range in which a record begins, the first such.
  const std::vector<record_start>& starts() const { return starts_; }
  /// At the end of the ranges so far.
  const scan_state& state() const { return state_; }

private:
  record_law law_;
  const scan_kernels& kernels_;
  scan_state state_;
  std::vector<record_start> starts_;
};

} // namespace dossier::csv

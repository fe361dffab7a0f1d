// SPDX-License-Identifier: Apache-2.0
// Where records begin in a file of any encoding, by its own offsets: boundary_fold over the UTF-8
// of its ranges. Ranges begin and end where characters do; each is looked at alone, in any order
// and on any thread, and then folded in order. Pure.
#pragma once

#include "protocol/csv/split.hpp"
#include "protocol/csv/text_encoding.hpp"

#include <cstdint>
#include <string_view>
#include <vector>

namespace dossier::csv {

/// What one range is found to be.
struct range_findings {
  std::uint64_t begin = 0; ///< In the file.
  range_summary text;      ///< Of its UTF-8, with the offsets there.
  /// Bytes of the file from the begin to the first record start, for both suppositions.
  std::uint64_t to_first_if_outside = 0;
  std::uint64_t to_first_if_inside = 0;
};

/// `begin`: in the file, of the range that became this UTF-8.
range_findings look_at_range(text_encoding stored_as, std::string_view utf8, std::uint64_t begin,
                             const record_law& law, instructions which = best_instructions());

class file_fold {
public:
  /// `start`: of the first record, and where the first range begins.
  file_fold(text_encoding stored_as, const record_start& start, const record_law& law,
            instructions which = best_instructions());

  /// The next range. False if only its UTF-8 can say where its records end, as boundary_fold says:
  /// nothing has changed then, and this is to be added instead.
  bool add(const range_findings& range);
  void add(std::string_view utf8, std::uint64_t begin);

  /// For each range in which a record begins, the first such.
  const std::vector<record_start>& starts() const { return starts_; }
  /// What a record would be that began at the end of the ranges so far, `at` in the file.
  record_start next(std::uint64_t at) const;

private:
  text_encoding stored_as_;
  boundary_fold fold_; ///< Of the UTF-8, whose offsets count from the first record's.
  std::vector<record_start> starts_;
};

} // namespace dossier::csv

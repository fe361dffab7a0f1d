// SPDX-License-Identifier: Apache-2.0
// Walks one list of entities over all shards, newest first, a row at a time. One thread at a time;
// blocks on the disk.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

class list_walk {
public:
  /// To be expected where the whole list is walked.
  static constexpr std::size_t whole_list_rows = 1'000;

  /// Begins strictly after `after`; about `expected` rows will be asked for.
  list_walk(const journal& store, std::string_view list, std::optional<listing> after,
            std::size_t expected);

  /// The next row; nullopt behind the last.
  result<std::optional<listing>> next();

private:
  /// One shard's rows that were read ahead.
  struct lane {
    std::deque<listing> rows;
    std::optional<listing> after;
    bool is_read = false; ///< There is nothing behind `rows`.
  };

  result<void> fill(shard_number shard);

  const journal& store_;
  const std::string list_;
  const std::size_t rows_ahead_;
  std::vector<lane> lanes_;
};

/// Newest first; of one millisecond in the order of the entities, as the journal's lists are.
bool is_newer(const listing& a, const listing& b);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Cross-checks a whole store offline: what the events say against state rows, projections, timers,
// feed, content and ingested rows. Changes nothing.
#pragma once

#include "persistence/blob_store.hpp"
#include "persistence/journal.hpp"
#include "persistence/row_store.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace dossier {

struct verify_counts {
  std::uint64_t entities = 0;
  std::uint64_t events = 0;
  std::uint64_t projections = 0;
  std::uint64_t timers = 0;
  std::uint64_t feed_rows = 0;
  std::uint64_t contents = 0;
  std::uint64_t row_files = 0;
  std::uint64_t discrepancies = 0;
};

struct verify_options {
  /// Also compare the digest of every referenced content, and the checksums of every row.
  bool reads_content = false;
  const row_store* rows = nullptr; ///< nullptr: there is none.
};

/// Called with one sentence for each discrepancy, naming the row and what it should be.
using discrepancy_found = std::function<void(const std::string&)>;

/// Fails only when the store cannot be read at all; discrepancies are told and counted.
result<verify_counts> verify(const journal& store, const blob_store& blobs,
                             const verify_options& options, const discrepancy_found& tell);

} // namespace dossier

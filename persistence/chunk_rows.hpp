// SPDX-License-Identifier: Apache-2.0
// What has become of a chunk's records by now: its file of rows, and over it its correction, which
// says what some of them are instead. Blocks on the disk.
#pragma once

#include "persistence/row_store.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// Thread-safe. Keeps both files open; nothing that was read is kept.
class chunk_rows {
public:
  /// `revision` of the correction; 0: there is none. Fails as row_store::read() does.
  static result<chunk_rows> open(const row_store& rows, const row_file_key& records,
                                 std::uint32_t revision);

  const row_file& records() const { return *records_; }
  /// nullptr: nothing was corrected.
  const row_file* correction() const { return correction_.get(); }
  const std::string& schema_text() const { return records_->schema_text(); }

  // As row_file's.

  result<void> rows_from(std::uint64_t number, std::uint64_t limit, const row_visit& visit) const;
  result<void> rejects_from(std::uint64_t number, const reject_visit& visit) const;
  result<std::vector<stored_reject>> rejects_from(std::uint64_t number, std::uint64_t limit,
                                                  std::uint64_t bytes_max) const;
  result<std::vector<std::uint64_t>> find_key(std::string_view key, std::uint64_t limit) const;

private:
  chunk_rows(std::shared_ptr<const row_file> records, std::shared_ptr<const row_file> correction)
    : records_(std::move(records))
    , correction_(std::move(correction)) {}

  std::shared_ptr<const row_file> records_;
  std::shared_ptr<const row_file> correction_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Walks a correction in the order of its records, beside a walk of what it corrects. Blocks on the
// disk.
#pragma once

#include "persistence/row_file.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace dossier {

/// The number behind the last record, at which cursors end.
inline constexpr std::uint64_t no_record = UINT64_MAX;

/// The rows of a file from a record on. The file must outlive it. One thread at a time; of no use
/// after a failure.
class row_cursor {
public:
  explicit row_cursor(const row_file& file)
    : lookup_(file) {}

  /// To the first one of at least this number.
  result<void> begin(std::uint64_t number);
  result<void> next();
  /// Of the present one; no_record behind the last.
  std::uint64_t number() const { return number_; }
  const csv::row_block_reader& block() const { return lookup_.block(); }
  std::uint32_t row() const { return lookup_.row(); }

private:
  result<void> take(const result<bool>& moved);

  row_lookup lookup_;
  std::uint64_t number_ = no_record;
};

/// The same of its rejects, some of which are in memory at a time.
class reject_cursor {
public:
  explicit reject_cursor(const row_file& file)
    : file_(file) {}

  result<void> begin(std::uint64_t number);
  result<void> next();
  std::uint64_t number() const { return at_ < page_.size() ? page_[at_].record.number : no_record; }
  const stored_reject& present() const { return page_[at_]; }

private:
  const row_file& file_;
  std::vector<stored_reject> page_;
  std::size_t at_ = 0;
};

/// Both together: which records a correction speaks of.
class correction_cursor {
public:
  explicit correction_cursor(const row_file& correction)
    : rows_(correction)
    , rejects_(correction) {}

  result<void> begin(std::uint64_t number);
  /// Whether it speaks of this record. Numbers ascend from that of begin() on; what lies before is
  /// passed over.
  result<bool> has(std::uint64_t number);

private:
  row_cursor rows_;
  reject_cursor rejects_;
};

} // namespace dossier

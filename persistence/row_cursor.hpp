// SPDX-License-Identifier: Apache-2.0
// Goes through the rows or the rejects of one file in the order of their records. A cursor keeps
// the block that it stands in: what lies near, and above all ahead, is reached without the disk.
// The file must outlive it. One thread at a time; blocks on the disk. After a failure it stands
// nowhere, and can be sent anywhere.
#pragma once

#include "persistence/row_file.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace dossier {

/// The number behind the last record, at which cursors end.
inline constexpr std::uint64_t no_record = UINT64_MAX;

class row_cursor {
public:
  explicit row_cursor(const row_file& file)
    : file_(file) {}
  row_cursor(const row_cursor&) = delete;
  row_cursor& operator=(const row_cursor&) = delete;

  /// To the first row whose record has at least this number.
  result<void> seek(std::uint64_t number);
  /// To the row of this ordinal, as key entries have them. corrupt if there is none.
  result<void> go_to(std::uint32_t ordinal);
  /// To the row behind. It must stand at one.
  result<void> next();

  /// Of the row's record; no_record behind the last, where there is no row.
  std::uint64_t number() const { return number_; }
  /// Until the cursor moves.
  const csv::row_block_reader& block() const { return *block_; }
  std::uint32_t row() const { return row_; }

private:
  result<void> open(std::size_t index);
  /// To a row of the open block, or, if that has so many only, to the first one behind it.
  result<void> stand_at(std::uint32_t row);

  const row_file& file_;
  std::string bytes_;
  std::optional<csv::row_block_reader> block_;
  std::size_t index_ = 0; ///< Of the block, if there is one.
  std::uint32_t row_ = 0;
  std::uint64_t number_ = no_record;
  std::uint64_t none_from_ = no_record; ///< From here to number_ there is no row.
};

/// The same for rejects.
class reject_cursor {
public:
  explicit reject_cursor(const row_file& file)
    : file_(file) {}
  reject_cursor(const reject_cursor&) = delete;
  reject_cursor& operator=(const reject_cursor&) = delete;

  result<void> seek(std::uint64_t number);
  result<void> next();

  std::uint64_t number() const { return number_; }
  const csv::reject& present() const { return rejects_->present(); }

private:
  result<void> open(std::size_t index);
  /// To the next one of the open block, or to the first one behind it.
  result<void> step();

  const row_file& file_;
  std::string bytes_;
  std::optional<stored_rejects_reader> rejects_;
  std::size_t index_ = 0;
  std::uint64_t number_ = no_record;
  std::uint64_t none_from_ = no_record;
};

/// Shows what a cursor goes through from a record on, until `show` returns false.
template <class Cursor, class Show>
result<void> walk_from(std::uint64_t number, Cursor& at, const Show& show) {
  auto moved = at.seek(number);
  while (moved && at.number() != no_record && show(at))
    moved = at.next();
  return moved;
}

} // namespace dossier

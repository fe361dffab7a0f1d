// SPDX-License-Identifier: Apache-2.0
// Goes through what a chunk's rows or its rejects are by now, in the order of their records: those
// of its correction, and those of its own file of which the correction does not speak. As cheap as
// the cursors of row_cursor.hpp, of which it has three at most. Keeps both files open. One thread
// at a time; blocks on the disk. After a failure it stands nowhere, and can be sent anywhere.
#pragma once

#include "persistence/chunk_rows.hpp"
#include "persistence/row_cursor.hpp"

#include <cstdint>
#include <optional>

namespace dossier {

/// `Shown`: the cursor of what is shown. `Hiding`: that of the others, which take the place of what
/// the chunk's own file shows.
template <class Shown, class Hiding>
class chunk_cursor {
public:
  explicit chunk_cursor(chunk_rows chunk);
  chunk_cursor(const chunk_cursor&) = delete;
  chunk_cursor& operator=(const chunk_cursor&) = delete;

  /// To the first one whose record has at least this number.
  result<void> seek(std::uint64_t number);
  /// To the one behind. It must stand at one.
  result<void> next();

  /// Of the record; no_record behind the last.
  std::uint64_t number() const { return at().number(); }
  /// Where it stands.
  const Shown& at() const { return is_corrected_ ? correction_->shown : own_; }

private:
  struct correction_cursors {
    Shown shown;
    Hiding hiding;
    explicit correction_cursors(const row_file& file)
      : shown(file)
      , hiding(file) {}
  };

  /// Steps over what the correction takes the place of, and chooses which of both comes first.
  result<void> settle();

  const chunk_rows chunk_;
  Shown own_;
  std::optional<correction_cursors> correction_;
  bool is_corrected_ = false;
};

extern template class chunk_cursor<row_cursor, reject_cursor>;
extern template class chunk_cursor<reject_cursor, row_cursor>;
using chunk_row_cursor = chunk_cursor<row_cursor, reject_cursor>;
using chunk_reject_cursor = chunk_cursor<reject_cursor, row_cursor>;

} // namespace dossier

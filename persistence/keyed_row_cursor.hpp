// SPDX-License-Identifier: Apache-2.0
// Goes from row to row of a file by the ordinals that its key entries have, and says which of them
// still are rows of the chunk, and with which key. Both files must outlive it. One thread at a
// time; blocks on the disk.
#pragma once

#include "persistence/row_cursor.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

class keyed_row_cursor {
public:
  /// `file` has keys. `correction`: of the same chunk; nullptr: there is none, or this is it.
  keyed_row_cursor(const row_file& file, const row_file* correction);

  /// False: the correction speaks of the row's record. corrupt if there is no such row or it has no
  /// key. Fast for ordinals that ascend.
  result<bool> go_to(std::uint32_t ordinal);
  /// Of the last row, if go_to() said true. The key is valid until the next.
  std::uint64_t number() const { return rows_.number(); }
  std::string_view key() const { return key_; }

private:
  struct correction_cursors {
    row_cursor rows;
    reject_cursor rejects;
    explicit correction_cursors(const row_file& file)
      : rows(file)
      , rejects(file) {}
  };

  result<bool> is_corrected(std::uint64_t number);

  const row_file& file_;
  row_cursor rows_;
  std::optional<correction_cursors> correction_;
  std::string room_;
  std::string_view key_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Reads one file of rows: rows and rejects by the numbers of their records, rows by their key. What
// is cut or damaged is corrupt, said by name and place.
#pragma once

#include "persistence/key_index.hpp"
#include "persistence/named_input.hpp"
#include "persistence/row_file_format.hpp"
#include "persistence/stored_reject.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// A row in its block, which lives during the call only. False ends a walk.
using row_visit = std::function<bool(const csv::row_block_reader& block, std::uint32_t row)>;

class keyed_row_cursor;

/// Thread-safe. Keeps the file open and its index in memory, and reads whole blocks, as large as
/// they were written; nothing that was read is kept. row_cursor.hpp goes through it step by step.
class row_file {
public:
  /// corrupt unless head, footer and tail are whole, fit each other and are those of `key`.
  static result<std::shared_ptr<const row_file>>
  open(std::string path, std::unique_ptr<input_file> file, const row_file_key& key);

  const std::string& path() const { return file_.path(); }
  const row_file_key& key() const { return key_; }
  const row_file_counts& counts() const { return counts_; }
  const std::string& schema_text() const { return schema_text_; }
  std::uint64_t size_bytes() const { return file_.size_bytes(); }

  /// Visits the rows whose record has at least this number, in order, at most `limit`.
  result<void> rows_from(std::uint64_t number, std::uint64_t limit, const row_visit& visit) const;

  /// The rejects whose record has at least this number, in order, at most `limit`, and no more
  /// behind one with which their texts have reached `bytes_max`.
  result<std::vector<stored_reject>> rejects_from(std::uint64_t number, std::uint64_t limit,
                                                  std::uint64_t bytes_max) const;
  /// The same, one by one until `visit` returns false; each is valid during the call only.
  result<void> rejects_from(std::uint64_t number, const reject_visit& visit) const;

  bool has_keys() const { return key_column_.has_value(); }
  /// The numbers of the records whose key is this (see key_bytes_of), in order, at most `limit`.
  /// Each was compared with the key itself, and is none that `correction` speaks of.
  /// invalid_argument if has_keys() is false.
  result<std::vector<std::uint64_t>> find_key(std::string_view key, std::uint64_t limit,
                                              const row_file* correction = nullptr) const;
  std::optional<std::size_t> key_column() const { return key_column_; }
  /// All keys in order; none if has_keys() is false. The file must outlive it. `pages_at_once`: of
  /// 4 KiB, of each run.
  key_cursor keys(std::uint32_t pages_at_once = 16) const {
    return key_cursor(file_, runs_, pages_at_once);
  }

  /// Reads every byte; corrupt if any is not as it was written.
  result<void> check() const;

private:
  friend class row_cursor;
  friend class reject_cursor;

  row_file(std::string path, std::unique_ptr<input_file> file)
    : file_(std::move(path), std::move(file)) {}

  result<void> read_head(const row_file_key& key);
  result<void> read_footer();
  /// Takes the lists of the footer; `footer` begins at `offset` and is as was written.
  result<void> take_footer(std::string_view footer, std::uint64_t offset);
  /// Whether blocks and runs lie one behind the other from the head to the footer, and count right.
  result<void> check_places(std::uint64_t footer_offset) const;

  /// What the block holds, unpacked.
  result<std::string> read_block(row_format::block_kind kind,
                                 const row_format::placed_block& placed) const;
  result<csv::row_block_reader> open_rows(std::string_view bytes,
                                          const row_format::placed_block& placed) const;
  /// The numbers of those of a run that have this hash and this key, behind those found before.
  result<void> find_in_run(const row_format::key_run& run, std::string_view key,
                           std::uint64_t limit, keyed_row_cursor& rows,
                           std::vector<std::uint64_t>& found) const;
  /// Each gives the sum of what it read of the keys.
  result<std::uint64_t> check_rows() const;
  result<std::uint64_t> check_keys() const;
  result<void> check_rejects() const;

  named_input file_;
  row_file_key key_;
  row_file_counts counts_;
  std::string schema_text_;
  std::uint64_t data_offset_ = 0; ///< Behind the head.
  std::optional<std::size_t> key_column_;
  std::vector<row_format::placed_block> row_blocks_;
  std::vector<std::uint64_t> ordinals_; ///< Of the first row of each block.
  std::vector<row_format::placed_block> reject_blocks_;
  std::vector<row_format::key_run> runs_;
};

} // namespace dossier

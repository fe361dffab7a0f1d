// SPDX-License-Identifier: Apache-2.0
// Writes one file of rows, from its first byte to its last and never back. Its memory does not grow
// with the file but for some bytes of index for each block and each page of keys.
#pragma once

#include "persistence/files.hpp"
#include "persistence/key_index.hpp"
#include "persistence/packed_block.hpp"
#include "persistence/row_file_format.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/csv/schema.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// Where a file is written, and what it is called once it is whole. Absolute.
struct row_file_paths {
  std::string temporary;
  std::string directory; ///< Of the file; made when it is needed.
  std::string file;
};

/// How much is gathered before it is written, and how. Others than these are for tests.
struct row_file_sizes {
  std::uint32_t reject_block_bytes = 256 * 1024;
  std::uint32_t run_entries = 256 * 1024;
  bool packs_blocks = true;
};

/// One thread at a time. Destroying it before finish() leaves no trace.
class row_file_writer {
public:
  /// Creates the temporary file; conflict if there is one. too_large if the schema's text is above
  /// 4 MiB. Keys are indexed if the schema has a key.
  static result<std::unique_ptr<row_file_writer>>
  begin(file_system& files, row_file_paths paths, const row_file_key& key,
        const csv::schema& schema, std::string_view schema_text, const row_file_sizes& sizes = {});
  ~row_file_writer();
  row_file_writer(const row_file_writer&) = delete;
  row_file_writer& operator=(const row_file_writer&) = delete;

  /// Rows of the schema. Their records come after those of the rows before, so do those of rejects;
  /// rows and rejects among each other in any order. too_large for a block above 64 MiB or a reject
  /// above 32. Behind a failure the file cannot be finished.
  result<void> append(const csv::row_block& rows);
  result<void> append(const csv::reject& r);

  /// What is written so far; what is gathered is not.
  std::uint64_t size_bytes() const { return size_bytes_; }

  /// Writes the rest, syncs, names, syncs the directory. Call once. Only then is the file durable.
  /// Blocks on the disk: call it on a thread that may.
  result<row_file_counts> finish(std::uint64_t empty_lines, std::uint64_t lines);

private:
  row_file_writer(file_system& files, row_file_paths paths, std::unique_ptr<output_file> file,
                  std::optional<std::size_t> key_column, const row_file_sizes& sizes);

  failure refuse(std::string_view what, std::uint64_t count, std::uint64_t count_max);
  result<void> put(std::string_view bytes);
  /// Writes a block, packed if it is worth it, and returns where it lies.
  result<row_format::placed_block> put_block(row_format::block_kind kind, std::string_view block,
                                             std::uint32_t count, std::uint64_t first);
  result<void> put_rejects();
  result<void> put_keys_of(const csv::row_block& rows);
  result<void> put_run();
  result<void> put_footer();
  result<void> name();

  file_system& files_;
  const row_file_paths paths_;
  const std::optional<std::size_t> key_column_;
  const row_file_sizes sizes_;
  std::unique_ptr<output_file> file_; ///< Null after finish().
  std::uint64_t size_bytes_ = 0;
  bool has_failed_ = false; ///< What was appended is not all in the file.
  bool is_named_ = false;   ///< There is no temporary file any more.

  row_file_counts counts_;
  std::uint64_t last_row_ = 0;    ///< The number of its record; 0 before the first.
  std::uint64_t last_reject_ = 0; ///< Likewise.
  std::string encoded_;           ///< The row block at hand.
  std::string rejects_;           ///< Gathered, not yet written.
  std::uint32_t rejects_count_ = 0;
  std::uint64_t rejects_first_ = 0;
  block_packer packer_;
  key_gatherer keys_;
  std::vector<row_format::placed_block> row_blocks_;
  std::vector<row_format::placed_block> reject_blocks_;
  std::vector<row_format::key_run> runs_;
};

} // namespace dossier

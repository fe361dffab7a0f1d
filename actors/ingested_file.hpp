// SPDX-License-Identifier: Apache-2.0
// A file that a job reads: its content, its schema and how its records are told apart. Opened for
// each job, read by several threads; memory does not grow with the file.
#pragma once

#include "config/row_schema_registry.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/row_store.hpp"
#include "protocol/csv/file_plan.hpp"
#include "protocol/csv/row_parser.hpp"
#include "protocol/csv/split.hpp"
#include "protocol/ingestion.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace dossier {

struct ingested_file {
  std::unique_ptr<const input_file> content;
  row_schema_registry::entry schema;
  csv::file_plan plan;
  std::uint64_t bytes = 0;
};

/// unavailable if it may be there later; any other refusal says what is wrong with the submission
/// or the file. Blocks on the disk.
result<std::shared_ptr<const ingested_file>> open_ingested_file(const blob_store& blobs,
                                                                const row_schema_registry& schemas,
                                                                const ingestion::submission& what,
                                                                std::uint32_t record_bytes_max);

/// What the beginning of a file would come to.
struct file_trial {
  csv::parse_counts counts;
  std::vector<stored_reject> rejects; ///< The first ones.
};

/// Reads records until `rows_max` of them are rows, or ten times as many are none; stores nothing.
/// Blocks on the disk.
result<file_trial> try_file(const ingested_file& file, std::uint32_t rows_max,
                            std::size_t rejects_shown);

/// How a file is cut: in ranges that are looked at on any thread, in any order, then folded.
class file_split {
public:
  /// `piece_bytes`: as large as pieces are to be, at least; but for the last.
  file_split(std::shared_ptr<const ingested_file> file, std::uint64_t piece_bytes);

  std::size_t ranges() const { return ranges_.size(); }
  /// Each range once, also at the same time. Blocks on the disk.
  result<void> look_at(std::size_t range);
  /// Behind all of them. malformed if there is no record at all.
  result<ingestion::report_split> fold() const;

private:
  std::uint64_t begin_of(std::size_t range) const;

  const std::shared_ptr<const ingested_file> file_;
  const std::uint64_t piece_bytes_;
  const std::uint64_t range_bytes_;
  std::vector<csv::range_summary> ranges_;
};

/// Parses one chunk into `rows`, window by window, and finishes them. `should_stop` is asked at
/// each window; true ends it with unavailable. Blocks on the disk.
result<row_file_counts> read_chunk(const ingested_file& file, const ingestion::chunk& what,
                                   row_file_writer& rows, const std::function<bool()>& should_stop);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// A file that a job reads: its content, its schema and how its records are told apart. Opened for
// each job, read by several threads; memory does not grow with the file. In whatever encoding it is
// stored, offsets are its own, and what comes of it is UTF-8.
#pragma once

#include "config/row_schema_registry.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/row_store.hpp"
#include "protocol/csv/file_fold.hpp"
#include "protocol/csv/file_plan.hpp"
#include "protocol/csv/row_parser.hpp"
#include "protocol/ingestion.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace dossier {

struct ingested_file {
  std::unique_ptr<const input_file> content;
  row_schema_registry::entry schema;
  csv::file_plan plan;
  std::uint64_t bytes = 0;

  csv::text_encoding stored_as() const { return plan.found.dialect.encoding; }
};

/// Of any content; what plan_file() refuses. Blocks on the disk, as all of these do.
result<std::shared_ptr<const ingested_file>>
open_ingested_file(std::unique_ptr<const input_file> content, row_schema_registry::entry schema,
                   const csv::read_options& options, std::uint32_t record_bytes_max);
/// Of a submission: unavailable if it may be there later; any other refusal says what is wrong with
/// the submission or the file.
result<std::shared_ptr<const ingested_file>> open_ingested_file(const blob_store& blobs,
                                                                const row_schema_registry& schemas,
                                                                const ingestion::submission& what,
                                                                std::uint32_t record_bytes_max);

/// Records that are read alone: the first, and where the last one ends.
struct record_range {
  csv::record_start first;
  std::uint64_t end = 0;
};
/// Those behind mark and header, numbered from 1.
record_range all_records(const ingested_file& file);

/// Who takes what records become, in their order. The first refusal ends the reading.
struct record_sinks {
  std::function<result<void>(const csv::row_block&)> rows;
  std::function<result<void>(const csv::reject&)> rejected;
  /// Asked at each window with what came of those before; true ends the reading there.
  std::function<bool(const csv::parse_counts&)> should_stop;
  /// If there are any: see csv::row_parser::only_refuse().
  std::span<const csv::refusal> refusals = {};
};

struct parsed_records {
  csv::parse_counts counts;
  std::uint64_t lines = 0;
  bool was_stopped = false; ///< By should_stop; the last rows that are counted were not handed on.
};

/// Reads a range window by window until it ends or `rows_max` of its records are rows, at least 1.
result<parsed_records> parse_records(const ingested_file& file, const record_range& range,
                                     std::uint64_t rows_max, const record_sinks& into);

/// Reads these records of a chunk again, which were rows, as rejects. Ascending; all of them are in
/// memory at once.
result<std::vector<stored_reject>> refuse_records(const ingested_file& file,
                                                  const ingestion::chunk& what,
                                                  std::span<const csv::refusal> refusals);

/// What the beginning of a file would come to.
struct file_trial {
  csv::parse_counts counts;
  std::vector<stored_reject> rejects; ///< The first ones.
};

/// Reads records until `rows_max` of them are rows, or ten times as many are none; stores nothing.
result<file_trial> try_file(const ingested_file& file, std::uint32_t rows_max,
                            std::size_t rejects_shown);

/// How a file is cut: in ranges that are looked at on any thread, in any order, then folded.
class file_split {
public:
  /// `piece_bytes`: as large as pieces are to be, at least; but for the last.
  file_split(std::shared_ptr<const ingested_file> file, std::uint64_t piece_bytes);

  std::size_t ranges() const { return ranges_.size(); }
  /// Each range once, also at the same time.
  result<void> look_at(std::size_t range);
  /// Behind all of them. malformed if there is no record at all.
  result<ingestion::report_split> fold() const;

private:
  /// Where a character begins.
  result<std::uint64_t> begin_of(std::size_t range) const;

  const std::shared_ptr<const ingested_file> file_;
  const std::uint64_t piece_bytes_;
  const std::uint64_t range_bytes_;
  std::vector<csv::range_findings> ranges_;
};

/// Parses one chunk into `rows` and finishes them. `should_stop` is asked at each window; true ends
/// it with unavailable.
result<row_file_counts> read_chunk(const ingested_file& file, const ingestion::chunk& what,
                                   row_file_writer& rows, const std::function<bool()>& should_stop);

} // namespace dossier

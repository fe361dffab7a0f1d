// SPDX-License-Identifier: Apache-2.0
// Makes rows of rejects: reads records as somebody has corrected them and writes the corrections of
// their chunks. The job alone decides whether they count. Blocks on the disk.
#pragma once

#include "actors/ingested_file.hpp"
#include "actors/key_turn.hpp"
#include "actors/stored_chunks.hpp"
#include "persistence/chunk_cursor.hpp"
#include "protocol/ingestion.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier {

/// All of it outlives the call.
struct repair_parts {
  const jobs& all;
  const blob_store& blobs;
  row_store& rows;
  const row_schema_registry& schemas;
  std::uint32_t record_bytes_max;
  std::uint64_t scan_max; ///< ingestion.scan_max
};

/// A record as it should have been, in the dialect of its file, as UTF-8.
struct corrected_record {
  std::uint64_t number = 0;
  std::string text;
};

/// Why a record stays a reject.
struct refused_repair {
  std::uint64_t number = 0;
  std::string kind;   ///< A reject's kind, or "no-reject".
  std::string column; ///< May be empty.
  std::string why;
};

/// Records of one request; more have to come in several.
inline constexpr std::size_t repair_records_max = 100'000;

/// One repair while it is made: its file is opened and all stored keys are walked once, whatever
/// the number of its records. One thread at a time.
class job_repair {
public:
  /// Reads the records, which ascend, and settles which of them become rows. Keeps the turn for as
  /// long as it lives, and whoever writes keeps the repair, so that nobody else stores keys or
  /// writes the same revision meanwhile. conflict unless the job has ended and its schema is still
  /// the one that its rows have; too_large above repair_records_max; else what opening its file
  /// comes to.
  static result<std::shared_ptr<job_repair>> make(const repair_parts& parts, const entity_id& job,
                                                  std::vector<corrected_record> records,
                                                  key_turn::share turn);

  /// The job as it was found.
  const ingestion::view& view() const { return job_.view; }
  const key_turn::share& turn() const { return turn_; }
  /// The records that stay rejects, ascending.
  const std::vector<refused_repair>& refused() const { return refused_; }

  /// Writes the next correction, for `now`, the job as it became with the report before; what it
  /// returns is the report for it, nullopt: there is none left. A report that the job refuses
  /// leaves a file that nobody reads.
  result<std::optional<ingestion::report_repaired>> write_next(const ingestion::view& now);

private:
  /// A record that has become a row.
  struct repaired_row {
    std::uint64_t number = 0;
    std::uint32_t chunk = 0;
    std::string block; ///< Of this row alone.
  };

  job_repair(const repair_parts& parts, found_job job, std::shared_ptr<const ingested_file> file,
             key_turn::share turn)
    : parts_(parts)
    , job_(std::move(job))
    , file_(std::move(file))
    , turn_(std::move(turn)) {}

  void refuse(std::uint64_t number, std::string_view kind, std::string_view column,
              std::string why) {
    refused_.push_back({number, std::string(kind), std::string(column), std::move(why)});
  }
  result<void> read(const std::vector<corrected_record>& records);
  result<void> read_one(chunk_reject_cursor& rejects, std::uint32_t chunk,
                        const corrected_record& record);
  bool parse(const corrected_record& record, const csv::record_start& at, std::string& bytes);
  result<void> compare_keys();
  result<void> walk_stored(const std::function<result<void>(const stored_chunk&)>& visit) const;

  const repair_parts parts_;
  const found_job job_;
  const std::shared_ptr<const ingested_file> file_;
  const key_turn::share turn_;
  std::vector<repaired_row> rows_; ///< Ascending.
  std::size_t next_ = 0;           ///< The first one that was not written yet.
  std::vector<refused_repair> refused_;
};

/// The chunk that has this record; nullopt: none that is finished has it.
std::optional<std::uint32_t> chunk_of_record(const ingestion::view& job, std::uint64_t record);

} // namespace dossier

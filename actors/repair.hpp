// SPDX-License-Identifier: Apache-2.0
// Makes rows of rejects: reads records as somebody has corrected them and writes the correction of
// their chunk. The job alone decides whether it counts. Blocks on the disk.
#pragma once

#include "actors/ingested_file.hpp"
#include "actors/stored_chunks.hpp"
#include "protocol/ingestion.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
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

struct made_repair {
  std::optional<ingestion::report_repaired> report; ///< For the job; nullopt: nothing was repaired.
  std::vector<refused_repair> refused;
};

/// The chunk that has this record; nullopt: none that is finished has it.
std::optional<std::uint32_t> chunk_of_record(const ingestion::view& job, std::uint64_t record);

/// `records`: of this chunk, ascending, at most ingestion::repaired_records_max. The caller has the
/// turn (actors/key_turn.hpp) until the job has answered. conflict unless the job has ended and its
/// schema is still the one that its rows have; else what opening its file comes to.
result<made_repair> make_repair(const repair_parts& parts, const found_job& job,
                                std::uint32_t chunk, std::span<const corrected_record> records);

} // namespace dossier

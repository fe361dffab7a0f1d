// SPDX-License-Identifier: Apache-2.0
// What can be set about ingestion: a part of config/settings.hpp.
#pragma once

#include <cstdint>
#include <string>

namespace dossier {

struct ingestion_settings {
  std::string schemas_dir;      ///< ingestion.schemas_dir; empty: those that ship
  std::string customer = "cdr"; ///< ingestion.customer: whose files without customerId are
  std::uint32_t threads = 0;    ///< ingestion.threads; 0: as many as there are processors
  std::uint64_t chunk_threshold_bytes
    = 67'108'864; ///< ingestion.chunk_threshold_bytes: larger files are split
  std::uint64_t chunk_bytes = 16'777'216; ///< ingestion.chunk_bytes: at least, but for the last
  std::uint32_t chunks_max = 4'096;       ///< ingestion.chunks_max: of one job
  std::uint32_t attempts_max = 6;         ///< ingestion.attempts_max: of one chunk
  std::uint32_t wait_ms_min = 1'000;      ///< ingestion.wait_ms_min: after a chunk's first failure
  std::uint32_t wait_ms_max = 16'000;     ///< ingestion.wait_ms_max
  std::uint32_t jitter_percent = 25;      ///< ingestion.jitter_percent: on top of each wait
  std::uint32_t interruptions_max = 24;   ///< ingestion.interruptions_max: of one chunk
  std::uint64_t rejects_max = 1'000'000;  ///< ingestion.rejects_max: of one job
  std::uint32_t rejects_ppm_max = 1'000'000;   ///< ingestion.rejects_ppm_max: of a job's records
  std::uint32_t record_bytes_max = 65'536;     ///< ingestion.record_bytes_max
  std::uint32_t expansion_max = 250;           ///< ingestion.expansion_max: of a compressed file
  std::uint64_t repair_bytes_max = 16'777'216; ///< ingestion.repair_bytes_max: of one request
  std::uint32_t scan_max = 4'096;       ///< ingestion.scan_max: chunks looked through for keys
  std::uint32_t list_limit_max = 1'000; ///< ingestion.list_limit_max: rows, rejects or jobs
};

} // namespace dossier

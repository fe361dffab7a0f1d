// SPDX-License-Identifier: Apache-2.0
// What readers see of ingestion jobs and their chunks, and how far they are. Plain data.
#pragma once

#include "protocol/ingestion_job.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::ingestion {

/// Counted from the set of chunks, never kept beside it.
struct tally {
  std::uint32_t total = 0;
  std::uint32_t successful = 0; ///< Finished, with or without rejects.
  std::uint32_t failed = 0;
  std::uint32_t running = 0;
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0;
  std::uint64_t records = 0;    ///< Of all chunks, as far as known.
  std::uint64_t bytes_done = 0; ///< Of chunks that have finished or failed.
  std::uint32_t processed() const { return successful + failed; }
  bool operator==(const tally&) const = default;
};
tally tally_of(const std::vector<chunk>& chunks);

/// From when speed is measured: the first chunk begun since the job was made or retried.
struct pace {
  timestamp since;
  std::uint64_t bytes = 0; ///< Done by then.
  std::uint64_t rows = 0;
  bool operator==(const pace&) const = default;
};

/// Why chunks wait or have failed, by number, ascending. Of the first 64 only.
using troubles = std::vector<std::pair<std::uint32_t, std::string>>;
inline constexpr std::size_t troubles_max = 64;

/// What a reader may see.
struct view {
  ingestion::submission submission;
  reject_limits limits;
  job_type type = job_type::single_file;
  ingestion::status status = status::accepted;
  ingestion::tally tally;
  std::vector<chunk> chunks; ///< Chunk n is at n - 1. Empty until the job is split.
  ingestion::troubles troubles;
  std::optional<failure_cause> cause;
  std::string why; ///< It has failed or was cancelled.
  bool wants_comparison
    = false; ///< Every chunk has ended, the keys of their rows are to be compared.
  std::optional<ingestion::pace> pace;
  std::optional<timestamp> ended_at;
  timestamp accepted_at;
  timestamp updated_at;
  std::uint64_t version = 0;
  bool operator==(const view&) const = default;
};

/// One chunk as a reader may see it. Its own id is correlation_id{job, number}, its parent's the
/// job's.
struct chunk_view {
  std::uint32_t number = 0;
  ingestion::chunk chunk;
  ingestion::status status = status::queued_for_processing;
  std::string trouble; ///< Why it waits or has failed; empty if nothing is known here.
  bool operator==(const chunk_view&) const = default;
};
/// Refuses numbers that the job has no chunk of as not_found.
result<chunk_view> chunk_view_of(const view& job, std::uint32_t number);

/// How fast a job goes, and for how long still.
struct progress {
  std::uint64_t bytes_per_s = 0;
  std::uint64_t rows_per_s = 0;
  std::optional<seconds> left; ///< While it is under way and something was done.
  bool operator==(const progress&) const = default;
};
/// By the clock of the reader, or up to the job's end.
progress progress_of(const view& job, timestamp now);

/// The lists that jobs stand in, in every shard: all of them; those that somebody works on; those
/// that somebody should look at, because a repair or a retry may help.
inline constexpr std::string_view list_name = "jobs";
inline constexpr std::string_view open_list = "jobs-open";
inline constexpr std::string_view troubled_list = "jobs-troubled";

} // namespace dossier::ingestion

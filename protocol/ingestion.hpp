// SPDX-License-Identifier: Apache-2.0
// The language of ingestion jobs: a file of records is read in chunks, which are ranges of its
// bytes from one record's start to another's. What a job comes to follows from the set of its
// chunks: each is finished once, whatever is reported how often. Plain data.
#pragma once

#include "protocol/ingestion_event.hpp"
#include "protocol/ingestion_job.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::ingestion {

// Commands. Reports of what has been overtaken by a retry, a cancellation or an end have no effect,
// so each may be made, lost and repeated.

/// Refused as conflict if there is a job of this id that is made of something else. Of the same:
/// submitting twice finds the same job, and has no effect unless it is only now that its rows are
/// to be published.
struct accept {
  ingestion::submission submission;
  std::optional<reject_limits> limits; ///< Not above the policy's; nullopt: those.
};

/// Somebody takes the job up. Again: no effect.
struct start {};

/// Where the file can be cut. The pieces follow each other without gaps, from `begin` to the end of
/// the file.
struct report_split {
  std::uint64_t begin = 0; ///< Where the first record starts, behind mark and header.
  std::uint64_t line = 1;  ///< The number of the line that starts there.
  std::vector<piece> pieces;
};

/// The file cannot be cut: the job fails.
struct report_split_failed {
  std::string why;
};

/// Somebody begins attempt `attempt` of a chunk: one more than it has had. Of the attempt that is
/// running: no effect. While an earlier one is running, that one was interrupted, and what it still
/// reports has no effect. A chunk that was interrupted too often fails instead: look at the answer.
struct begin_chunk {
  std::uint32_t number = 0; ///< From 1.
  std::uint32_t attempt = 0;
};

/// Its rows and rejects go into the store in the batch of the event, or not at all. Refused as
/// content_mismatch if they are not the records that the split saw: then the attempt is still
/// running, and whoever made it reports that it has failed.
struct report_chunk_finished {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  std::uint64_t rows = 0; ///< Stored ones.
  std::uint64_t rejects = 0;
  std::uint64_t empty_lines = 0; ///< Records that are neither.
};

struct report_chunk_failed {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  std::string why;
  bool is_transient = false; ///< It may succeed later.
};

/// Nothing more is begun, what is running is not taken. Again: no effect.
struct cancel {
  std::string reason; ///< At most 200 bytes of UTF-8; may be empty.
};

/// Chunks that have failed are worked on anew; of a job that has ended, all that are not finished.
struct retry_failed_chunks {
  std::optional<reject_limits> limits; ///< From now on; nullopt: as before.
};

/// Each chunk has ended, and these rows of theirs have keys that were there before. No effect
/// unless the job is as it was when they were compared, so a report that was overtaken by a retry
/// or a cancellation has none.
struct report_keys_compared {
  std::uint64_t version = 0;           ///< Of the job that was looked at.
  std::vector<correction> corrections; ///< In the store; ascending by chunk.
};

/// The keys cannot be compared: the job fails, and may be retried.
struct report_comparison_failed {
  std::uint64_t version = 0;
  std::string why;
};

/// Some rejects of a finished chunk are rows now, its correction is in the store. Only of a job
/// that has ended. Refused as conflict unless the job is as it was when the correction was made, so
/// of two repairs made at the same time one is refused. Which records are rejects the store knows:
/// whoever reports has looked.
struct report_repaired {
  std::uint32_t number = 0;
  std::uint32_t revision = 0;         ///< The version of the job that was looked at.
  std::vector<std::uint64_t> records; ///< 1 to repaired_records_max of the file's, ascending.
};
inline constexpr std::size_t repaired_records_max = 1'000; ///< In one report.

struct fire_timer {
  std::string name;
  timestamp due;
};

using command
  = std::variant<accept, start, report_split, report_split_failed, begin_chunk,
                 report_chunk_finished, report_chunk_failed, cancel, retry_failed_chunks,
                 report_keys_compared, report_comparison_failed, report_repaired, fire_timer>;
std::string_view name_of(const command& c);

} // namespace dossier::ingestion

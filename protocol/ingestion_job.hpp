// SPDX-License-Identifier: Apache-2.0
// What ingestion jobs are made of: submissions, statuses, chunks and their names. Plain data.
#pragma once

#include "protocol/digest.hpp"
#include "protocol/ids.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::ingestion {

/// Where a job or a chunk stands. Frozen codes and names: they stand in state rows and events.
enum class status : std::uint8_t {
  accepted = 1,              ///< "Accepted": nobody has taken it up yet.
  chunking = 2,              ///< "Chunking": it is being split.
  chunks_queued = 3,         ///< "ChunksQueued": split, no chunk was begun.
  queued_for_processing = 4, ///< "QueuedForProcessing": a single file or a chunk that waits.
  processing = 5,            ///< "Processing".
  succeeded = 6,             ///< "Succeeded": all is stored, no reject is left.
  partially_succeeded = 7,   ///< "PartiallySucceeded": rejects are left, or some chunks failed.
  failed = 8,                ///< "Failed": not split, no chunk finished, or a limit passed.
  cancelled = 9,             ///< "Cancelled".
};
std::string_view to_string(status s);
result<status> parse_status(std::string_view name);

/// Frozen likewise.
enum class job_type : std::uint8_t {
  master = 1,      ///< "Master": a job of several chunks.
  chunk = 2,       ///< "Chunk": one of these. No job is of this type.
  single_file = 3, ///< "SingleFile": the whole file is one chunk, under the job's own id.
};
std::string_view to_string(job_type t);
result<job_type> parse_job_type(std::string_view name);

/// Why a job failed by other than its chunks. Frozen likewise.
enum class failure_cause : std::uint8_t {
  split = 1,         ///< "split": it could not be cut into chunks.
  rejects = 2,       ///< "rejects": more than rejects_max.
  rejects_ratio = 3, ///< "rejects-ratio": more than rejects_ppm_max of its records.
  keys = 4,          ///< "keys": the keys of its rows could not be compared.
};
std::string_view to_string(failure_cause c);
result<failure_cause> parse_failure_cause(std::string_view name);

/// How many rejects a job may have before it fails. Both hold.
struct reject_limits {
  std::uint64_t rejects_max = 0;
  std::uint32_t rejects_ppm_max = 0; ///< Of the file's records, in millionths; at most 1'000'000.
  bool operator==(const reject_limits&) const = default;
};

/// What a job is made of. Jobs of the same customer, content, schema and options are one job.
struct submission {
  std::string customer;
  std::string original_file_name; ///< For people.
  std::string blob_name;
  std::string container_name;
  sha256_digest sha256{}; ///< Of the whole file.
  std::uint64_t bytes = 0;
  std::string schema_name;
  std::uint32_t schema_version = 0; ///< From 1.
  std::string options;              ///< How the file is read: a text that the worker understands.

  bool is_kept = false; ///< The content is kept after it was ingested without a reject.
  /// No two rows of the customer and this schema have the same key: a later one is a reject.
  bool has_unique_keys = false;
  /// Each row becomes a record on a topic once the job has ended well.
  bool publishes_rows = false;
  bool operator==(const submission&) const = default;
};

/// A chunk as the split finds it.
struct piece {
  std::uint64_t bytes = 0;   ///< At least 1.
  std::uint64_t records = 0; ///< As many as are stored or rejected when it is worked on.
  std::uint64_t lines = 0;   ///< Line ends in it; more than records where quoted texts hold some.
  bool operator==(const piece&) const = default;
};

/// Where a chunk stands among the job's own. Frozen codes: they stand in state rows.
enum class chunk_phase : std::uint8_t {
  ready = 1,    ///< Somebody may begin it.
  running = 2,  ///< Somebody has begun it; after a restart nobody knows.
  waiting = 3,  ///< Until `due`, after a failure.
  finished = 4, ///< Its rows and rejects are in the store.
  failed = 5,   ///< Given up.
};
std::string_view to_string(chunk_phase p);

/// What is otherwise in a finished chunk since its records were read: rows that became rejects, and
/// rejects that became rows. A later revision has all that an earlier one has.
struct correction {
  std::uint32_t number = 0;     ///< Of the chunk.
  std::uint32_t revision = 0;   ///< The version of the job that it was made of; at least 1.
  std::uint64_t duplicates = 0; ///< Rows that are rejects from now on.
  bool operator==(const correction&) const = default;
};

/// One chunk as its job keeps it.
struct chunk {
  std::uint64_t begin = 0;  ///< The offset of its first byte in the file.
  std::uint64_t record = 1; ///< The number of its first record, from 1.
  std::uint64_t line = 1;   ///< The number of its first line, from 1.
  piece extent;             ///< A single file's records and lines are 0 until it is finished.
  chunk_phase phase = chunk_phase::ready;
  std::uint32_t attempt = 0;       ///< That is running or was the last; never counted anew.
  std::uint32_t failures = 0;      ///< Transient ones since it was last made ready by hand.
  std::uint32_t interruptions = 0; ///< Attempts since then that nobody reported about.
  timestamp due;                   ///< While it waits.
  std::uint32_t revision = 0;      ///< Of its correction; 0: it has none.
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0; ///< That are left.
  bool operator==(const chunk&) const = default;
};

/// A job, or one of its chunks, as the outside names it: "<job>" or "<job>-<number>".
struct correlation_id {
  entity_id job;
  std::optional<std::uint32_t> number; ///< From 1.

  std::string text() const;
  /// Accepts exactly what text() writes.
  static result<correlation_id> parse(std::string_view text);
  bool operator==(const correlation_id&) const = default;
};

/// The random bits of a job's id: they follow from customer, content, schema and options, so that
/// the same file submitted twice is one job.
std::array<std::uint8_t, 10> dice_of(const submission& s);
/// The id itself. It is born at the epoch, because nothing else is known of both submissions.
entity_id id_of(const submission& s, shard_number shard);
/// Whether both are one job.
bool is_same_job(const submission& a, const submission& b);

} // namespace dossier::ingestion

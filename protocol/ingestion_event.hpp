// SPDX-License-Identifier: Apache-2.0
// What happens to ingestion jobs. Plain data; an event about one chunk is small however many there
// are.
#pragma once

#include "protocol/envelope.hpp"
#include "protocol/ingestion_job.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::ingestion {

/// JobAcceptedEvent.
struct accepted {
  ingestion::submission submission;
  reject_limits limits; ///< That hold for it.
  job_type type = job_type::single_file;
  bool operator==(const accepted&) const = default;
};
/// JobStartedEvent: a master job is being split, a single file is one chunk from now on.
struct started {
  bool operator==(const started&) const = default;
};
/// JobChunkedEvent: once for each master job, with a few bytes for each chunk.
struct chunked {
  std::uint64_t begin = 0;
  std::uint64_t line = 1;
  std::vector<piece> pieces;
  bool operator==(const chunked&) const = default;
};
/// JobChunkStartedEvent.
struct chunk_started {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  bool operator==(const chunk_started&) const = default;
};
/// JobChunkFinishedEvent: these rows and rejects are in the store.
struct chunk_finished {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0;
  std::uint64_t empty_lines = 0; ///< Records that are neither.
  bool operator==(const chunk_finished&) const = default;
};
/// JobChunkRetryScheduledEvent: attempt `attempt` has failed, the next may begin at `due`.
struct chunk_retry_scheduled {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  timestamp due;
  std::string why;
  bool operator==(const chunk_retry_scheduled&) const = default;
};
/// JobChunkRetriesDueEvent: the wait of every chunk that was due until then is over.
struct chunk_retries_due {
  timestamp until;
  bool operator==(const chunk_retries_due&) const = default;
};
/// JobChunkFailedEvent: attempt `attempt` was its last; the others go on.
struct chunk_failed {
  std::uint32_t number = 0;
  std::uint32_t attempt = 0;
  std::string why;
  bool operator==(const chunk_failed&) const = default;
};
/// JobFinishedEvent: every chunk has ended. Once more when repairs make another status of it.
struct finished {
  ingestion::status status = status::succeeded;
  std::uint32_t successful_chunks = 0;
  std::uint32_t failed_chunks = 0;
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0; ///< That are left.
  bool operator==(const finished&) const = default;
};
/// JobFailedEvent: it ends before its chunks do, or in spite of them.
struct failed {
  failure_cause cause = failure_cause::split;
  std::string why; ///< Names the limit.
  bool operator==(const failed&) const = default;
};
/// JobCancelledEvent.
struct cancelled {
  std::string reason;
  bool operator==(const cancelled&) const = default;
};
/// JobChunksRetriedEvent: every chunk that was given up is ready again, its failures forgotten.
struct chunks_retried {
  std::optional<reject_limits> limits; ///< From now on.
  bool operator==(const chunks_retried&) const = default;
};
/// JobKeysComparedEvent: rows whose keys were there before are rejects from now on.
struct keys_compared {
  std::vector<correction> corrections; ///< Of the chunks that have such rows, ascending.
  bool operator==(const keys_compared&) const = default;
};
/// JobRepairedEvent: these records are rows from now on.
struct repaired {
  std::uint32_t number = 0;
  std::uint32_t revision = 0; ///< Of the chunk's correction from now on.
  std::vector<std::uint64_t> records;
  std::uint64_t rows = 0;
  std::uint64_t rejects_left = 0;
  bool operator==(const repaired&) const = default;
};

/// JobPublicationRequestedEvent: its file was submitted again, and its rows are to be published.
struct publication_requested {
  bool operator==(const publication_requested&) const = default;
};

using event
  = std::variant<accepted, started, chunked, chunk_started, chunk_finished, chunk_retry_scheduled,
                 chunk_retries_due, chunk_failed, finished, failed, cancelled, chunks_retried,
                 keys_compared, repaired, publication_requested>;

/// The payload of an event as stored: its type, the version of its shape, JSON text.
encoded_event encode(const event& e);
/// Reads every version ever written. Refuses unknown types and versions as corrupt, by name.
result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data);

} // namespace dossier::ingestion

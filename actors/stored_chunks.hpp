// SPDX-License-Identifier: Apache-2.0
// The finished chunks of all jobs of a schema, the newest job's first, and of each job the last
// first: where a row with some key may be. One thread at a time; blocks on the disk.
#pragma once

#include "actors/jobs.hpp"
#include "persistence/chunk_rows.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dossier {

/// What the rows of a finished chunk are now.
result<chunk_rows> open_chunk_rows(const row_store& rows, const entity_id& job,
                                   std::uint32_t number, const ingestion::chunk& c);
/// The same of a job that may be repaired meanwhile, as it is then.
result<chunk_rows> open_chunk_rows(const row_store& rows, const jobs& all, const found_job& job,
                                   std::uint32_t number);

/// One of them. A chunk without rows is none.
struct stored_chunk {
  entity_id job;
  std::uint32_t number = 0;
  std::shared_ptr<const chunk_rows> rows;
};

struct stored_chunks_question {
  std::string schema;
  std::optional<std::string> customer; ///< nullopt: whoever's.
  std::optional<entity_id> but;        ///< Not of this job.
  bool is_ended = false;               ///< Only of jobs that have ended.
  std::uint64_t chunks_max = 0;        ///< No more are opened, and about as many jobs looked at.
};

class stored_chunks {
public:
  stored_chunks(const jobs& all, const row_store& rows, stored_chunks_question question)
    : all_(all)
    , rows_(rows)
    , question_(std::move(question)) {}

  /// nullopt behind the last, or where chunks_max ends it.
  result<std::optional<stored_chunk>> next();
  /// Behind the last: whether there may be more.
  bool is_cut() const { return is_cut_; }

private:
  /// The next job that the question is about; false behind the last.
  result<bool> next_job();
  bool is_meant(const found_job& job) const;

  const jobs& all_;
  const row_store& rows_;
  const stored_chunks_question question_;
  job_page page_;
  std::size_t in_page_ = 0; ///< Behind the present job.
  bool has_begun_ = false;
  std::optional<found_job> job_;
  std::uint32_t left_ = 0; ///< Chunks of the present job that were not looked at: the first ones.
  std::uint64_t looked_at_ = 0;
  bool is_cut_ = false;
};

} // namespace dossier

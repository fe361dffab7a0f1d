// SPDX-License-Identifier: Apache-2.0
// The rows and rejects of jobs as pieces of answers, read out of what their finished chunks have
// now. Blocks on the disk: on a reader's thread.
#pragma once

#include "actors/jobs.hpp"
#include "config/row_schema_registry.hpp"
#include "gateway/routes/row_text.hpp"
#include "persistence/row_store.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace dossier {

/// What rows are read from. Outlives every answer.
struct row_sources {
  const jobs& all;
  const row_store& rows;
  const row_schema_registry& schemas;
};

/// A place in a job's records and how much is wanted from there. Owns everything: it is read on
/// another thread.
struct row_question {
  std::shared_ptr<const found_job> job; ///< As it was when the answer began.
  row_form form = row_form::json;
  std::uint64_t after = 0; ///< The number of a record.
  std::uint64_t limit = 0;
};

/// A piece of an answer.
struct row_piece {
  std::string text;
  std::uint64_t items = 0;
  std::uint64_t last = 0; ///< The record of the last item.
  bool is_end = false;    ///< There is nothing behind it.
};

/// What q.limit allows behind q.after, or about a MiB of it, of the chunks that were finished when
/// the answer began. A long answer goes on when the job is repaired meanwhile.
result<row_piece> read_row_piece(const row_sources& from, const row_question& q);
result<row_piece> read_reject_piece(const row_sources& from, const row_question& q);
/// What stands above CSV: the columns of the job's rows.
result<std::string> read_row_csv_head(const row_sources& from, const row_question& q);
result<std::string> read_reject_csv_head(const row_sources& from, const row_question& q);

/// Which rows are looked for: the newest job's first, and of one job the last record's.
struct key_question {
  std::string schema;
  std::string key;
  std::optional<std::string> customer;
  std::uint64_t limit = 0;
  std::uint64_t chunks_max = 0; ///< ingestion.scan_max
};

/// A JSON object with the rows that have this key, each with the job that it is of, and whether
/// every chunk was looked through.
result<std::string> find_by_key(const row_sources& from, const key_question& q);

} // namespace dossier

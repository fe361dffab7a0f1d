// SPDX-License-Identifier: Apache-2.0
// The rows and rejects of jobs as pieces of answers, read out of the files of their finished
// chunks. Blocks on the disk: on a reader's thread.
#pragma once

#include "actors/jobs.hpp"
#include "gateway/routes/row_text.hpp"
#include "persistence/row_store.hpp"
#include "protocol/ingestion.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// A place in a job's records and how much is wanted from there. Owns everything: it is read on
/// another thread.
struct row_question {
  entity_id job;
  std::vector<ingestion::chunk> chunks;
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

/// What q.limit allows behind q.after, or about a MiB of it.
result<row_piece> read_row_piece(const row_store& rows, const row_question& q);
result<row_piece> read_reject_piece(const row_store& rows, const row_question& q);

/// Which rows are looked for, in the newest jobs first.
struct key_question {
  std::string schema;
  std::string key;
  std::optional<std::string> customer;
  std::uint64_t limit = 0;
};

/// A JSON object with the rows that have this key, each with the job that it is of.
result<std::string> find_by_key(const jobs& all, const row_store& rows, const key_question& q);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Ingestion jobs as the API says them: JSON out, questions and the opaque cursor in. Pure.
#pragma once

#include "actors/job_wishes.hpp"
#include "actors/jobs.hpp"
#include "gateway/http.hpp"
#include "protocol/json_text.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace dossier {

/// A job whole, with how fast it goes by the clock of the reader.
void write_job(json_writer& out, const entity_id& id, const ingestion::view& view, timestamp now);
/// One chunk of it.
void write_chunk(json_writer& out, const entity_id& job, const ingestion::chunk_view& chunk);

/// From the query: schema, schemaVersion, delimiter, quote, header, encoding, columns, rejectsMax,
/// rejectsPpmMax, keep, dryRun. `most`: limits that nobody names.
result<job_wishes> read_job_wishes(const request& r, const ingestion::reject_limits& most);

/// Where the next page of a list of jobs starts, as text.
std::string write_job_cursor(const listing& place);
/// invalid_argument for whatever write_job_cursor could not have written.
result<listing> read_job_cursor(std::string_view text);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Whether the values of a command can be, whatever the job's status. For the rules alone.
#pragma once

#include "actors/ingestion/rules.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace dossier::ingestion {

/// "1 reject", "2 rejects".
std::string counted(std::uint64_t n, const std::string& what);

/// What an event can hold, and a file that is not too large.
result<void> check_submission(const submission& s, const policy& p);
result<void> check_limits(const std::optional<reject_limits>& asked, const policy& p);
/// Whether the pieces cover the file from `begin` to its end and each can be what it says.
result<void> check_split(const report_split& c, const facts& f, const policy& p);
/// Whether the chunk can hold what is said to have come of it: of a split file exactly the records
/// that the split saw, so that none is missed; of a single file no more than it has bytes.
result<void> check_counts(const chunk& c, const report_chunk_finished& r, job_type type);
result<void> check_repair(const chunk& c, const report_repaired& r);
/// Whether what is said to be corrected are rows of finished chunks.
result<void> check_corrections(const report_keys_compared& r, const facts& f);

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
// What somebody wants of an ingestion job beside its file: read from a query, from the body of a
// request and from the data of a command alike. Pure.
#pragma once

#include "protocol/csv/read_options.hpp"
#include "protocol/ingestion.hpp"
#include "protocol/json_body.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

/// Rows that a dry run may be asked for.
inline constexpr std::uint32_t dry_run_rows_max = 10'000;

struct job_wishes {
  std::string schema = "cdr";
  std::optional<std::uint32_t> schema_version; ///< nullopt: the newest.
  csv::read_options options;
  std::optional<ingestion::reject_limits> limits;
  bool is_kept = false;
  bool publishes_rows = false;
  std::uint32_t dry_run_rows = 0; ///< 0: it is no dry run.
};

/// Where the values come from. `refuse` is told a name and what is wrong, a sentence that begins
/// behind the name.
struct wish_source {
  std::function<std::optional<std::string>(std::string_view)> text;
  std::function<std::optional<std::uint64_t>(std::string_view, std::uint64_t most)> count;
  std::function<std::optional<bool>(std::string_view)> flag;
  std::function<void(std::string_view, std::string_view)> refuse;
};

/// All but the schema's name: schemaVersion, delimiter, quote, header, encoding, columns,
/// rejectsMax, rejectsPpmMax, keep, publish, dryRun. `most`: limits that nobody names.
job_wishes read_job_wishes(const wish_source& from, const ingestion::reject_limits& most);
/// From a body that was begun: its schema, and all else from the object options, with numbers and
/// booleans as JSON has them. Troubles are told by the body's finish().
job_wishes read_job_wishes(json_body& body, const ingestion::reject_limits& most);

} // namespace dossier

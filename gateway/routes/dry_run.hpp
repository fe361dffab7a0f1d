// SPDX-License-Identifier: Apache-2.0
// What a job would make of the beginning of a file, without a job: how the file is written and why
// that is thought, which field becomes which column, and what is wrong with the first records.
#pragma once

#include "gateway/routes/shared.hpp"
#include "protocol/ingestion.hpp"

#include <cstdint>
#include <memory>

namespace dossier {

/// Reads the content on a reader's thread; `held` keeps it there until then. Refuses what would
/// fail the job.
awaitable<result<response>> dry_run(shared_parts& shared, ingestion::submission of,
                                    std::uint32_t rows_max, std::shared_ptr<const void> held);

} // namespace dossier

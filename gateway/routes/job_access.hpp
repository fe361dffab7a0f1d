// SPDX-License-Identifier: Apache-2.0
// What every route about ingestion jobs does first: find the job as far as the caller may know of
// it, and send it commands.
#pragma once

#include "gateway/routes/shared.hpp"
#include "protocol/ingestion.hpp"

#include <memory>

namespace dossier {

using job_answer = answer<ingestion::view>;

/// The one answer for jobs that do not exist and for those of others.
failure no_such_job();

/// The job named by the path's first parameter, read on a reader's thread.
awaitable<result<found_job>> find_visible_job(shared_parts& shared, const request& r);
awaitable<result<found_job>> find_visible_job(shared_parts& shared, const request& r,
                                              const entity_id& id);

/// Sends the command and waits until its effect is durable. `held` is kept until the core has
/// answered, even if this wait ends before.
awaitable<result<job_answer>> tell_job(shared_parts& shared, const request& r, const entity_id& id,
                                       ingestion::command what, std::shared_ptr<const void> held);

response job_response(const shared_parts& shared, const entity_id& id, const ingestion::view& view);

} // namespace dossier

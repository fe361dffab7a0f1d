// SPDX-License-Identifier: Apache-2.0
// What every region and shell is given. Owned by the core; outlives all actors.
#pragma once

#include "actors/entity/gauge.hpp"
#include "actors/seams.hpp"
#include "config/settings.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"

namespace dossier {

struct entity_services {
  const journal& store;
  commit_queue& commits;
  const clock& time;
  id_source& ids;
  background& loaders;
  core_counters& counters;
  actor_settings limits;
  seconds answers_kept;
};

} // namespace dossier

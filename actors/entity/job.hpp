// SPDX-License-Identifier: Apache-2.0
// A command on its way: what is asked, by whom, where the answer goes, and its place in the limits.
#pragma once

#include "actors/entity/gauge.hpp"
#include "actors/entity/reply.hpp"

#include <memory>
#include <utility>

namespace dossier {

template <class K>
struct command_job {
  command_job(core_counters& counters, const entity_id& to, typename K::command command,
              command_meta about, std::shared_ptr<reply<typename K::view>> answer_to)
    : id(to)
    , what(std::move(command))
    , meta(std::move(about))
    , done(std::move(answer_to))
    , slot(counters) {}

  entity_id id;
  typename K::command what;
  command_meta meta;
  std::shared_ptr<reply<typename K::view>> done;
  pending_slot slot;
};

/// Held by exactly one queue or message at a time.
template <class K>
using job_ptr = std::shared_ptr<command_job<K>>;

} // namespace dossier

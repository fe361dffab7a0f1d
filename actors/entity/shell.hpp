// SPDX-License-Identifier: Apache-2.0
// The actor around one entity, generic over its rules. It is given the entity as last committed,
// decides one command at a time, and answers only after the batch is durable. It never reads the
// journal and never guesses: a refused batch means that its state is not the truth, so it ends and
// its region reads the entity again. When the region lets an idle entity go, its shell may host
// another.
#pragma once

#include "actors/entity/services.hpp"
#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <deque>
#include <memory>

namespace dossier {

template <class K>
struct shell_state {
  static inline const char* name = "shell";

  /// Takes the next command, or puts it behind the one whose batch is in flight.
  void accept(job_ptr<K> job);
  /// Adopts and answers what was in flight, then goes on with what waited.
  void finish(const write_outcome& outcome);

  typename shell_actor<K>::pointer self = nullptr;
  entity_services* services = nullptr;
  std::shared_ptr<const typename K::policy> policy;
  std::shared_ptr<shell_seed<K>> seed; ///< Set before the first command.
  std::deque<job_ptr<K>> waiting;      ///< Bounded by the region: actors.pending_per_entity_max.
  job_ptr<K> in_flight;
  hosted<K> next; ///< What the entity becomes if the batch in flight is durable.

private:
  void handle(job_ptr<K> job);
  void answer_with(command_job<K>& job, const hosted<K>& entity);
  void answer_to(command_job<K>& job, result<answer<typename K::view>> what);
};

template <class K>
typename shell_actor<K>::behavior_type
shell(typename shell_actor<K>::template stateful_pointer<shell_state<K>> self,
      entity_services* services, std::shared_ptr<const typename K::policy> policy);

} // namespace dossier

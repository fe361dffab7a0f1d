// SPDX-License-Identifier: Apache-2.0
#include "actors/entity/shell.hpp"

#include "actors/entity/decision.hpp"
#include "actors/kinds.hpp"
#include "config/log.hpp"
#include "protocol/assert.hpp"

#include <caf/send.hpp>

#include <exception>
#include <utility>

namespace dossier {

template <class K>
void shell_state<K>::accept(job_ptr<K> job) {
  if (in_flight)
    waiting.push_back(std::move(job));
  else
    handle(std::move(job));
}

template <class K>
void shell_state<K>::handle(job_ptr<K> job) {
  const context ctx{services->time.now(), seed->id, services->ids.dice()};
  auto made
    = make_decision<K>(seed->entity, job->what, job->meta, ctx, *policy, services->answers_kept);
  if (!made) {
    services->counters.refusals.fetch_add(1, std::memory_order_relaxed);
    answer_to(*job, made.error());
    return;
  }
  if (!made->write) {
    answer_with(*job, made->next);
    return;
  }
  next = std::move(made->next);
  in_flight = std::move(job);
  services->commits.submit(std::move(*made->write),
                           [to = caf::actor_cast<shell_actor<K>>(self)](write_outcome outcome) {
                             caf::anon_send(to, committed{std::move(outcome)});
                           });
}

template <class K>
void shell_state<K>::finish(const write_outcome& outcome) {
  DOSSIER_ASSERT(in_flight, "a batch was answered that this shell did not hand in");
  auto job = std::exchange(in_flight, nullptr);
  if (!outcome && !DOSSIER_PLANTED(keep_state_after_refusal)) {
    answer_to(*job, fail(errc::unavailable,
                         "the change was not recorded (" + outcome.error().why + "); repeat it"));
    self->quit(caf::exit_reason::unhandled_exception);
    return;
  }
  seed->entity = std::move(next);
  seed->gauge->version.store(seed->entity.version, std::memory_order_relaxed);
  answer_with(*job, seed->entity);
  while (!in_flight && !waiting.empty()) {
    auto following = std::move(waiting.front());
    waiting.pop_front();
    handle(std::move(following));
  }
}

template <class K>
void shell_state<K>::answer_with(command_job<K>& job, const hosted<K>& entity) {
  if (entity.version == 0)
    answer_to(job, fail(errc::not_found, "there is no " + entity_ref{K::code, seed->id}.text()));
  else
    answer_to(job, answer<typename K::view>{seed->id, view_of(entity.state, entity.version)});
}

template <class K>
void shell_state<K>::answer_to(command_job<K>& job, result<answer<typename K::view>> what) {
  seed->gauge->answered.fetch_add(1, std::memory_order_relaxed);
  job.done->deliver(std::move(what));
}

template <class K>
typename shell_actor<K>::behavior_type
shell(typename shell_actor<K>::template stateful_pointer<shell_state<K>> self,
      entity_services* services, std::shared_ptr<const typename K::policy> policy) {
  self->state.self = self;
  self->state.services = services;
  self->state.policy = std::move(policy);
  self->set_exception_handler([self](std::exception_ptr& thrown) -> caf::error {
    std::string why = "an unknown exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      why = e.what();
    } catch (...) {
      // Named above.
    }
    const auto& seed = self->state.seed;
    log(log_level::error, "actor crashed",
        {{"entity", seed ? entity_ref{K::code, seed->id}.text() : "none"}, {"why", why}});
    return caf::exit_reason::unhandled_exception;
  });
  return {
    [self](const host<K>& x) { self->state.seed = x.seed; },
    [self](const submit<K>& x) { self->state.accept(x.job); },
    [self](const committed& x) { self->state.finish(x.outcome); },
  };
}

// One line for each kind of entity.
template struct shell_state<document_kind>;
template shell_actor<document_kind>::behavior_type
shell<document_kind>(shell_actor<document_kind>::stateful_pointer<shell_state<document_kind>>,
                     entity_services*, std::shared_ptr<const document_kind::policy>);
template struct shell_state<letter_kind>;
template shell_actor<letter_kind>::behavior_type
shell<letter_kind>(shell_actor<letter_kind>::stateful_pointer<shell_state<letter_kind>>,
                   entity_services*, std::shared_ptr<const letter_kind::policy>);
template struct shell_state<webhook_kind>;
template shell_actor<webhook_kind>::behavior_type
shell<webhook_kind>(shell_actor<webhook_kind>::stateful_pointer<shell_state<webhook_kind>>,
                    entity_services*, std::shared_ptr<const webhook_kind::policy>);
template struct shell_state<job_kind>;
template shell_actor<job_kind>::behavior_type
shell<job_kind>(shell_actor<job_kind>::stateful_pointer<shell_state<job_kind>>, entity_services*,
                std::shared_ptr<const job_kind::policy>);

} // namespace dossier

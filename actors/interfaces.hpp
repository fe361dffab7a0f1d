// SPDX-License-Identifier: Apache-2.0
// Every actor's handle, with one sentence for each thing it hears.
#pragma once

#include "actors/messages.hpp"
#include "actors/outside_messages.hpp"

#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

namespace dossier {

/// One live entity; between two entities, none.
template <class K>
using shell_actor = caf::typed_actor<
  // Be this entity's actor from now on.
  caf::reacts_to<host<K>>,
  // Decide, commit, adopt, answer; one at a time, in order of arrival.
  caf::reacts_to<submit<K>>,
  // INTERNAL: the batch in flight is durable or refused.
  caf::reacts_to<committed>>;

/// All entities of one kind.
template <class K>
using region_actor = caf::typed_actor<
  // Hand a command to its entity, which is read from the journal if it is dormant.
  caf::reacts_to<submit<K>>,
  // INTERNAL: an entity was read, or could not be.
  caf::reacts_to<loaded<K>>,
  // INTERNAL: a shell ended by itself; restart it after a while, or quarantine it.
  caf::reacts_to<shell_ended>,
  // Passivate what is idle, restart what has waited long enough.
  caf::reacts_to<tick>,
  // Say who is live.
  caf::reacts_to<list_actors>,
  // Say how one of them fares.
  caf::reacts_to<describe_actor>,
  // Read one of them anew, even out of quarantine.
  caf::reacts_to<restart_actor>>;

/// Brings due timers back to their entities.
using timekeeper_actor = caf::typed_actor<
  // Fire what is due, read ahead what comes next.
  caf::reacts_to<tick>,
  // Take up timers that were just made durable.
  caf::reacts_to<timers_added>,
  // INTERNAL: a page of rows was read.
  caf::reacts_to<timers_read>,
  // INTERNAL: a fired timer has had its effect, or has to be tried again.
  caf::reacts_to<timer_done>>;

/// One destination outside.
using guard_actor = caf::typed_actor<
  // Make a call when it is its turn, again when it fails, and say how it ended.
  caf::reacts_to<offer_call>,
  // INTERNAL: an attempt was answered, or was not.
  caf::reacts_to<attempt_answered>,
  // Abandon, retry and probe what is due.
  caf::reacts_to<tick>,
  // Leave the destination alone until told otherwise.
  caf::reacts_to<trip_guard>,
  // Call it as before.
  caf::reacts_to<reset_guard>>;

/// Delivers events to all webhooks.
using deliverer_actor = caf::typed_actor<
  // Read this webhook anew; it may have begun, ended, or be paused.
  caf::reacts_to<webhook_changed>,
  // INTERNAL: a webhook was read.
  caf::reacts_to<webhook_read>,
  // INTERNAL: events for a webhook were read.
  caf::reacts_to<webhook_page>,
  // INTERNAL: a delivery has ended, well or not.
  caf::reacts_to<webhook_call_ended>,
  // INTERNAL: what was given up is kept as a letter.
  caf::reacts_to<webhook_letter_written>,
  // INTERNAL: a position is noted.
  caf::reacts_to<webhook_noted>,
  // Look for news, go on with what had to wait.
  caf::reacts_to<tick>>;

} // namespace dossier

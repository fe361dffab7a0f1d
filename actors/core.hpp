// SPDX-License-Identifier: Apache-2.0
// Everything that acts: the actor system, a region for each kind, the timekeeper, and the faces by
// which the edge reaches them. Started and stopped in a written order.
#pragma once

#include "actors/admin.hpp"
#include "actors/documents.hpp"
#include "actors/jobs.hpp"
#include "actors/letter_channel.hpp"
#include "actors/letter_redrives.hpp"
#include "actors/letters.hpp"
#include "actors/seams.hpp"
#include "actors/webhooks.hpp"
#include "config/settings.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/journal.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <memory>

namespace caf {
class actor_system;
}

namespace dossier {

/// What the core is built on. All of it outlives the core.
struct core_parts {
  const journal& store;
  commit_queue& commits;
  const clock& time;
  id_source& ids;
  background& loaders;
  dossier::pulse& pulse;
  const dossier::settings& settings;
  /// Simulation: actors run one message at a time, when the test coordinator is told to.
  bool is_stepped = false;
  /// What calls to the outside need; nullptr: there are no webhooks.
  const webhook_parts* webhooks = nullptr;
};

class core {
public:
  explicit core(const core_parts& parts);
  /// Stops if nobody did. The commit queue must not answer any more: stop it between stop() and
  /// this.
  ~core();
  core(const core&) = delete;
  core& operator=(const core&) = delete;

  /// Ends the timekeeper first, so that nothing new begins, then the regions with their shells, and
  /// waits for all of them. Whoever waits for an answer gets one. Batches in flight are still
  /// written.
  void stop();

  dossier::documents& documents();
  dossier::letters& letters();
  letter_redrives& redrives();
  dossier::jobs& jobs();
  dossier::admin& admin();
  /// nullptr without core_parts::webhooks; here and below.
  dossier::webhooks* webhooks();
  dossier::guards* guards();

  /// Who attempts the letters of this channel from now on; nullptr: nobody, they wait. When this
  /// returns, no call into the one before is running, and none will begin. Who was asked has
  /// answered or dropped every attempt before the core goes.
  void serve_letters(letter::channel channel, letter_channel* by);

  /// Time goes on; `uptime` since start, never stepping. From the pulse.
  void beat(milliseconds uptime);
  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);

  /// For simulation, which steps it.
  caf::actor_system& system();

private:
  class impl;
  std::unique_ptr<impl> impl_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Every message between actors but those of calls to the outside (outside_messages.hpp), and its
// whitelist. Messages stay inside this process: CAF's own wire form never reaches a disk or a
// socket, so none of them can be serialised.
#pragma once

#include "actors/admin.hpp"
#include "actors/entity/hosted.hpp"
#include "actors/entity/job.hpp"
#include "persistence/journal.hpp"

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/exit_reason.hpp>

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// How an exit of our own making is told from a crash.
inline constexpr auto let_go_reason = caf::exit_reason::user_shutdown;

/// What a shell needs to be the actor of one entity.
template <class K>
struct shell_seed {
  entity_id id;
  hosted<K> entity;
  std::shared_ptr<entity_gauge> gauge;
};

/// A command for an entity. To its region from anybody, to its shell from its region.
template <class K>
struct submit {
  job_ptr<K> job;
};

/// To a region, from a loader thread: what reading an entity gave.
template <class K>
struct loaded {
  entity_id id;
  std::uint64_t life = 0; ///< Which attempt of this entity asked.
  std::shared_ptr<result<hosted<K>>> what;
};

/// To a shell without an entity, from its region: be the actor of this one.
template <class K>
struct host {
  std::shared_ptr<shell_seed<K>> seed;
};

/// To a shell, from the committer's thread: its batch is durable or refused.
struct committed {
  write_outcome outcome;
};

/// To a region, when a shell ended by itself.
struct shell_ended {
  std::size_t place = 0;   ///< Where the region keeps it.
  std::uint64_t birth = 0; ///< Tells it from earlier ones at this place.
  std::string why;
};

/// To regions and the timekeeper, from the pulse: time goes on. `uptime` never steps.
struct tick {
  milliseconds uptime{0};
};

/// To a region, from an operator.
struct list_actors {
  std::optional<activity> only;
  std::optional<entity_id> after;
  std::size_t limit = 0;
  admin::actors_listed done;
};

/// To a region, from an operator: the live actor of one entity, if there is one.
struct describe_actor {
  entity_id id;
  std::function<void(std::optional<actor_info>)> done;
};

/// To a region, from an operator: read this entity anew. Ends its shell as a crash would; one that
/// is quarantined gets another chance.
struct restart_actor {
  entity_id id;
};

/// To the timekeeper, from the committer's thread: these are durable now.
struct timers_added {
  std::vector<timer_row> rows;
};

/// To the timekeeper, from a loader thread: a page of one shard's rows.
struct timers_read {
  shard_number shard = 0;
  std::uint64_t scan = 0; ///< Which scan asked; answers to older ones are dropped.
  timestamp until;
  std::shared_ptr<result<std::vector<timer_row>>> rows;
};

/// To the timekeeper: a fired timer's command was answered.
struct timer_done {
  timer_row row;
  std::optional<failure> why_not;
  timestamp at;
};

} // namespace dossier

namespace caf {

template <class K>
struct allowed_unsafe_message_type<dossier::submit<K>> : std::true_type {};
template <class K>
struct allowed_unsafe_message_type<dossier::host<K>> : std::true_type {};
template <class K>
struct allowed_unsafe_message_type<dossier::loaded<K>> : std::true_type {};

} // namespace caf

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::committed)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::shell_ended)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::tick)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::list_actors)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::describe_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::restart_actor)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::timers_added)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::timers_read)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(dossier::timer_done)

// SPDX-License-Identifier: Apache-2.0
// The actor above all entities of one kind: it reads an entity when it is first needed, spawns its
// shell, hands it commands, restarts it with growing patience when it crashes, quarantines it when
// it cannot be read or keeps crashing, and lets it go when it is idle. It decides nothing about any
// entity.
#pragma once

#include "actors/entity/services.hpp"
#include "actors/entity/shell.hpp"
#include "actors/interfaces.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dossier {

template <class K>
struct region_state {
  static inline const char* name = "region";

  ~region_state();

  void accept(job_ptr<K> job);
  void take_up(const loaded<K>& x);
  void shell_has_ended(const shell_ended& x);
  void on_tick(milliseconds uptime);
  std::vector<actor_info> list(const list_actors& x) const;
  std::optional<actor_info> describe(const entity_id& id) const;
  void restart(const entity_id& id);

  typename region_actor<K>::pointer self = nullptr;
  entity_services* services = nullptr;
  std::shared_ptr<const typename K::policy> policy;

private:
  static constexpr std::size_t none = SIZE_MAX;

  /// One live entity.
  struct entry {
    dossier::activity activity = dossier::activity::loading;
    std::uint64_t life = 0;   ///< Tells this reading of the entity from earlier ones.
    std::size_t shell = none; ///< Its place in shells_ while it is active.
    std::shared_ptr<entity_gauge> gauge;
    std::deque<job_ptr<K>> waiting; ///< While there is no shell.
    std::uint32_t restarts = 0;
    milliseconds restart_at{0};
    milliseconds last_used{0};
    timestamp last_used_at;
    std::string trouble;
    std::list<entity_id>::iterator place; ///< In by_use_.
  };

  /// Shells without an entity that are kept for the next one; more end. Ending and spawning an
  /// actor costs more than everything else that a short visit of an entity costs (CAF's clock is
  /// told of each end).
  static constexpr std::size_t resting_max = 1'024;

  /// A shell and whom it hosts.
  struct shell_place {
    shell_actor<K> actor;
    std::optional<entity_id> hosts;
    std::uint64_t birth = 0;
  };

  std::size_t find_shell();
  entry& enter(const entity_id& id);
  void load(const entity_id& id, entry& e);
  void start_shell(const entity_id& id, entry& e, hosted<K> entity);
  void back_off(const entity_id& id, entry& e, std::string why);
  void quarantine(const entity_id& id, entry& e, const std::string& why);
  void refuse_waiting(entry& e, const failure& why);
  bool make_room();
  bool is_idle(const entry& e) const;
  void let_go(const entity_id& id, entry& e);
  actor_info info_of(const entity_id& id, const entry& e) const;

  std::unordered_map<entity_id, entry> entries_;
  std::list<entity_id> by_use_;       ///< Most recently used first.
  std::deque<entity_id> backing_off_; ///< Looked through on each tick; few.
  milliseconds uptime_{0};
  std::uint64_t next_life_ = 1;
  std::vector<shell_place> shells_;
  std::vector<std::size_t> resting_; ///< Places of shells without an entity.
  std::vector<std::size_t> vacant_;  ///< Places without a shell.
};

template <class K>
typename region_actor<K>::behavior_type
region(typename region_actor<K>::template stateful_pointer<region_state<K>> self,
       entity_services* services, std::shared_ptr<const typename K::policy> policy);

} // namespace dossier

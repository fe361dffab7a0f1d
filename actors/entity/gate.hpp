// SPDX-License-Identifier: Apache-2.0
// How the edge reaches entities of one kind: a command goes to their region, a read to the journal.
// Internal to the services of actors/. Thread-safe.
#pragma once

#include "actors/entity/hosted.hpp"
#include "actors/entity/services.hpp"
#include "actors/interfaces.hpp"

#include <caf/send.hpp>

#include <memory>
#include <utility>

namespace dossier {

template <class K>
class entity_gate {
public:
  using view = typename K::view;

  entity_gate(entity_services& services, region_actor<K> region)
    : services_(services)
    , region_(std::move(region)) {}

  bool has_room() const {
    return services_.counters.pending.load(std::memory_order_relaxed)
           < services_.limits.pending_max;
  }

  /// `done` is answered exactly once; busy if as many commands wait as may.
  void submit(const entity_id& id, typename K::command what, command_meta meta,
              std::shared_ptr<reply<view>> done) {
    if (!has_room()) {
      done->deliver(fail(errc::busy, "as many commands wait as actors.pending_max allows"));
      return;
    }
    services_.counters.commands.fetch_add(1, std::memory_order_relaxed);
    hand_over(id, std::move(what), std::move(meta), std::move(done));
  }

  /// Whatever waits: for what was promised before and is not to be refused for newer work's sake.
  void hand_over(const entity_id& id, typename K::command what, command_meta meta,
                 std::shared_ptr<reply<view>> done) {
    caf::anon_send(region_,
                   dossier::submit<K>{std::make_shared<command_job<K>>(
                     services_.counters, id, std::move(what), std::move(meta), std::move(done))});
  }

  /// As it was last committed; not_found if it never existed. Blocks on the disk.
  result<view> find(const entity_id& id) const {
    const entity_ref entity{K::code, id};
    if (id.shard() < services_.store.shard_count()) {
      const auto found = recover<K>(services_.store, entity);
      if (!found)
        return found.error();
      if (found->version > 0)
        return view_of(found->state, found->version);
    }
    return fail(errc::not_found,
                "there is no " + std::string(to_string(K::code)) + ' ' + id.text());
  }

  const entity_services& services() const { return services_; }

private:
  entity_services& services_;
  const region_actor<K> region_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Figures shared between a shell, its region and the parts that only count. Plain atomics; no owner
// needed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace dossier {

/// One live entity's figures: written by its shell and by slots, read by its region.
struct entity_gauge {
  std::atomic<std::uint32_t> pending{0};  ///< Commands given to it and not answered.
  std::atomic<std::uint64_t> answered{0}; ///< By the present shell.
  std::atomic<std::uint64_t> version{0};
};

/// All entities' figures, for admission and metrics.
struct core_counters {
  std::atomic<std::uint64_t> pending{0};
  std::atomic<std::uint64_t> commands{0};
  std::atomic<std::uint64_t> refusals{0};
  std::atomic<std::uint64_t> actors_active{0};
  std::atomic<std::uint64_t> actors_quarantined{0};
  std::atomic<std::uint64_t> restarts{0};
  std::atomic<std::uint64_t> passivations{0};
};

/// A command's place in the limits: counted while it lives, whatever becomes of the command.
class pending_slot {
public:
  explicit pending_slot(core_counters& all)
    : all_(&all) {
    all_->pending.fetch_add(1);
  }
  pending_slot(const pending_slot&) = delete;
  pending_slot& operator=(const pending_slot&) = delete;
  ~pending_slot() {
    if (one_)
      one_->pending.fetch_sub(1);
    all_->pending.fetch_sub(1);
  }

  /// Counts it at one entity from now on; again for another life of the same entity.
  void move_to(const std::shared_ptr<entity_gauge>& one) {
    one->pending.fetch_add(1);
    if (one_)
      one_->pending.fetch_sub(1);
    one_ = one;
  }

private:
  core_counters* all_;
  std::shared_ptr<entity_gauge> one_;
};

} // namespace dossier

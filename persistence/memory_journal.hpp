// SPDX-License-Identifier: Apache-2.0
// The journal in memory, for tests and simulation: the same contract, plus failures on demand.
#pragma once

#include "persistence/journal.hpp"

#include <functional>
#include <memory>

namespace dossier {

class memory_journal : public journal {
public:
  static std::unique_ptr<memory_journal> make(shard_number shard_count);
  /// Asked before each write; returning a failure makes the write fail like a device would, with
  /// nothing written.
  virtual void fail_writes(std::function<std::optional<failure>()> decide) = 0;
  /// Damage on demand, for tests of recovery: replaces a stored row's bytes.
  virtual void replace_event(const entity_ref& entity, std::uint64_t sequence, std::string bytes)
    = 0;
  virtual void replace_state(const entity_ref& entity, std::optional<state_row> row) = 0;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// How many letters stand in each of their lists: counted once, then kept by what is committed.
// Thread-safe, but for tick().
#pragma once

#include "actors/letters.hpp"
#include "persistence/batch.hpp"
#include "persistence/journal.hpp"

#include <atomic>
#include <cstdint>
#include <optional>

namespace dossier {

class letter_tally {
public:
  /// Counts the lists of all shards, before anything is committed. More than `dead_warn_above` dead
  /// ones are worth a warning in the log.
  letter_tally(const journal& store, std::uint64_t dead_warn_above);

  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);
  /// Why the lists could not be read, if they could not.
  result<letter_counts> counts() const;
  /// Says once in the log that there are too many dead letters, and once that there are not any
  /// more. From one thread.
  void tick();

private:
  std::atomic<std::uint64_t>* tally_of(const projection& row);

  const std::uint64_t dead_warn_above_;
  std::optional<failure> trouble_;
  std::atomic<std::uint64_t> retrying_{0};
  std::atomic<std::uint64_t> dead_{0};
  bool has_warned_ = false;
};

} // namespace dossier

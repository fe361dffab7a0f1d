// SPDX-License-Identifier: Apache-2.0
// How many letters stand in each of their lists: counted once, then kept by what is committed.
// Thread-safe, but for count().
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
  /// Counts the lists of all shards. Once, before anything is committed.
  explicit letter_tally(const journal& store);

  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);
  /// Why the lists could not be read, if they could not.
  result<letter_counts> counts() const;

private:
  std::atomic<std::uint64_t>* tally_of(const projection& row);

  std::optional<failure> trouble_;
  std::atomic<std::uint64_t> retrying_{0};
  std::atomic<std::uint64_t> dead_{0};
};

} // namespace dossier

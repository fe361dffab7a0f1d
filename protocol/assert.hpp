// SPDX-License-Identifier: Apache-2.0
// Bugs are named where they are met, in every build. Never used for input or for faults of the
// world.
#pragma once

#include <stdexcept>

namespace dossier {

/// Thrown by DOSSIER_ASSERT: inside an actor it ends that actor, and its region restarts it; on a
/// thread of ours nobody catches it, so the process stops.
struct broken_invariant : std::logic_error {
  using std::logic_error::logic_error;
};

} // namespace dossier

/// Checks what only a bug of ours can make false; `sentence` says what should have held.
#define DOSSIER_ASSERT(condition, sentence)                                                        \
  do {                                                                                             \
    if (!(condition)) [[unlikely]]                                                                 \
      throw ::dossier::broken_invariant(sentence);                                                 \
  } while (false)

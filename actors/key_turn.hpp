// SPDX-License-Identifier: Apache-2.0
// Whose turn it is to compare new keys with those that are stored, and to store them: one at a
// time, because two who did it side by side would not see each other's. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

namespace dossier {

class key_turn {
public:
  /// Gives the turn back when it goes; then what it was taken for is committed, or never will be.
  using share = std::shared_ptr<const void>;

  /// nullptr: it is somebody else's. The turn outlives its share.
  share take() {
    if (is_taken_.exchange(true))
      return nullptr;
    return share(&is_taken_, [this](const void*) { is_taken_.store(false); });
  }

private:
  std::atomic<bool> is_taken_{false};
};

} // namespace dossier

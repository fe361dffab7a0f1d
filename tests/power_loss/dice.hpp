// SPDX-License-Identifier: Apache-2.0
// Seeded dice: the same seed gives the same throws with every standard library.
#pragma once

#include <cstdint>

namespace dossier::power_loss {

/// SplitMix64. One thread at a time.
class dice {
public:
  explicit dice(std::uint64_t seed)
    : state_(seed) {}

  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  /// 0 to bound - 1; bound is positive.
  std::uint64_t below(std::uint64_t bound) { return next() % bound; }
  /// Between both, inclusive.
  std::uint64_t between(std::uint64_t low, std::uint64_t high) {
    return low + below(high - low + 1);
  }
  bool chance(unsigned percent) { return below(100) < percent; }

private:
  std::uint64_t state_;
};

} // namespace dossier::power_loss

// SPDX-License-Identifier: Apache-2.0
// How long a peer may keep us waiting in one stage of a request. Only time spent waiting for the
// peer counts, so neither our disk nor our core can use up a client's time.
#pragma once

#include <chrono>
#include <cstdint>

namespace dossier {

using steady_time = std::chrono::steady_clock::time_point;
using steady_duration = std::chrono::steady_clock::duration;

class patience {
public:
  /// A total that nothing extends.
  static patience total(std::uint32_t ms) { return patience(ms, 0); }
  /// `grace_ms`, and one second more for each `bytes_per_s` bytes that moved.
  static patience at_rate(std::uint32_t grace_ms, std::uint32_t bytes_per_s) {
    return patience(grace_ms, bytes_per_s);
  }

  void moved(std::uint64_t bytes) { moved_bytes_ += bytes; }
  void waited(steady_duration time) { waited_ += time; }

  steady_duration left() const {
    const std::uint64_t earned_ms = bytes_per_s_ == 0 ? 0 : moved_bytes_ * 1'000 / bytes_per_s_;
    return std::chrono::milliseconds(allowed_ms_ + static_cast<std::int64_t>(earned_ms)) - waited_;
  }

private:
  patience(std::uint32_t ms, std::uint32_t bytes_per_s)
    : allowed_ms_(ms)
    , bytes_per_s_(bytes_per_s) {}

  std::int64_t allowed_ms_;
  std::uint32_t bytes_per_s_;
  std::uint64_t moved_bytes_ = 0;
  steady_duration waited_{};
};

} // namespace dossier

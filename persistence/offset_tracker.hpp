// SPDX-License-Identifier: Apache-2.0
// Which of a growing row of numbers are still under way, and below which all are finished: offsets
// of a topic, positions of a feed. They begin in order and finish in any. Pure; one thread at a
// time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

namespace dossier {

class offset_tracker {
public:
  /// Everything below `next` is finished.
  explicit offset_tracker(std::uint64_t next = 0)
    : next_(next) {}

  /// The number is under way. It must be larger than all that began before, and at least next();
  /// numbers that are passed over count as finished.
  void begin(std::uint64_t number);
  /// False if it is not under way: it never began, or finished before.
  bool finish(std::uint64_t number);
  /// Everything below is finished; it is itself under way or has not begun.
  std::uint64_t next() const { return open_.empty() ? next_ : open_.front().number; }
  /// The least number that may begin.
  std::uint64_t next_to_begin() const { return next_; }
  std::size_t under_way() const { return under_way_; }

private:
  struct open_number {
    std::uint64_t number;
    bool is_finished;
  };

  std::deque<open_number> open_; ///< Ascending; the first is not finished.
  std::uint64_t next_ = 0;       ///< Behind the last that began.
  std::size_t under_way_ = 0;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The messages of one topic and partition that are under way, in the order of their offers. They
// may be settled in any order (a failing producer names those it never sent before those it had
// sent), but count as delivered only when all before them are settled well. Pure; owned by a sink.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

namespace dossier {

class delivery_lane {
public:
  enum class outcome : std::uint8_t {
    under_way,
    kept,    ///< The backbone has it.
    refused, ///< It will never have it, so those behind it need not wait.
    failed   ///< To be offered again, and all behind it with it.
  };

  void add(std::uint64_t token) { entries_.push_back({token, outcome::under_way}); }
  /// Of a token that was added and is not settled yet. O(1) for one behind the last one settled.
  void settle(std::uint64_t token, outcome what);
  /// Moves those that count as delivered to `delivered`; says how many left the lane, refused ones
  /// included.
  std::size_t take_delivered(std::vector<std::uint64_t>& delivered);

  bool is_empty() const { return entries_.empty(); }
  /// How many would be offered again if the sink forgot them now.
  std::size_t unfinished() const;

private:
  struct entry {
    std::uint64_t token;
    outcome what;
  };

  std::deque<entry> entries_;
  std::size_t next_ = 0; ///< Where the next one to be settled is looked for first.
};

} // namespace dossier

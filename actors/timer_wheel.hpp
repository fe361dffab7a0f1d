// SPDX-License-Identifier: Apache-2.0
// Timers that are due soon, in memory: a hierarchical wheel (Varghese and Lauck, 1987) of three
// levels of 256 slots, 1 ms, 256 ms and 65.5 s wide. Pure: it is told the time. Adding is O(1),
// advancing is O(1) for each timer and each non-empty slot. There is no cancelling: a timer that is
// no longer wished for fires, and its entity ignores it.
#pragma once

#include "persistence/journal.hpp"
#include "protocol/time.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

class timer_wheel {
public:
  /// Nothing fires before `now`.
  explicit timer_wheel(timestamp now);

  /// The timer comes out of advance() once `at` has come; at once if it has. One more than span()
  /// ahead comes out when span() has passed: whoever takes it out looks at its due time again.
  void add(const timer_row& row, timestamp at);
  /// Moves everything that is due at or before `now` to `due`, in order of time. A `now` before the
  /// last one moves nothing: reset() the wheel then.
  void advance(timestamp now, std::vector<timer_row>& due);
  /// No timer is due before this; nullopt if there is none at all. May be earlier than the first
  /// timer.
  std::optional<timestamp> next_due() const;
  /// Empties it and sets its time.
  void reset(timestamp now);

  std::size_t size() const { return size_; }
  timestamp now() const { return from_ms(now_ms_); }
  static constexpr milliseconds span() { return milliseconds{256LL * 256 * 256 - 65'536}; }

private:
  static constexpr std::size_t levels = 3;
  static constexpr std::size_t slots = 256;
  static constexpr std::uint32_t none = UINT32_MAX;

  /// 48 bytes.
  struct node {
    std::int64_t at_ms;
    std::int64_t due_ms;
    entity_id id;
    entity_kind kind;
    std::uint16_t name;
    std::uint32_t next;
  };
  /// Heads and tails of one level's slots, and which of them are not empty.
  struct level {
    std::array<std::uint32_t, slots> first;
    std::array<std::uint32_t, slots> last;
    std::array<std::uint64_t, slots / 64> filled;
  };

  std::uint16_t name_number(const std::string& name);
  void place(std::uint32_t index);
  void append(level& l, std::size_t slot, std::uint32_t index);
  std::uint32_t take(level& l, std::size_t slot);
  void cascade(std::size_t which);
  void take_out(std::uint32_t index, std::vector<timer_row>& due);
  void sweep_all(std::int64_t now_ms, std::vector<timer_row>& due);
  static std::optional<std::size_t> next_filled(const level& l, std::size_t from);

  std::vector<node> nodes_;
  std::uint32_t free_ = none;
  std::array<level, levels> levels_;
  std::vector<std::string> names_; ///< Few: the names of all timers of all kinds.
  std::int64_t now_ms_ = 0;
  std::size_t size_ = 0;
};

} // namespace dossier

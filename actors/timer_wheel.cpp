// SPDX-License-Identifier: Apache-2.0
#include "actors/timer_wheel.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <bit>

namespace dossier {

namespace {

constexpr std::int64_t mask = 255;

} // namespace

timer_wheel::timer_wheel(timestamp now) {
  reset(now);
}

void timer_wheel::reset(timestamp now) {
  nodes_.clear();
  nodes_.shrink_to_fit();
  free_ = none;
  size_ = 0;
  now_ms_ = to_ms(now);
  for (auto& l : levels_) {
    l.first.fill(none);
    l.last.fill(none);
    l.filled.fill(0);
  }
}

std::uint16_t timer_wheel::name_number(const std::string& name) {
  const auto at = std::find(names_.begin(), names_.end(), name);
  if (at != names_.end())
    return static_cast<std::uint16_t>(at - names_.begin());
  DOSSIER_ASSERT(names_.size() < UINT16_MAX, "timers have few different names");
  names_.push_back(name);
  return static_cast<std::uint16_t>(names_.size() - 1);
}

void timer_wheel::add(const timer_row& row, timestamp at) {
  std::uint32_t index = free_;
  if (index == none) {
    index = static_cast<std::uint32_t>(nodes_.size());
    nodes_.push_back({});
  } else {
    free_ = nodes_[index].next;
  }
  // What is due already comes out with the next millisecond that advance() looks at.
  nodes_[index] = {std::clamp(to_ms(at), now_ms_, now_ms_ + span().count()),
                   to_ms(row.timer.due),
                   row.entity.id,
                   row.entity.kind,
                   name_number(row.timer.name),
                   none};
  ++size_;
  place(index);
}

void timer_wheel::append(level& l, std::size_t slot, std::uint32_t index) {
  nodes_[index].next = none;
  if (l.first[slot] == none)
    l.first[slot] = index;
  else
    nodes_[l.last[slot]].next = index;
  l.last[slot] = index;
  l.filled[slot / 64] |= std::uint64_t{1} << slot % 64;
}

std::uint32_t timer_wheel::take(level& l, std::size_t slot) {
  const auto first = l.first[slot];
  l.first[slot] = l.last[slot] = none;
  l.filled[slot / 64] &= ~(std::uint64_t{1} << slot % 64);
  return first;
}

/// The finest level whose present turn still contains the timer.
void timer_wheel::place(std::uint32_t index) {
  const auto at = nodes_[index].at_ms;
  for (std::size_t which = 0; which < levels; ++which) {
    const auto turn = 8 * (which + 1);
    if (at >> turn == now_ms_ >> turn || which + 1 == levels) {
      append(levels_[which], static_cast<std::size_t>(at >> 8 * which & mask), index);
      return;
    }
  }
}

void timer_wheel::cascade(std::size_t which) {
  auto& l = levels_[which];
  auto index = take(l, static_cast<std::size_t>(now_ms_ >> 8 * which & mask));
  while (index != none) {
    const auto next = nodes_[index].next;
    place(index);
    index = next;
  }
}

void timer_wheel::take_out(std::uint32_t index, std::vector<timer_row>& due) {
  const auto& n = nodes_[index];
  due.push_back({{n.kind, n.id}, {from_ms(n.due_ms), names_[n.name]}});
  nodes_[index].next = free_;
  free_ = index;
  --size_;
}

void timer_wheel::advance(timestamp now, std::vector<timer_row>& due) {
  const auto target = to_ms(now);
  if (target < now_ms_)
    return;
  if (target - now_ms_ > 1'000'000) {
    sweep_all(target, due);
    return;
  }
  for (;;) {
    auto& finest = levels_[0];
    const auto turn_end = now_ms_ | mask;
    for (auto slot = next_filled(finest, static_cast<std::size_t>(now_ms_ & mask)); slot;
         slot = next_filled(finest, *slot)) {
      const auto slot_ms = (now_ms_ & ~mask) + static_cast<std::int64_t>(*slot);
      if (slot_ms > target)
        break;
      for (auto index = take(finest, *slot); index != none;) {
        const auto next = nodes_[index].next;
        take_out(index, due);
        index = next;
      }
    }
    if (turn_end >= target) {
      now_ms_ = target;
      return;
    }
    now_ms_ = turn_end + 1;
    if ((now_ms_ >> 8 & mask) == 0)
      cascade(2);
    cascade(1);
  }
}

/// After a long stand-still or a step of the clock: cheaper than walking the turns between.
void timer_wheel::sweep_all(std::int64_t target, std::vector<timer_row>& due) {
  std::vector<std::uint32_t> all;
  all.reserve(size_);
  for (auto& l : levels_)
    for (std::size_t slot = 0; slot < slots; ++slot)
      for (auto index = take(l, slot); index != none; index = nodes_[index].next)
        all.push_back(index);
  std::stable_sort(all.begin(), all.end(), [this](std::uint32_t a, std::uint32_t b) {
    return nodes_[a].at_ms < nodes_[b].at_ms;
  });
  now_ms_ = target;
  for (const auto index : all) {
    if (nodes_[index].at_ms <= target)
      take_out(index, due);
    else
      place(index);
  }
}

std::optional<std::size_t> timer_wheel::next_filled(const level& l, std::size_t from) {
  for (auto word = from / 64; word < l.filled.size(); ++word) {
    auto bits = l.filled[word];
    if (word == from / 64)
      bits &= ~std::uint64_t{0} << from % 64;
    if (bits != 0)
      return word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
  }
  return std::nullopt;
}

std::optional<timestamp> timer_wheel::next_due() const {
  if (size_ == 0)
    return std::nullopt;
  for (std::size_t which = 0; which < levels; ++which) {
    const auto shift = 8 * which;
    const auto from = static_cast<std::size_t>(now_ms_ >> shift & mask);
    if (const auto slot = next_filled(levels_[which], from)) {
      const auto turn_start = now_ms_ >> shift & ~mask;
      return from_ms(std::max(now_ms_, (turn_start + static_cast<std::int64_t>(*slot)) << shift));
    }
  }
  // The coarsest level wraps: what it holds is in its next turn.
  return from_ms(((now_ms_ >> 24) + 1) << 24);
}

} // namespace dossier

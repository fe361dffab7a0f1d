// SPDX-License-Identifier: Apache-2.0
#include "persistence/delivery_lane.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier {

void delivery_lane::settle(std::uint64_t token, outcome what) {
  const auto count = entries_.size();
  for (std::size_t looked_at = 0; looked_at < count; ++looked_at) {
    const auto i = (next_ + looked_at) % count;
    auto& e = entries_[i];
    if (e.token != token || e.what != outcome::under_way)
      continue;
    e.what = what;
    next_ = i + 1;
    return;
  }
  DOSSIER_ASSERT(false, "What is settled was under way.");
}

std::size_t delivery_lane::take_delivered(std::vector<std::uint64_t>& delivered) {
  std::size_t taken = 0;
  for (; !entries_.empty(); ++taken) {
    const auto& first = entries_.front();
    if (first.what != outcome::kept && first.what != outcome::refused)
      break;
    if (first.what == outcome::kept)
      delivered.push_back(first.token);
    entries_.pop_front();
  }
  next_ -= std::min(next_, taken);
  return taken;
}

std::size_t delivery_lane::unfinished() const {
  return static_cast<std::size_t>(
    std::ranges::count_if(entries_, [](const entry& e) { return e.what != outcome::refused; }));
}

} // namespace dossier

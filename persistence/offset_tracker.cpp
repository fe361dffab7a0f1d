// SPDX-License-Identifier: Apache-2.0
#include "persistence/offset_tracker.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier {

void offset_tracker::begin(std::uint64_t number) {
  DOSSIER_ASSERT(number >= next_, "numbers begin in order");
  open_.push_back({number, false});
  next_ = number + 1;
  ++under_way_;
}

bool offset_tracker::finish(std::uint64_t number) {
  const auto at = std::ranges::lower_bound(open_, number, {}, &open_number::number);
  if (at == open_.end() || at->number != number || at->is_finished)
    return false;
  at->is_finished = true;
  --under_way_;
  while (!open_.empty() && open_.front().is_finished)
    open_.pop_front();
  return true;
}

} // namespace dossier

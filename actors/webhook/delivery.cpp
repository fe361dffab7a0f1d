// SPDX-License-Identifier: Apache-2.0
#include "actors/webhook/delivery.hpp"

#include "protocol/assert.hpp"
#include "protocol/planted.hpp"

#include <utility>

namespace dossier::webhook {

void delivery::take(const feed_place& at, cloud_event event) {
  auto& lane = lanes_[event.partitionkey];
  lane.push_back(at);
  const auto arrival = arrivals_++;
  if (lane.size() == 1)
    ready_.emplace(arrival, at);
  const bool is_new = open_.emplace(at, item{std::move(event), arrival}).second;
  DOSSIER_ASSERT(is_new, "an event of the feed is taken once");
}

std::optional<feed_place> delivery::next() {
  if (ready_.empty())
    return std::nullopt;
  return ready_.extract(ready_.begin()).value().second;
}

void delivery::put_back(const feed_place& at) {
  ready_.emplace(open_.at(at).arrival, at);
}

void delivery::finish(const feed_place& done) {
  // A copy: what it refers to may be ours, and go.
  const auto at = done;
  const auto found = open_.find(at);
  DOSSIER_ASSERT(found != open_.end(), "what ends was on its way");
  const auto lane = lanes_.find(found->second.event.partitionkey);
  DOSSIER_ASSERT(lane->second.front() == at, "an entity's events end in their order");
  lane->second.pop_front();
  open_.erase(found);
  ahead_.insert(at);
  // What no open one of the shard stands before is behind the position now.
  const auto first_open = open_.lower_bound({at.shard, 0});
  const bool is_any = first_open != open_.end() && first_open->first.shard == at.shard;
  const auto until
    = is_any ? ahead_.lower_bound(first_open->first) : ahead_.upper_bound({at.shard, UINT64_MAX});
  ahead_.erase(ahead_.lower_bound({at.shard, 0}), until);
  if (lane->second.empty()) {
    lanes_.erase(lane);
  } else {
    const auto& following = lane->second.front();
    ready_.emplace(open_.at(following).arrival, following);
  }
}

feed_cursor delivery::position() const {
  auto cursor = read_;
  if (DOSSIER_PLANTED(position_passes_open))
    return cursor;
  // Backwards, so that the first open one of each shard has the last word.
  for (auto at = open_.rbegin(); at != open_.rend(); ++at)
    cursor.positions[at->first.shard] = at->first.position - 1;
  return cursor;
}

} // namespace dossier::webhook

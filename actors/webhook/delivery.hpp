// SPDX-License-Identifier: Apache-2.0
// How far one webhook's events have come: which were read, which are on their way, and up to where
// everything has ended. Pure. Owned by the deliverer, one thread at a time.
#pragma once

#include "protocol/cloud_event.hpp"
#include "protocol/feed_cursor.hpp"
#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace dossier::webhook {

/// Where an event stands in the feed.
struct feed_place {
  shard_number shard = 0;
  std::uint64_t position = 0;
  auto operator<=>(const feed_place&) const = default;
};

/// Of one entity one event is on its way at a time, in the order of the feed; other entities pass.
class delivery {
public:
  explicit delivery(feed_cursor from)
    : read_(std::move(from)) {}

  /// An event that was read; of each shard in ascending order. Its partitionkey is its entity.
  void take(const feed_place& at, cloud_event event);
  /// Everything up to here was read, and what was not taken is of no concern.
  void read_until(feed_cursor until) { read_ = std::move(until); }
  const feed_cursor& read_until() const { return read_; }

  /// An event that may go now, the first that was taken; it is on its way from then on.
  std::optional<feed_place> next();
  /// It was not sent after all: next() gives it again.
  void put_back(const feed_place& at);
  /// It is over, well or not. The next of its entity may go.
  void finish(const feed_place& at);
  /// Of one that was taken and is not over.
  const cloud_event& event_at(const feed_place& at) const { return open_.at(at).event; }

  /// Everything up to here is over: what may be kept.
  feed_cursor position() const;
  std::size_t open() const { return open_.size(); }
  /// Events that are over behind one of their shard that is not: they go again if memory is lost.
  std::size_t ahead() const { return ahead_.size(); }

private:
  struct item {
    cloud_event event;
    std::uint64_t arrival = 0;
  };

  feed_cursor read_;
  std::map<feed_place, item> open_;
  std::set<feed_place> ahead_;
  std::unordered_map<std::string, std::deque<feed_place>> lanes_; ///< By entity.
  std::set<std::pair<std::uint64_t, feed_place>> ready_; ///< First of their lanes, not on the way.
  std::uint64_t arrivals_ = 0;
};

} // namespace dossier::webhook

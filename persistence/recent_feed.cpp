// SPDX-License-Identifier: Apache-2.0
#include "persistence/recent_feed.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dossier {

namespace {

std::size_t bytes_of(const feed_entry& entry) {
  return sizeof(feed_entry) + entry.row.reply.size() + (entry.event ? entry.event->size() : 0);
}

} // namespace

void recent_feed::add(std::vector<feed_entry>& entries) {
  const std::lock_guard lock{mutex_};
  for (auto& entry : entries) {
    bytes_ += bytes_of(entry);
    order_.push_back(entry.row.shard);
    shards_[entry.row.shard].push_back(std::move(entry));
  }
  entries.clear();
  while (bytes_ > bytes_max_) {
    auto& rows = shards_[order_.front()];
    bytes_ -= bytes_of(rows.front());
    rows.pop_front();
    order_.pop_front();
  }
}

std::optional<std::vector<feed_entry>> recent_feed::read(shard_number shard, std::uint64_t after,
                                                         std::size_t limit) const {
  const std::lock_guard lock{mutex_};
  if (shard >= shards_.size() || shards_[shard].empty())
    return std::nullopt;
  const auto& rows = shards_[shard];
  const auto first = rows.front().row.position;
  if (after + 1 < first)
    return std::nullopt;
  const auto behind = std::min<std::uint64_t>(after + 1 - first, rows.size());
  const auto from = std::next(rows.begin(), static_cast<std::ptrdiff_t>(behind));
  const auto count = std::min<std::uint64_t>(limit, rows.size() - behind);
  return std::vector<feed_entry>(from, std::next(from, static_cast<std::ptrdiff_t>(count)));
}

} // namespace dossier

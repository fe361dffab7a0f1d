// SPDX-License-Identifier: Apache-2.0
#include "actors/list_walk.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

bool is_newer(const listing& a, const listing& b) {
  return a.created_at != b.created_at ? a.created_at > b.created_at : a.entity < b.entity;
}

list_walk::list_walk(const journal& store, std::string_view list, std::optional<listing> after,
                     std::size_t expected)
  : store_(store)
  , list_(list)
  // Rows lie anywhere: each shard is read a little beyond its share.
  , rows_ahead_(std::clamp<std::size_t>(2 * expected / store.shard_count(), 4, 1'000))
  , lanes_(store.shard_count()) {
  for (auto& l : lanes_)
    l.after = after;
}

result<void> list_walk::fill(shard_number shard) {
  auto& l = lanes_[shard];
  if (l.is_read || !l.rows.empty())
    return {};
  const auto rows = store_.read_list(shard, list_, l.after, rows_ahead_);
  if (!rows)
    return rows.error();
  l.rows.assign(rows->begin(), rows->end());
  l.is_read = rows->size() < rows_ahead_;
  if (!rows->empty())
    l.after = rows->back();
  return {};
}

result<std::optional<listing>> list_walk::next() {
  lane* newest = nullptr;
  for (shard_number shard = 0; shard < lanes_.size(); ++shard) {
    if (auto filled = fill(shard); !filled)
      return filled.error();
    auto& l = lanes_[shard];
    if (!l.rows.empty() && (!newest || is_newer(l.rows.front(), newest->rows.front())))
      newest = &l;
  }
  if (!newest)
    return std::optional<listing>{};
  auto row = newest->rows.front();
  newest->rows.pop_front();
  return std::optional(std::move(row));
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/new_keys.hpp"

#include "persistence/keyed_row_cursor.hpp"

#include <algorithm>
#include <span>
#include <utility>

namespace dossier {

void new_keys::add(std::string key, std::size_t owner) {
  const auto hash = hash_of_key(key);
  items_.push_back({hash, std::move(key), owner});
  is_sorted_ = false;
}

void new_keys::sort() {
  if (!std::exchange(is_sorted_, true))
    std::ranges::sort(items_);
}

void new_keys::find_repeated(const std::function<void(std::size_t)>& repeated) {
  sort();
  for (std::size_t i = 1; i < items_.size(); ++i)
    if (items_[i].key == items_[i - 1].key)
      repeated(items_[i].owner);
}

result<void> new_keys::look_in(const stored_chunk& chunk,
                               const std::function<void(std::size_t, std::uint64_t)>& found) {
  sort();
  const auto* correction = chunk.rows->correction();
  if (auto looked = look_in(chunk.rows->records(), correction, found); !looked)
    return looked;
  return correction ? look_in(*correction, nullptr, found) : result<void>();
}

result<void> new_keys::look_in(const row_file& file, const row_file* correction,
                               const std::function<void(std::size_t, std::uint64_t)>& found) const {
  if (!file.has_keys())
    return {};
  std::vector<std::pair<std::uint32_t, std::size_t>> hits; // An ordinal, and who may have its key.
  const auto joined = join_keys(
    file.keys(1), std::span(items_), &item::hash, [&](const key_entry& entry, std::size_t first) {
      for (auto i = first; i < items_.size() && items_[i].hash == entry.hash; ++i)
        hits.emplace_back(entry.ordinal, i);
    });
  if (!joined || hits.empty())
    return joined;
  // In the order in which they lie, so that each block is read once.
  std::ranges::sort(hits);
  keyed_row_cursor rows(file, correction);
  for (const auto& [ordinal, i] : hits) {
    const auto counts = rows.go_to(ordinal);
    if (!counts)
      return counts.error();
    if (*counts && rows.key() == items_[i].key)
      found(items_[i].owner, rows.number());
  }
  return {};
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/key_comparison.hpp"

#include "persistence/keyed_row_cursor.hpp"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace dossier {

namespace {

/// Of the job's own keys, in memory at once: 16 bytes each.
constexpr std::uint64_t slice_keys = 200'000;
constexpr std::uint32_t slice_bits_max = 16;
constexpr std::uint32_t pages_at_once_max = 16;

} // namespace

key_comparison::key_comparison(std::vector<stored_chunk> own, std::vector<stored_chunk> stored,
                               std::uint64_t duplicates_max)
  : chunks_(std::move(own))
  , duplicates_max_(duplicates_max) {
  const auto own_count = chunks_.size();
  for (const auto& chunk : chunks_)
    keys_ += chunk.rows->records().counts().rows;
  std::ranges::move(stored, std::back_inserter(chunks_));
  for (std::size_t i = 0; i < chunks_.size(); ++i) {
    const auto& rows = *chunks_[i].rows;
    const bool is_own = i < own_count;
    parts_.push_back({&rows.records(), i, is_own, true});
    if (rows.correction())
      parts_.push_back({rows.correction(), i, false, false});
  }
  std::erase_if(parts_, [](const part& p) { return !p.file->has_keys(); });
  while (keys_ >> slice_bits_ > slice_keys && slice_bits_ < slice_bits_max)
    ++slice_bits_;
  found_.resize(std::size_t{1} << slice_bits_);
  // Why: of a run that has few keys in each slice, what is read ahead is read in vain.
  const auto keys_of_chunk = own_count == 0 ? 0 : (keys_ / own_count) >> slice_bits_;
  pages_at_once_ = static_cast<std::uint32_t>(std::min<std::uint64_t>(
                     keys_of_chunk / row_format::page_entries, pages_at_once_max - 1))
                   + 1;
}

result<void> key_comparison::look_at(std::size_t slice) {
  const std::uint64_t first
    = slice_bits_ == 0 ? 0 : static_cast<std::uint64_t>(slice) << (64 - slice_bits_);
  const std::uint64_t last = first + (~std::uint64_t{0} >> slice_bits_);
  std::vector<candidate> mine;
  // Why: a vector that grows by itself would take three times as much while it does. Hashes are
  // spread so evenly that hardly a slice needs more.
  mine.reserve((keys_ >> slice_bits_) + (keys_ >> slice_bits_ >> 6));
  for (std::uint32_t i = 0; i < parts_.size(); ++i)
    if (parts_[i].is_own)
      if (auto gathered = gather(parts_[i], i, first, last, mine); !gathered)
        return gathered;
  if (mine.empty())
    return {};
  std::ranges::sort(mine);
  std::vector<bool> is_shared(mine.size());
  for (std::size_t i = 1; i < mine.size(); ++i)
    if (mine[i].hash == mine[i - 1].hash)
      is_shared[i] = is_shared[i - 1] = true;
  auto& found = found_[slice];
  for (std::uint32_t i = 0; i < parts_.size(); ++i)
    if (!parts_[i].is_own)
      if (auto joined = join(parts_[i], i, mine, is_shared, found); !joined)
        return joined;
  std::uint64_t own = 0;
  for (std::size_t i = 0; i < mine.size(); ++i)
    if (is_shared[i]) {
      found.push_back(mine[i]);
      ++own;
    }
  // Of two that share a key one is a duplicate at least.
  if (own_found_.fetch_add(own) + own > 2 * std::min(duplicates_max_, UINT64_MAX / 4) + 1)
    return fail(errc::too_large, "more than " + std::to_string(duplicates_max_)
                                   + " of its rows have keys that were there before");
  return {};
}

result<void> key_comparison::gather(const part& p, std::uint32_t index, std::uint64_t first,
                                    std::uint64_t last, std::vector<candidate>& mine) const {
  auto keys = p.file->keys(pages_at_once_);
  if (auto skipped = keys.skip_to(first); !skipped)
    return skipped;
  for (key_entry entry;;) {
    const auto has_next = keys.next(entry);
    if (!has_next)
      return has_next.error();
    if (!*has_next || entry.hash > last)
      return {};
    mine.push_back({entry.hash, index, entry.ordinal});
  }
}

result<void> key_comparison::join(const part& p, std::uint32_t index,
                                  const std::vector<candidate>& mine, std::vector<bool>& is_shared,
                                  std::vector<candidate>& found) const {
  return join_keys(p.file->keys(1), std::span(mine), &candidate::hash,
                   [&](const key_entry& entry, std::size_t first) {
                     found.push_back({entry.hash, index, entry.ordinal});
                     for (auto i = first; i < mine.size() && mine[i].hash == entry.hash; ++i)
                       is_shared[i] = true;
                   });
}

result<void> key_comparison::look_up(const std::vector<candidate>& all,
                                     std::vector<keyed_row>& rows) const {
  for (auto next = all.begin(); next != all.end();) {
    const auto index = next->part;
    const auto& p = parts_[index];
    keyed_row_cursor at(*p.file, p.is_base ? chunks_[p.chunk].rows->correction() : nullptr);
    for (; next != all.end() && next->part == index; ++next) {
      const auto counts = at.go_to(next->ordinal);
      if (!counts)
        return counts.error();
      if (*counts)
        rows.push_back(
          {next->hash, second_hash_of_key(at.key()), p.is_own, at.number(), index, next->ordinal});
    }
  }
  return {};
}

result<std::vector<chunk_duplicates>> key_comparison::fold() {
  std::vector<candidate> all;
  for (auto& slice : found_) {
    std::ranges::move(slice, std::back_inserter(all));
    slice = {};
  }
  // In the order in which they lie, so that each block is read once.
  std::ranges::sort(all, {}, [](const candidate& c) { return std::pair(c.part, c.ordinal); });
  std::vector<keyed_row> rows;
  if (auto looked = look_up(all, rows); !looked)
    return looked.error();
  std::ranges::sort(rows);
  std::vector<chunk_duplicates> duplicates;
  for (const auto& chunk : chunks_)
    duplicates.push_back({chunk.number, {}});
  for (std::size_t first = 0, i = 1; i < rows.size(); ++i) {
    if (rows[i].hash != rows[first].hash || rows[i].check != rows[first].check) {
      first = i;
      continue;
    }
    if (!rows[i].is_own)
      continue;
    duplicates[parts_[rows[i].part].chunk].rows.push_back(
      {rows[i].number, rows[i].ordinal, chunks_[parts_[rows[first].part].chunk].job,
       rows[first].number});
  }
  std::erase_if(duplicates, [](const chunk_duplicates& d) { return d.rows.empty(); });
  for (auto& d : duplicates)
    std::ranges::sort(d.rows, {}, &duplicate_row::number);
  return duplicates;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The keys of a file of rows, as hashes in sorted runs: gathered and written while rows come in,
// looked up and merged afterwards. A hash says where a key may be; what it is says the row.
#pragma once

#include "persistence/named_input.hpp"
#include "persistence/row_file_format.hpp"
#include "protocol/csv/row_block.hpp"
#include "protocol/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// One row's key.
struct key_entry {
  std::uint64_t hash = 0;
  std::uint32_t ordinal = 0; ///< The row's place among the rows of its file, from 0.

  auto operator<=>(const key_entry&) const = default;
};

/// SipHash-1-3 of a key's bytes under the key "dossier row keys". Frozen: it stands in files.
std::uint64_t hash_of_key(std::string_view bytes);

/// The same under the key "dossier row more": two keys with both hashes are one.
std::uint64_t second_hash_of_key(std::string_view bytes);

/// The 8 bytes, little-endian, that stand for a key that is no text.
std::string key_bytes_of(std::int64_t value);

/// The bytes by which a row's key is told from others: a text is its own, anything else the 8 bytes
/// of its value, which are put into `room`. nullopt if the block has no such column or is damaged.
std::optional<std::string_view> key_bytes_of(const csv::row_block_reader& block, std::uint32_t row,
                                             std::size_t column, std::string& room);
/// The same of a row that is in memory. Requires that the block has such a column.
std::string_view key_bytes_of(const csv::row_block& block, std::uint32_t row, std::size_t column,
                              std::string& room);

/// Gathers keys until a run of them is full. Memory is taken once, 32 bytes an entry.
class key_gatherer {
public:
  explicit key_gatherer(std::uint32_t entries_max);

  void add(const key_entry& e) { entries_.push_back(e); }
  bool is_empty() const { return entries_.empty(); }
  bool is_full() const { return entries_.size() >= entries_max_; }

  /// Sorts what was gathered and hands its pages to `put`, some at a time; then it is empty. They
  /// will lie at `offset`.
  result<row_format::key_run> write_run(std::uint64_t offset,
                                        const std::function<result<void>(std::string_view)>& put);

private:
  void sort();

  std::uint32_t entries_max_;
  std::vector<key_entry> entries_;
  std::vector<key_entry> scattered_; ///< Room for sorting.
};

/// Walks one run from any place on. The file and the run must outlive it.
class run_cursor {
public:
  /// `pages_at_once`: how many are read together; each takes 4 KiB of the file.
  run_cursor(const named_input& file, const row_format::key_run& run, std::uint32_t pages_at_once)
    : file_(&file)
    , run_(&run)
    , pages_at_once_(pages_at_once) {}

  /// Null behind the last one, and before the first next() or skip_to().
  const key_entry* present() const { return at_ < entries_.size() ? &entries_[at_] : nullptr; }
  result<void> next();
  /// To the first one of at least this hash; never back.
  result<void> skip_to(std::uint64_t hash);

private:
  result<void> read_pages();

  const named_input* file_;
  const row_format::key_run* run_;
  std::uint32_t pages_at_once_;
  std::vector<key_entry> entries_; ///< Of the pages that were read last.
  std::size_t at_ = 0;
  std::size_t next_page_ = 0;
};

/// Walks all keys of a file by hash, then ordinal, and reads some pages of each run at a time. The
/// file must outlive it. One thread at a time; of no use after a failure.
class key_cursor {
public:
  key_cursor(const named_input& file, const std::vector<row_format::key_run>& runs,
             std::uint32_t pages_at_once);
  key_cursor(key_cursor&&) = default;
  key_cursor& operator=(key_cursor&&) = default;

  /// False behind the last one.
  result<bool> next(key_entry& into);
  /// What next() gives then has at least this hash. Never goes back.
  result<void> skip_to(std::uint64_t hash);

private:
  /// Puts the runs that are not at their end in order.
  void arrange();

  std::vector<run_cursor> runs_;
  std::vector<run_cursor*> heap_; ///< Of runs with a present entry; the least is in front.
  bool has_begun_ = false;
};

/// Visits each key of a file whose hash is among those of `wanted`, which ascend by `hash`, with
/// the place of the first that has it: visit(const key_entry&, std::size_t). Whoever has fewer keys
/// leads, because skipping costs a page at most.
template <class Item, class Visit>
result<void> join_keys(key_cursor keys, std::span<const Item> wanted, std::uint64_t Item::*hash,
                       Visit visit) {
  if (wanted.empty())
    return {};
  if (auto skipped = keys.skip_to(wanted.front().*hash); !skipped)
    return skipped;
  std::size_t at = 0;
  for (key_entry entry;;) {
    const auto has_next = keys.next(entry);
    if (!has_next)
      return has_next.error();
    if (!*has_next || entry.hash > wanted.back().*hash)
      return {};
    const auto rest = wanted.subspan(at);
    at += static_cast<std::size_t>(std::ranges::lower_bound(rest, entry.hash, {}, hash)
                                   - rest.begin());
    if (wanted[at].*hash == entry.hash)
      visit(entry, at);
    else if (auto skipped = keys.skip_to(wanted[at].*hash); !skipped)
      return skipped;
  }
}

} // namespace dossier

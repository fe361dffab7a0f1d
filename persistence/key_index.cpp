// SPDX-License-Identifier: Apache-2.0
#include "persistence/key_index.hpp"

#include "protocol/crc32c.hpp"
#include "protocol/siphash.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

namespace dossier {

namespace {

/// "dossier row keys".
constexpr siphash_key hash_key{0x2072'6569'7373'6f64, 0x7379'656b'2077'6f72};
constexpr siphash_key second_hash_key{0x2072'6569'7373'6f64, 0x6572'6f6d'2077'6f72};

/// How many pages are written or read together: 64 KiB.
constexpr std::uint32_t pages_written_at_once = 16;

bool is_before(const key_entry& a, const key_entry& b) {
  return a.hash != b.hash ? a.hash < b.hash : a.ordinal < b.ordinal;
}

void put_page(const key_entry* entries, std::size_t count, std::string& bytes) {
  const std::size_t begin = bytes.size();
  bytes.resize(begin + count * row_format::entry_bytes);
  char* to = bytes.data() + begin;
  for (std::size_t i = 0; i < count; ++i, to += row_format::entry_bytes) {
    std::memcpy(to, &entries[i].hash, sizeof entries[i].hash);
    std::memcpy(to + sizeof entries[i].hash, &entries[i].ordinal, sizeof entries[i].ordinal);
  }
  bytes += row_format::bytes_of(crc32c(std::string_view(bytes).substr(begin)));
}

/// False if the page is damaged.
bool read_page(std::string_view page, std::vector<key_entry>& into) {
  const auto entries = page.substr(0, page.size() - row_format::checksum_bytes);
  std::uint32_t checksum;
  std::memcpy(&checksum, page.data() + entries.size(), sizeof checksum);
  if (crc32c(entries) != checksum)
    return false;
  for (std::size_t at = 0; at < entries.size(); at += row_format::entry_bytes) {
    key_entry& e = into.emplace_back();
    std::memcpy(&e.hash, entries.data() + at, sizeof e.hash);
    std::memcpy(&e.ordinal, entries.data() + at + sizeof e.hash, sizeof e.ordinal);
  }
  return true;
}

/// Entries are put in order by so many bits of their hashes at a time.
constexpr int digit_bits = 11;
constexpr std::size_t digits = 1 << digit_bits;

/// By the digit of the hash that begins at `bit`; equal ones stay in their order.
void scatter(std::span<const key_entry> from, std::span<key_entry> to, int bit) {
  const auto digit_of = [bit](const key_entry& e) {
    return e.hash >> bit & (digits - 1);
  };
  std::array<std::uint32_t, digits + 1> next{};
  for (const auto& e : from)
    ++next[digit_of(e) + 1];
  for (std::size_t d = 1; d < next.size(); ++d)
    next[d] += next[d - 1];
  for (const auto& e : from)
    to[next[digit_of(e)]++] = e;
}

bool is_behind(const run_cursor* a, const run_cursor* b) {
  return is_before(*b->present(), *a->present());
}

} // namespace

std::uint64_t hash_of_key(std::string_view bytes) {
  return siphash_1_3(bytes, hash_key);
}

std::uint64_t second_hash_of_key(std::string_view bytes) {
  return siphash_1_3(bytes, second_hash_key);
}

std::string key_bytes_of(std::int64_t value) {
  return std::string(row_format::bytes_of(value));
}

std::optional<std::string_view> key_bytes_of(const csv::row_block_reader& block, std::uint32_t row,
                                             std::size_t column, std::string& room) {
  if (column >= block.columns())
    return std::nullopt;
  if (block.type(column) == csv::value_type::text)
    return block.text(row, column);
  room.assign(row_format::bytes_of(block.value(row, column)));
  return room;
}

std::string_view key_bytes_of(const csv::row_block& block, std::uint32_t row, std::size_t column,
                              std::string& room) {
  if (block.type(column) == csv::value_type::text)
    return block.text(row, column);
  room.assign(row_format::bytes_of(block.value(row, column)));
  return room;
}

// Gathering.

key_gatherer::key_gatherer(std::uint32_t entries_max)
  : entries_max_(entries_max) {
  entries_.reserve(entries_max);
}

void key_gatherer::sort() {
  // Why by two digits: hashes are spread evenly, so hardly any entries of a run agree in both.
  constexpr int low_bit = 64 - 2 * digit_bits;
  scattered_.resize(entries_.size());
  scatter(entries_, scattered_, low_bit);
  scatter(scattered_, entries_, low_bit + digit_bits);
  const auto places = std::span(entries_);
  for (std::size_t begin = 0, end = 0; begin < places.size(); begin = end) {
    const auto alike = places[begin].hash >> low_bit;
    for (end = begin + 1; end < places.size() && places[end].hash >> low_bit == alike;)
      ++end;
    if (end > begin + 1)
      std::sort(places.begin() + begin, places.begin() + end, is_before);
  }
}

result<row_format::key_run>
key_gatherer::write_run(std::uint64_t offset,
                        const std::function<result<void>(std::string_view)>& put) {
  sort();
  row_format::key_run run;
  run.place = {offset, static_cast<std::uint32_t>(entries_.size()), 0};
  run.first_hashes.reserve(row_format::pages_of(entries_.size()));
  std::string bytes;
  bytes.reserve(pages_written_at_once * row_format::page_bytes);
  for (std::size_t at = 0; at < entries_.size();) {
    const std::size_t count = std::min<std::size_t>(row_format::page_entries, entries_.size() - at);
    run.first_hashes.push_back(entries_[at].hash);
    put_page(entries_.data() + at, count, bytes);
    at += count;
    if (bytes.size() < pages_written_at_once * row_format::page_bytes && at < entries_.size())
      continue;
    if (auto done = put(bytes); !done)
      return done.error();
    bytes.clear();
  }
  entries_.clear();
  return run;
}

// Walking.

result<void> run_cursor::read_pages() {
  entries_.clear();
  at_ = 0;
  const std::size_t pages = run_->first_hashes.size();
  const std::size_t count = std::min<std::size_t>(pages_at_once_, pages - next_page_);
  if (count == 0)
    return {};
  const std::uint64_t run_bytes = row_format::bytes_of_run(run_->place.entries);
  const std::uint64_t begin = next_page_ * row_format::page_bytes;
  const std::uint64_t end = std::min((next_page_ + count) * row_format::page_bytes, run_bytes);
  const auto bytes = file_->read(run_->place.offset + begin, end - begin);
  if (!bytes)
    return bytes.error();
  for (std::uint64_t at = 0; at < bytes->size(); at += row_format::page_bytes, ++next_page_) {
    const std::size_t first = entries_.size();
    const bool is_whole
      = read_page(std::string_view(*bytes).substr(at, row_format::page_bytes), entries_);
    if (!is_whole || entries_[first].hash != run_->first_hashes[next_page_])
      return file_->corrupt(run_->place.offset + begin + at, "a page of keys is not as written");
  }
  return {};
}

result<void> run_cursor::next() {
  if (at_ < entries_.size())
    ++at_;
  return at_ < entries_.size() ? result<void>() : read_pages();
}

result<void> run_cursor::skip_to(std::uint64_t hash) {
  // The first entry that is wanted lies in the last page that begins below the hash, or it is the
  // first entry behind it.
  const auto& firsts = run_->first_hashes;
  const auto found = std::lower_bound(firsts.begin(), firsts.end(), hash);
  const auto page
    = static_cast<std::size_t>(std::max<std::ptrdiff_t>(found - firsts.begin(), 1)) - 1;
  if (page >= next_page_) {
    next_page_ = page;
    if (auto read = read_pages(); !read)
      return read;
  }
  while (true) {
    const auto wanted
      = std::partition_point(entries_.begin() + static_cast<std::ptrdiff_t>(at_), entries_.end(),
                             [hash](const key_entry& e) { return e.hash < hash; });
    at_ = static_cast<std::size_t>(wanted - entries_.begin());
    if (at_ < entries_.size() || next_page_ == firsts.size())
      return {};
    if (auto read = read_pages(); !read)
      return read;
  }
}

key_cursor::key_cursor(const named_input& file, const std::vector<row_format::key_run>& runs,
                       std::uint32_t pages_at_once) {
  runs_.reserve(runs.size());
  for (const auto& run : runs)
    runs_.emplace_back(file, run, pages_at_once);
  heap_.reserve(runs.size());
}

void key_cursor::arrange() {
  heap_.clear();
  for (auto& run : runs_)
    if (run.present() != nullptr)
      heap_.push_back(&run);
  std::make_heap(heap_.begin(), heap_.end(), is_behind);
}

result<bool> key_cursor::next(key_entry& into) {
  if (!has_begun_)
    if (auto begun = skip_to(0); !begun)
      return begun.error();
  if (heap_.empty())
    return false;
  std::pop_heap(heap_.begin(), heap_.end(), is_behind);
  run_cursor& least = *heap_.back();
  into = *least.present();
  if (auto gone_on = least.next(); !gone_on)
    return gone_on.error();
  if (least.present() == nullptr)
    heap_.pop_back();
  else
    std::push_heap(heap_.begin(), heap_.end(), is_behind);
  return true;
}

result<void> key_cursor::skip_to(std::uint64_t hash) {
  has_begun_ = true;
  for (auto& run : runs_)
    if (run.present() == nullptr || run.present()->hash < hash)
      if (auto skipped = run.skip_to(hash); !skipped)
        return skipped;
  arrange();
  return {};
}

} // namespace dossier

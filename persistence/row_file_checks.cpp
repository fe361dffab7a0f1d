// SPDX-License-Identifier: Apache-2.0
// What is believed of a file of rows, and how it is found out: open() reads head, footer and tail
// and holds them against each other, so that whatever is read later lies inside the file and has a
// bounded size; check() reads the rest.
#include "persistence/row_file.hpp"

#include "protocol/crc32c.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// A part of the file between head and footer.
struct extent {
  std::uint64_t offset;
  std::uint64_t bytes;
};

std::uint64_t fixed_bytes_of(const row_format::footer_head& head) {
  return sizeof(row_format::placed_block) * (std::uint64_t{head.row_blocks} + head.reject_blocks)
         + sizeof(row_format::placed_run) * std::uint64_t{head.key_runs};
}

template <class Part>
std::vector<Part> take_list(std::string_view& bytes, std::size_t count) {
  std::vector<Part> parts;
  parts.reserve(count);
  for (std::size_t i = 0; i < count; ++i)
    parts.push_back(row_format::take<Part>(bytes));
  return parts;
}

/// Whether blocks have a possible size and ascend, and hold so many.
bool fit(const std::vector<row_format::placed_block>& blocks, std::uint64_t count) {
  std::uint64_t counted = 0;
  std::uint64_t number = 0;
  for (const auto& b : blocks) {
    if (b.bytes > row_format::block_bytes_max || b.count == 0 || b.first <= number)
      return false;
    counted += b.count;
    number = b.first;
  }
  return counted == count;
}

/// Adds up keys so that the order does not matter.
std::uint64_t weight_of(const key_entry& e) {
  std::string both(row_format::bytes_of(e.hash));
  both += row_format::bytes_of(e.ordinal);
  return hash_of_key(both);
}

} // namespace

result<std::shared_ptr<const row_file>>
row_file::open(std::string path, std::unique_ptr<input_file> file, const row_file_key& key) {
  std::shared_ptr<row_file> opened(new row_file(std::move(path), std::move(file)));
  if (auto read = opened->read_head(key); !read)
    return read.error();
  if (auto read = opened->read_footer(); !read)
    return read.error();
  return std::shared_ptr<const row_file>(std::move(opened));
}

result<void> row_file::read_head(const row_file_key& key) {
  auto bytes = file_.read(0, sizeof(row_format::head_part));
  if (!bytes)
    return bytes.error();
  std::string_view rest = *bytes;
  const auto head = row_format::take<row_format::head_part>(rest);
  if (head.magic != row_format::magic)
    return file_.corrupt(0, "it does not begin as a file of rows does");
  if (head.version < row_format::version_oldest || head.version > row_format::version)
    return file_.corrupt(0, "it has the format " + std::to_string(head.version)
                              + ", which nobody here knows");
  if (head.schema_text_bytes > row_format::schema_text_bytes_max)
    return file_.corrupt(0, "its schema is larger than any");
  const std::size_t head_bytes = sizeof head + head.schema_text_bytes;
  bytes = file_.read(0, head_bytes + row_format::checksum_bytes);
  if (!bytes)
    return bytes.error();
  rest = std::string_view(*bytes).substr(head_bytes);
  if (row_format::take<std::uint32_t>(rest)
      != crc32c(std::string_view(*bytes).substr(0, head_bytes)))
    return file_.corrupt(0, "its head is not as it was written");
  key_ = {entity_id{head.job}, head.chunk, head.attempt, head.kind};
  if (key_ != key)
    return file_.corrupt(0, "it is of attempt " + std::to_string(key_.attempt) + " at chunk "
                              + std::to_string(key_.chunk) + " of job " + key_.job.text());
  if (head.key_column != row_format::no_key)
    key_column_ = head.key_column;
  schema_text_ = bytes->substr(sizeof head, head.schema_text_bytes);
  data_offset_ = bytes->size();
  return {};
}

result<void> row_file::read_footer() {
  const std::uint64_t size = file_.size_bytes();
  if (size < data_offset_ + sizeof(row_format::footer_head) + sizeof(row_format::tail_part))
    return file_.corrupt(size, "it is cut off before its footer");
  const std::uint64_t tail_offset = size - sizeof(row_format::tail_part);
  auto bytes = file_.read(tail_offset, sizeof(row_format::tail_part));
  if (!bytes)
    return bytes.error();
  std::string_view rest = *bytes;
  const auto tail = row_format::take<row_format::tail_part>(rest);
  if (tail.magic != row_format::closing_magic)
    return file_.corrupt(tail_offset, "it is cut off, or does not end as a file of rows does");
  if (tail.footer_bytes < sizeof(row_format::footer_head)
      || tail.footer_bytes > row_format::footer_bytes_max
      || tail.footer_bytes > tail_offset - data_offset_)
    return file_.corrupt(tail_offset, "its footer has an impossible size");
  const std::uint64_t footer_offset = tail_offset - tail.footer_bytes;
  bytes = file_.read(footer_offset, tail.footer_bytes);
  if (!bytes)
    return bytes.error();
  if (tail.checksum != crc32c(row_format::bytes_of(tail.footer_bytes), crc32c(*bytes)))
    return file_.corrupt(footer_offset, "its footer is not as it was written");
  if (auto taken = take_footer(*bytes, footer_offset); !taken)
    return taken;
  return check_places(footer_offset);
}

result<void> row_file::take_footer(std::string_view footer, std::uint64_t offset) {
  const auto head = row_format::take<row_format::footer_head>(footer);
  if (fixed_bytes_of(head) > footer.size())
    return file_.corrupt(offset, "its footer is too small for its lists");
  counts_ = head.counts;
  row_blocks_ = take_list<row_format::placed_block>(footer, head.row_blocks);
  reject_blocks_ = take_list<row_format::placed_block>(footer, head.reject_blocks);
  const auto places = take_list<row_format::placed_run>(footer, head.key_runs);
  std::uint64_t pages = 0;
  std::uint64_t entries = 0;
  for (const auto& place : places) {
    pages += row_format::pages_of(place.entries);
    entries += place.entries;
  }
  const bool has_empty_run = std::ranges::any_of(
    places, [](const row_format::placed_run& place) { return place.entries == 0; });
  if (has_empty_run || pages * sizeof(std::uint64_t) != footer.size()
      || entries != (key_column_ ? counts_.rows : 0))
    return file_.corrupt(offset, "its footer does not fit its keys");
  for (const auto& place : places)
    runs_.push_back({place, take_list<std::uint64_t>(footer, row_format::pages_of(place.entries))});
  if (counts_.rows > row_format::rows_max || !fit(row_blocks_, counts_.rows)
      || !fit(reject_blocks_, counts_.rejects))
    return file_.corrupt(offset, "its footer does not fit its blocks");
  std::uint64_t ordinal = 0;
  for (const auto& block : row_blocks_) {
    ordinals_.push_back(ordinal);
    ordinal += block.count;
  }
  return {};
}

result<void> row_file::check_places(std::uint64_t footer_offset) const {
  std::vector<extent> extents;
  for (const auto* blocks : {&row_blocks_, &reject_blocks_})
    for (const auto& b : *blocks)
      extents.push_back({b.offset, sizeof(row_format::block_head) + std::uint64_t{b.bytes}});
  for (const auto& run : runs_)
    extents.push_back({run.place.offset, row_format::bytes_of_run(run.place.entries)});
  std::ranges::sort(extents, {}, &extent::offset);
  std::uint64_t end = data_offset_;
  for (const auto& e : extents) {
    if (e.offset != end || e.bytes > footer_offset - end)
      return file_.corrupt(footer_offset, "its footer speaks of blocks that leave gaps or overlap");
    end += e.bytes;
  }
  if (end != footer_offset)
    return file_.corrupt(footer_offset, "its footer does not speak of all that is before it");
  return {};
}

// Checking the rest.

result<void> row_file::check() const {
  const auto of_rows = check_rows();
  if (!of_rows)
    return of_rows.error();
  const auto of_keys = check_keys();
  if (!of_keys)
    return of_keys.error();
  if (*of_rows != *of_keys)
    return file_.corrupt(data_offset_, "its keys are not those of its rows");
  return check_rejects();
}

result<std::uint64_t> row_file::check_rows() const {
  std::uint64_t sum = 0;
  std::uint64_t number = 0;
  std::string room;
  for (std::size_t i = 0; i < row_blocks_.size(); ++i) {
    const auto bytes = read_block(row_format::block_kind::rows, row_blocks_[i]);
    if (!bytes)
      return bytes.error();
    const auto block = open_rows(*bytes, row_blocks_[i]);
    if (!block)
      return block.error();
    for (std::uint32_t row = 0; row < block->rows(); ++row) {
      if (block->number(row) <= number)
        return file_.corrupt(row_blocks_[i].offset, "its rows are out of order");
      number = block->number(row);
      if (!key_column_)
        continue;
      const auto key = key_bytes_of(*block, row, *key_column_, room);
      if (!key)
        return file_.corrupt(row_blocks_[i].offset, "a row has no key");
      sum += weight_of({hash_of_key(*key), static_cast<std::uint32_t>(ordinals_[i] + row)});
    }
  }
  return sum;
}

result<std::uint64_t> row_file::check_keys() const {
  std::uint64_t sum = 0;
  for (const auto& run : runs_) {
    run_cursor entries(file_, run, 16);
    key_entry before;
    auto moved = entries.next();
    for (; moved && entries.present() != nullptr; moved = entries.next()) {
      if (*entries.present() < before)
        return file_.corrupt(run.place.offset, "its keys are out of order");
      before = *entries.present();
      sum += weight_of(before);
    }
    if (!moved)
      return moved.error();
  }
  return sum;
}

result<void> row_file::check_rejects() const {
  std::uint64_t count = 0;
  std::uint64_t number = 0;
  bool is_ordered = true;
  const auto walked = rejects_from(0, [&](const csv::reject& r) {
    is_ordered = is_ordered && r.record.number > number;
    number = r.record.number;
    ++count;
    return true;
  });
  if (!walked)
    return walked;
  if (!is_ordered || count != counts_.rejects)
    return file_.corrupt(data_offset_, "its rejects are out of order or not all there");
  return {};
}

} // namespace dossier

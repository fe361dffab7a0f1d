// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_file.hpp"

#include "persistence/packed_block.hpp"
#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// The first block that may hold a record of at least this number.
std::size_t block_for(const std::vector<row_format::placed_block>& blocks, std::uint64_t number) {
  const auto behind = std::partition_point(
    blocks.begin(), blocks.end(),
    [number](const row_format::placed_block& b) { return b.first <= number; });
  return behind == blocks.begin() ? 0 : static_cast<std::size_t>(behind - blocks.begin()) - 1;
}

/// The first row of a block whose record has at least this number.
std::uint32_t row_for(const csv::row_block_reader& block, std::uint64_t number) {
  std::uint32_t begin = 0;
  for (std::uint32_t end = block.rows(); begin < end;) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    if (block.number(middle) < number)
      begin = middle + 1;
    else
      end = middle;
  }
  return begin;
}

} // namespace

result<std::string> row_file::read_block(row_format::block_kind kind,
                                         const row_format::placed_block& placed) const {
  const auto head_bytes = file_.read(placed.offset, sizeof(row_format::block_head));
  if (!head_bytes)
    return head_bytes;
  auto bytes = file_.read(placed.offset + sizeof(row_format::block_head), placed.bytes);
  if (!bytes)
    return bytes;
  std::string_view rest = *head_bytes;
  const auto head = row_format::take<row_format::block_head>(rest);
  const bool is_packed = head.kind == row_format::packed(kind);
  if ((head.kind != kind && !is_packed) || head.bytes != placed.bytes
      || head.checksum != row_format::checksum_of(head, *bytes))
    return file_.corrupt(placed.offset, "a block is not as it was written");
  if (!is_packed)
    return bytes;
  auto block = unpack(*bytes, row_format::block_bytes_max);
  return block ? block : file_.corrupt(placed.offset, block.error().why);
}

result<csv::row_block_reader> row_file::open_rows(std::string_view bytes,
                                                  const row_format::placed_block& placed) const {
  auto block = csv::row_block_reader::open(bytes);
  if (!block)
    return file_.corrupt(placed.offset, block.error().why);
  if (block->rows() != placed.count || block->number(0) != placed.first)
    return file_.corrupt(placed.offset, "a block of rows is not the one that the footer speaks of");
  return block;
}

// Rows.

result<void> row_file::rows_from(std::uint64_t number, std::uint64_t limit,
                                 const row_visit& visit) const {
  for (std::size_t i = block_for(row_blocks_, number); i < row_blocks_.size() && limit > 0; ++i) {
    const auto bytes = read_block(row_format::block_kind::rows, row_blocks_[i]);
    if (!bytes)
      return bytes.error();
    const auto block = open_rows(*bytes, row_blocks_[i]);
    if (!block)
      return block.error();
    for (std::uint32_t row = row_for(*block, number); row < block->rows() && limit > 0; ++row) {
      --limit;
      if (!visit(*block, row))
        return {};
    }
  }
  return {};
}

result<void> row_lookup::go_to(std::uint32_t ordinal) {
  if (ordinal < begin_ || ordinal >= end_) {
    if (ordinal >= file_.counts_.rows)
      return file_.file_.corrupt(file_.data_offset_, "a key is of a row that is not there");
    const auto& ordinals = file_.ordinals_;
    const auto behind = std::upper_bound(ordinals.begin(), ordinals.end(), ordinal);
    const auto i = static_cast<std::size_t>(behind - ordinals.begin()) - 1;
    const auto& placed = file_.row_blocks_[i];
    block_.reset();
    begin_ = end_ = 0;
    auto bytes = file_.read_block(row_format::block_kind::rows, placed);
    if (!bytes)
      return bytes.error();
    bytes_ = std::move(*bytes);
    const auto block = file_.open_rows(bytes_, placed);
    if (!block)
      return block.error();
    block_ = *block;
    begin_ = ordinals[i];
    end_ = begin_ + placed.count;
  }
  row_ = static_cast<std::uint32_t>(ordinal - begin_);
  return {};
}

result<bool> row_lookup::go_to_if_there(std::uint64_t ordinal) {
  if (ordinal >= file_.counts_.rows)
    return false;
  if (auto gone = go_to(static_cast<std::uint32_t>(ordinal)); !gone)
    return gone.error();
  return true;
}

result<bool> row_lookup::go_to_record(std::uint64_t number) {
  if (file_.row_blocks_.empty())
    return false;
  const auto first = file_.ordinals_[block_for(file_.row_blocks_, number)];
  if (auto gone = go_to(static_cast<std::uint32_t>(first)); !gone)
    return gone.error();
  return go_to_if_there(first + row_for(*block_, number));
}

result<bool> row_lookup::next() {
  return go_to_if_there(begin_ + row_ + 1);
}

// Rejects.

result<void> row_file::rejects_from(std::uint64_t number, const reject_visit& visit) const {
  for (std::size_t i = block_for(reject_blocks_, number); i < reject_blocks_.size(); ++i) {
    const auto bytes = read_block(row_format::block_kind::rejects, reject_blocks_[i]);
    if (!bytes)
      return bytes.error();
    stored_rejects_reader rejects(*bytes);
    while (true) {
      const auto has_next = rejects.next();
      if (!has_next)
        return file_.corrupt(reject_blocks_[i].offset, has_next.error().why);
      if (!*has_next)
        break;
      if (rejects.present().record.number >= number && !visit(rejects.present()))
        return {};
    }
  }
  return {};
}

result<std::vector<stored_reject>> row_file::rejects_from(std::uint64_t number, std::uint64_t limit,
                                                          std::uint64_t bytes_max) const {
  return gather_rejects(limit, bytes_max,
                        [&](const reject_visit& visit) { return rejects_from(number, visit); });
}

result<stored_reject> row_file::reject(std::uint64_t number) const {
  std::optional<stored_reject> found;
  const auto walked = rejects_from(number, [&](const csv::reject& r) {
    if (r.record.number == number)
      found = owned(r);
    return false;
  });
  if (!walked)
    return walked.error();
  if (!found)
    return fail(errc::not_found,
                "there is no reject of record " + std::to_string(number) + " in " + file_.path());
  return std::move(*found);
}

// Keys.

result<std::vector<std::uint64_t>> row_file::find_key(std::string_view key,
                                                      std::uint64_t limit) const {
  if (!key_column_)
    return fail(errc::invalid_argument, "Could not look for a key in " + file_.path()
                                          + ": the schema of its rows names none.");
  std::vector<std::uint64_t> found;
  row_lookup rows(*this);
  // Why the order is that of records: runs were written one after the other, and of one hash the
  // ordinals ascend.
  for (const auto& run : runs_)
    if (auto looked = find_in_run(run, key, limit, rows, found); !looked)
      return looked.error();
  return found;
}

result<void> row_file::find_in_run(const row_format::key_run& run, std::string_view key,
                                   std::uint64_t limit, row_lookup& rows,
                                   std::vector<std::uint64_t>& found) const {
  const std::uint64_t hash = hash_of_key(key);
  run_cursor entries(file_, run, 1);
  std::string room;
  auto moved = entries.skip_to(hash);
  for (; moved && found.size() < limit; moved = entries.next()) {
    const key_entry* entry = entries.present();
    if (entry == nullptr || entry->hash != hash)
      break;
    if (auto gone = rows.go_to(entry->ordinal); !gone)
      return gone;
    if (key_bytes_of(rows.block(), rows.row(), *key_column_, room) == key)
      found.push_back(rows.block().number(rows.row()));
  }
  return moved;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_cursor.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// The first block that may hold a record of at least this number. There is one at least.
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

// Rows.

result<void> row_cursor::open(std::size_t index) {
  if (block_ && index_ == index)
    return {};
  block_.reset();
  number_ = none_from_ = no_record;
  const auto& placed = file_.row_blocks_[index];
  auto bytes = file_.read_block(row_format::block_kind::rows, placed);
  if (!bytes)
    return bytes.error();
  bytes_ = std::move(*bytes);
  const auto block = file_.open_rows(bytes_, placed);
  if (!block)
    return block.error();
  block_ = *block;
  index_ = index;
  return {};
}

result<void> row_cursor::stand_at(std::uint32_t row) {
  if (row == block_->rows()) {
    row = 0;
    if (index_ + 1 == file_.row_blocks_.size()) {
      number_ = no_record;
      return {};
    }
    if (auto opened = open(index_ + 1); !opened)
      return opened;
  }
  row_ = row;
  number_ = block_->number(row);
  return {};
}

result<void> row_cursor::seek(std::uint64_t number) {
  if (none_from_ <= number && number <= number_)
    return {};
  if (file_.row_blocks_.empty())
    return {};
  if (auto opened = open(block_for(file_.row_blocks_, number)); !opened)
    return opened;
  auto stood = stand_at(row_for(*block_, number));
  if (stood)
    none_from_ = number;
  return stood;
}

result<void> row_cursor::go_to(std::uint32_t ordinal) {
  if (ordinal >= file_.counts_.rows)
    return file_.file_.corrupt(file_.data_offset_, "a key is of a row that is not there");
  const auto& ordinals = file_.ordinals_;
  const auto behind = std::upper_bound(ordinals.begin(), ordinals.end(), ordinal);
  const auto index = static_cast<std::size_t>(behind - ordinals.begin()) - 1;
  if (auto opened = open(index); !opened)
    return opened;
  auto stood = stand_at(static_cast<std::uint32_t>(ordinal - ordinals[index]));
  none_from_ = number_;
  return stood;
}

result<void> row_cursor::next() {
  DOSSIER_ASSERT(number_ != no_record, "there is a row to go on from");
  const auto behind = number_ + 1;
  auto stood = stand_at(row_ + 1);
  if (stood)
    none_from_ = behind;
  return stood;
}

// Rejects.

result<void> reject_cursor::open(std::size_t index) {
  rejects_.reset();
  number_ = none_from_ = no_record;
  auto bytes = file_.read_block(row_format::block_kind::rejects, file_.reject_blocks_[index]);
  if (!bytes)
    return bytes.error();
  bytes_ = std::move(*bytes);
  rejects_.emplace(bytes_);
  index_ = index;
  return {};
}

result<void> reject_cursor::step() {
  for (;;) {
    const auto has_next = rejects_->next();
    if (!has_next) {
      rejects_.reset();
      number_ = none_from_ = no_record;
      return file_.file_.corrupt(file_.reject_blocks_[index_].offset, has_next.error().why);
    }
    if (*has_next) {
      number_ = rejects_->present().record.number;
      return {};
    }
    if (index_ + 1 == file_.reject_blocks_.size()) {
      number_ = no_record;
      return {};
    }
    if (auto opened = open(index_ + 1); !opened)
      return opened;
  }
}

result<void> reject_cursor::seek(std::uint64_t number) {
  if (none_from_ <= number && number <= number_)
    return {};
  if (file_.reject_blocks_.empty())
    return {};
  const auto index = block_for(file_.reject_blocks_, number);
  const bool is_ahead = rejects_ && index == index_ && number_ < number;
  if (!is_ahead) {
    if (auto opened = open(index); !opened)
      return opened;
    number_ = 0; // Before all of them, which begin at 1.
  }
  while (number_ < number || number_ == 0)
    if (auto stepped = step(); !stepped)
      return stepped;
  none_from_ = number;
  return {};
}

result<void> reject_cursor::next() {
  DOSSIER_ASSERT(number_ != no_record, "there is a reject to go on from");
  const auto behind = number_ + 1;
  auto stepped = step();
  if (stepped)
    none_from_ = behind;
  return stepped;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// An encoded block, all numbers little-endian: format, rows, columns (4 bytes each) and 4 zeros; a
// place of 32 bytes for the row numbers, the row offsets and each column; then what the places
// point to. Numbers are written less the smallest of their column, as wide as the greatest then
// needs. Those that ascend (offsets, ends of texts) are written as steps instead: the base is the
// first number, each step leads from the number before. Format 1 knew no steps.
#include "protocol/csv/row_block.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace dossier::csv {

namespace {

static_assert(std::endian::native == std::endian::little,
              "blocks are copied as they lie in memory");

constexpr std::size_t block_head_bytes = 16;
constexpr std::size_t place_bytes = 32;

/// A place as it is written.
struct written_place {
  std::uint8_t type = 0;
  std::uint8_t width = 0;
  std::uint8_t has_nulls = 0;
  std::uint8_t has_steps = 0;
  std::uint32_t values_at = 0;
  std::uint64_t base = 0;
  std::uint32_t nulls_at = 0;
  std::uint32_t text_at = 0;
  std::uint32_t text_bytes = 0;
  std::uint32_t more_zeros = 0;
};
static_assert(sizeof(written_place) == place_bytes);

std::uint8_t width_for(std::uint64_t greatest) {
  if (greatest == 0)
    return 0;
  if (greatest <= 0xff)
    return 1;
  if (greatest <= 0xffff)
    return 2;
  return greatest <= 0xffff'ffff ? 4 : 8;
}

constexpr std::uint32_t format_without_steps = 1;

template <class Narrow>
void put_narrow(const std::int64_t* values, std::size_t count, std::uint64_t base, char* to) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto narrow = static_cast<Narrow>(static_cast<std::uint64_t>(values[i]) - base);
    std::memcpy(to + i * sizeof narrow, &narrow, sizeof narrow);
  }
}

std::uint32_t checked_size(std::size_t size) {
  DOSSIER_ASSERT(size <= std::numeric_limits<std::uint32_t>::max(), "a row block is below 4 GiB");
  return static_cast<std::uint32_t>(size);
}

class block_writer {
public:
  block_writer(std::string& bytes, std::uint32_t rows, std::size_t columns)
    : rows_(rows)
    , places_(columns + 2)
    , bytes_(bytes) {
    bytes_.clear();
    bytes_.resize(block_head_bytes + places_.size() * place_bytes);
    const std::uint32_t head[4]{row_block_format, rows, static_cast<std::uint32_t>(columns), 0};
    std::memcpy(bytes_.data(), head, sizeof head);
  }

  /// The next place is written from now on.
  written_place& next() { return places_[used_++]; }

  void put_values(written_place& p, const std::vector<std::int64_t>& values) {
    if (rows_ == 0)
      return;
    std::int64_t least = values.front();
    std::int64_t greatest = least;
    for (std::uint32_t i = 1; i < rows_; ++i) {
      least = std::min(least, values[i]);
      greatest = std::max(greatest, values[i]);
    }
    p.base = static_cast<std::uint64_t>(least);
    put_narrowed(p, values, p.base, static_cast<std::uint64_t>(greatest) - p.base);
  }
  /// Numbers that ascend.
  void put_steps(written_place& p, const std::vector<std::int64_t>& values) {
    if (rows_ == 0)
      return;
    steps_.resize(rows_);
    steps_[0] = 0;
    std::int64_t shortest = 0;
    std::int64_t longest = 0;
    for (std::uint32_t i = 1; i < rows_; ++i) {
      steps_[i] = values[i] - values[i - 1];
      shortest = std::min(shortest, steps_[i]);
      longest = std::max(longest, steps_[i]);
    }
    DOSSIER_ASSERT(shortest == 0, "What is written as steps ascends.");
    p.has_steps = 1;
    p.base = static_cast<std::uint64_t>(values.front());
    put_narrowed(p, steps_, 0, static_cast<std::uint64_t>(longest));
  }
  std::uint32_t put_bytes(const void* from, std::size_t size) {
    const auto at = checked_size(bytes_.size());
    bytes_.append(static_cast<const char*>(from), size);
    return at;
  }
  void finish() {
    checked_size(bytes_.size());
    std::memcpy(bytes_.data() + block_head_bytes, places_.data(), places_.size() * place_bytes);
  }

private:
  /// Less `base`, as wide as `greatest` then needs.
  void put_narrowed(written_place& p, const std::vector<std::int64_t>& values, std::uint64_t base,
                    std::uint64_t greatest) {
    p.width = width_for(greatest);
    p.values_at = checked_size(bytes_.size());
    bytes_.resize(bytes_.size() + std::size_t{rows_} * p.width);
    char* to = bytes_.data() + p.values_at;
    if (p.width == 1)
      put_narrow<std::uint8_t>(values.data(), rows_, base, to);
    else if (p.width == 2)
      put_narrow<std::uint16_t>(values.data(), rows_, base, to);
    else if (p.width == 4)
      put_narrow<std::uint32_t>(values.data(), rows_, base, to);
    else if (p.width == 8)
      put_narrow<std::uint64_t>(values.data(), rows_, base, to);
  }

  std::uint32_t rows_;
  std::vector<std::int64_t> steps_;
  std::vector<written_place> places_;
  std::size_t used_ = 0;
  std::string& bytes_;
};

std::size_t null_bytes(std::size_t rows) {
  return (rows + 7) / 8;
}

} // namespace

row_block::row_block(const schema& s, std::uint32_t rows_max, std::uint32_t text_bytes_max)
  : rows_max_(rows_max)
  , text_bytes_max_(text_bytes_max)
  , columns_(s.columns.size())
  , numbers_(rows_max)
  , offsets_(rows_max) {
  DOSSIER_ASSERT(rows_max >= 1 && text_bytes_max >= 1, "A block holds at least one row.");
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    columns_[i].type = s.columns[i].type;
    columns_[i].values.resize(rows_max);
    columns_[i].nulls.resize((rows_max + 63) / 64);
    if (columns_[i].type == value_type::text)
      text_columns_.push_back(i);
  }
}

bool row_block::copy(const row_block_reader& from, std::uint32_t row) {
  if (from.columns() != columns_.size())
    return false;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const bool is_null = from.is_null(row, i);
    if (from.type(i) != columns_[i].type) {
      discard();
      return false;
    }
    if (columns_[i].type == value_type::text) {
      const auto text = from.text(row, i);
      if (!text) {
        discard();
        return false;
      }
      // The texts of a block have no padding behind them.
      std::string padded(*text);
      padded.append(padding_bytes, '\0');
      open_texts(i, text->size()).put(padded.data(), text->size());
    } else {
      open_values(i)[0] = from.value(row, i);
    }
    if (is_null)
      put_null(i, 0);
  }
  commit(from.number(row), from.offset(row));
  return true;
}

std::uint64_t row_block::text_bytes() const {
  std::uint64_t bytes = 0;
  for (const std::size_t column : text_columns_)
    bytes += rows_ == 0 ? 0 : static_cast<std::uint64_t>(columns_[column].values[rows_ - 1]);
  return bytes;
}

void row_block::put_null(std::size_t column, std::size_t row) {
  auto& c = columns_[column];
  const std::size_t at = rows_ + row;
  c.nulls[at / 64] |= std::uint64_t{1} << at % 64;
  c.has_nulls = true;
  // A number that makes the column no wider.
  c.values[at] = at == 0 ? 0 : c.values[at - 1];
}

row_block::open_text_column row_block::open_texts(std::size_t column, std::size_t bytes) {
  auto& c = columns_[column];
  open_text_column open;
  open.end_ = rows_ == 0 ? 0 : static_cast<std::size_t>(c.values[rows_ - 1]);
  if (open.end_ + bytes + padding_bytes > c.text.size())
    c.text.resize((open.end_ + bytes + padding_bytes) * 2);
  open.text_ = c.text.data();
  open.ends_ = c.values.data() + rows_;
  return open;
}

void row_block::discard() {
  for (auto& c : columns_) {
    if (!c.has_nulls)
      continue;
    std::size_t word = rows_ / 64;
    if (word < c.nulls.size())
      c.nulls[word++] &= (std::uint64_t{1} << rows_ % 64) - 1;
    for (; word < c.nulls.size(); ++word)
      c.nulls[word] = 0;
  }
}

std::int64_t row_block::value(std::uint32_t row, std::size_t column) const {
  const auto& c = columns_[column];
  const bool is_null = c.has_nulls && (c.nulls[row / 64] >> row % 64 & 1) != 0;
  return is_null ? 0 : c.values[row];
}

void row_block::clear() {
  rows_ = 0;
  discard();
  for (auto& c : columns_)
    c.has_nulls = false;
}

std::string row_block::encode() const {
  std::string bytes;
  encode(bytes);
  return bytes;
}

void row_block::encode(std::string& bytes) const {
  block_writer block(bytes, rows_, columns_.size());
  block.put_values(block.next(), numbers_);
  block.put_steps(block.next(), offsets_);
  for (const auto& c : columns_) {
    written_place& p = block.next();
    p.type = static_cast<std::uint8_t>(c.type);
    if (c.type == value_type::text)
      block.put_steps(p, c.values);
    else
      block.put_values(p, c.values);
    if (c.has_nulls) {
      p.has_nulls = 1;
      p.nulls_at = block.put_bytes(c.nulls.data(), null_bytes(rows_));
    }
    if (c.type == value_type::text && rows_ > 0) {
      p.text_bytes = checked_size(static_cast<std::size_t>(c.values[rows_ - 1]));
      p.text_at = block.put_bytes(c.text.data(), p.text_bytes);
    }
  }
  block.finish();
}

result<row_block_reader> row_block_reader::open(std::string_view bytes) {
  const auto corrupt = [](const char* why) {
    return fail(errc::corrupt, why);
  };
  std::uint32_t head[4];
  if (bytes.size() < block_head_bytes)
    return corrupt("a row block is cut off before its head ends");
  std::memcpy(head, bytes.data(), sizeof head);
  if (head[0] != row_block_format && head[0] != format_without_steps)
    return corrupt("a row block has a format that nobody here knows");
  const std::size_t columns = head[2];
  if (columns > columns_max || bytes.size() < block_head_bytes + (columns + 2) * place_bytes)
    return corrupt("a row block has no room for the columns that it says it has");
  row_block_reader reader(bytes);
  reader.rows_ = head[1];
  reader.columns_.resize(columns);
  bool fits = reader.read_place(block_head_bytes, reader.row_numbers_)
              && reader.read_place(block_head_bytes + place_bytes, reader.row_offsets_);
  for (std::size_t i = 0; i < columns && fits; ++i) {
    place& p = reader.columns_[i];
    fits = reader.read_place(block_head_bytes + (i + 2) * place_bytes, p)
           && to_string(p.type) != "unknown";
  }
  if (!fits)
    return corrupt("a row block has a column that lies outside of it");
  return reader;
}

bool row_block_reader::read_place(std::size_t from, place& p) const {
  written_place w;
  std::memcpy(&w, bytes_.data() + from, sizeof w);
  const auto lies_inside = [this](std::uint64_t at, std::uint64_t size) {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  };
  p.type = static_cast<value_type>(w.type);
  p.values = {w.base, w.width, w.values_at, {}};
  p.has_nulls = w.has_nulls != 0;
  p.nulls_at = w.nulls_at;
  p.text_at = w.text_at;
  p.text_bytes = w.text_bytes;
  const bool is_width = w.width <= 8 && (w.width == 0 || std::has_single_bit(w.width));
  const bool fits = is_width && lies_inside(w.values_at, std::uint64_t{rows_} * w.width)
                    && (!p.has_nulls || lies_inside(w.nulls_at, null_bytes(rows_)))
                    && lies_inside(w.text_at, w.text_bytes);
  // Steps of no width lead nowhere, so their numbers are the base.
  if (fits && w.has_steps != 0 && w.width > 0)
    take_steps(p.values);
  return fits;
}

void row_block_reader::take_steps(numbers& n) const {
  n.steps_taken.reserve(rows_);
  auto number = n.base;
  for (std::uint32_t row = 0; row < rows_; ++row) {
    std::uint64_t step = 0;
    std::memcpy(&step, bytes_.data() + n.at + std::size_t{row} * n.width, n.width);
    number += step;
    n.steps_taken.push_back(number);
  }
}

std::uint64_t row_block_reader::number_at(const numbers& n, std::uint32_t row) const {
  if (!n.steps_taken.empty())
    return n.steps_taken[row];
  std::uint64_t less_base = 0;
  std::memcpy(&less_base, bytes_.data() + n.at + std::size_t{row} * n.width, n.width);
  return n.base + less_base;
}

const row_block_reader::place& row_block_reader::place_of(std::uint32_t row,
                                                          std::size_t column) const {
  DOSSIER_ASSERT(row < rows_ && column < columns_.size(), "The row block has this row and column.");
  return columns_[column];
}

value_type row_block_reader::type(std::size_t column) const {
  DOSSIER_ASSERT(column < columns_.size(), "The row block has this column.");
  return columns_[column].type;
}

std::uint64_t row_block_reader::number(std::uint32_t row) const {
  DOSSIER_ASSERT(row < rows_, "The row block has this row.");
  return number_at(row_numbers_.values, row) + row;
}

std::uint64_t row_block_reader::offset(std::uint32_t row) const {
  DOSSIER_ASSERT(row < rows_, "The row block has this row.");
  return number_at(row_offsets_.values, row);
}

bool row_block_reader::is_null(std::uint32_t row, std::size_t column) const {
  const place& p = place_of(row, column);
  return p.has_nulls
         && (static_cast<unsigned char>(bytes_[p.nulls_at + row / 8]) >> row % 8 & 1) != 0;
}

std::int64_t row_block_reader::value(std::uint32_t row, std::size_t column) const {
  const place& p = place_of(row, column);
  DOSSIER_ASSERT(p.type != value_type::text, "A text has no value.");
  return is_null(row, column) ? 0 : static_cast<std::int64_t>(number_at(p.values, row));
}

std::optional<std::string_view> row_block_reader::text(std::uint32_t row,
                                                       std::size_t column) const {
  const place& p = place_of(row, column);
  DOSSIER_ASSERT(p.type == value_type::text, "Only a text is read as one.");
  const std::uint64_t begin = row == 0 ? 0 : number_at(p.values, row - 1);
  const std::uint64_t end = number_at(p.values, row);
  if (begin > end || end > p.text_bytes)
    return std::nullopt;
  return bytes_.substr(p.text_at + begin, end - begin);
}

} // namespace dossier::csv

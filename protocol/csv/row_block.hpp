// SPDX-License-Identifier: Apache-2.0
// Typed rows, column by column: gathered by a parser, written as one string of bytes that is read
// again value by value. Pure; a block belongs to one thread at a time.
#pragma once

#include "protocol/csv/schema.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

/// The rows gathered so far and the one that is being gathered, which counts once it is committed.
/// Memory is taken once and grows with texts only; clear() keeps it.
class row_block {
public:
  /// Full at so many rows, or when its texts have reached so many bytes.
  row_block(const schema& s, std::uint32_t rows_max, std::uint32_t text_bytes_max);

  std::uint32_t rows() const { return rows_; }
  bool is_full() const { return rows_ >= rows_max_ || text_bytes_ >= text_bytes_max_; }

  // The row being gathered: each column once. Only while not is_full().

  void put_value(std::size_t column, std::int64_t value) { columns_[column].values[rows_] = value; }
  void put_null(std::size_t column);
  /// Of `size` bytes with padding_bytes behind them.
  void put_text(std::size_t column, const char* from, std::size_t size) {
    auto& c = columns_[column];
    const std::size_t begin = rows_ == 0 ? 0 : static_cast<std::size_t>(c.values[rows_ - 1]);
    if (begin + size + padding_bytes > c.text.size()) [[unlikely]]
      c.text.resize((begin + size + padding_bytes) * 2);
    char* to = c.text.data() + begin;
    // Why: two copies of a fixed size cost less than one of a size that differs from row to row.
    std::memcpy(to, from, padding_bytes);
    if (size > padding_bytes) [[unlikely]]
      std::memcpy(to, from, size);
    c.values[rows_] = static_cast<std::int64_t>(begin + size);
    open_text_bytes_ += size;
  }
  /// `number` and `offset` of its record in the file; both ascend from row to row.
  void commit(std::uint64_t number, std::uint64_t offset) {
    numbers_[rows_] = static_cast<std::int64_t>(number - rows_);
    offsets_[rows_] = static_cast<std::int64_t>(offset);
    ++rows_;
    text_bytes_ += open_text_bytes_;
    open_text_bytes_ = 0;
  }
  /// The row being gathered begins anew.
  void discard();

  void clear();
  /// The committed rows as row_block_reader reads them: below 4 GiB.
  std::string encode() const;

private:
  struct values_of_column {
    value_type type = value_type::text;
    std::vector<std::int64_t> values; ///< Of a text: where it ends in `text`.
    std::vector<std::uint64_t> nulls; ///< A bit for each row.
    std::vector<char> text;
    bool has_nulls = false;
  };

  std::uint32_t rows_max_;
  std::uint64_t text_bytes_max_;
  std::uint32_t rows_ = 0;
  std::uint64_t text_bytes_ = 0;
  std::uint64_t open_text_bytes_ = 0; ///< Of the row being gathered.
  std::vector<values_of_column> columns_;
  std::vector<std::int64_t> numbers_; ///< Less the row's place, so that most are the same.
  std::vector<std::int64_t> offsets_;
};

/// The format that encode() writes. Raised when it changes; readers keep knowing the old ones.
inline constexpr std::uint32_t row_block_format = 1;

/// Reads single values out of an encoded block, which must outlive it, and copies nothing. Damaged
/// bytes may give other values, never other memory.
class row_block_reader {
public:
  /// corrupt if the bytes cannot be a block.
  static result<row_block_reader> open(std::string_view bytes);

  std::uint32_t rows() const { return rows_; }
  std::size_t columns() const { return columns_.size(); }
  value_type type(std::size_t column) const;

  /// Of the row's record in the file.
  std::uint64_t number(std::uint32_t row) const;
  std::uint64_t offset(std::uint32_t row) const;

  bool is_null(std::uint32_t row, std::size_t column) const;
  /// As its value_type says; 0 if null. Of a column that is no text.
  std::int64_t value(std::uint32_t row, std::size_t column) const;
  /// Of a text column; empty if null. nullopt if the bytes are damaged.
  std::optional<std::string_view> text(std::uint32_t row, std::size_t column) const;

private:
  /// Numbers of a fixed width, each less a base.
  struct numbers {
    std::uint64_t base = 0;
    std::uint32_t width = 0; ///< 0, 1, 2, 4 or 8 bytes.
    std::uint32_t at = 0;
  };
  struct place {
    value_type type = value_type::text;
    numbers values;
    bool has_nulls = false;
    std::uint32_t nulls_at = 0;
    std::uint32_t text_at = 0;
    std::uint32_t text_bytes = 0;
  };

  explicit row_block_reader(std::string_view bytes)
    : bytes_(bytes) {}
  bool read_place(std::size_t from, place& p) const;
  std::uint64_t number_at(const numbers& n, std::uint32_t row) const;
  const place& place_of(std::uint32_t row, std::size_t column) const;

  std::string_view bytes_;
  std::uint32_t rows_ = 0;
  std::vector<place> columns_;
  place row_numbers_;
  place row_offsets_;
};

} // namespace dossier::csv

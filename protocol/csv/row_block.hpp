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

class row_block_reader;

/// The rows gathered so far and those being gathered, which count once they are committed.
/// Memory is taken once and grows with texts only; clear() keeps it.
class row_block {
public:
  /// Full at so many rows, or when its texts have reached so many bytes.
  row_block(const schema& s, std::uint32_t rows_max, std::uint32_t text_bytes_max);

  std::uint32_t rows() const { return rows_; }
  bool is_full() const { return rows_ >= rows_max_ || text_bytes() >= text_bytes_max_; }

  /// How many rows may still be opened.
  std::uint32_t room() const { return rows_max_ - rows_; }

  // Open rows are those behind the committed ones, at most room(). Each column is filled for all of
  // them, then they are committed one by one, or all discarded.

  /// Of a column that is no text: where the values of the open rows go.
  std::int64_t* open_values(std::size_t column) { return columns_[column].values.data() + rows_; }
  /// `row`: its place among the open rows. A text column still gets its empty text.
  void put_null(std::size_t column, std::size_t row);

  /// Where the texts of the open rows go, one after the other.
  class open_text_column {
  public:
    /// Of `size` bytes with padding_bytes behind them.
    void put(const char* from, std::size_t size) {
      // Why: a copy of a fixed size costs less than one of a size that differs from row to row.
      std::memcpy(text_ + end_, from, padding_bytes);
      if (size > padding_bytes) [[unlikely]]
        std::memcpy(text_ + end_, from, size);
      end_ += size;
      *ends_++ = static_cast<std::int64_t>(end_);
    }

  private:
    friend class row_block;

    char* text_ = nullptr;
    std::size_t end_ = 0;
    std::int64_t* ends_ = nullptr;
  };
  /// `bytes`: of all texts that will be put.
  open_text_column open_texts(std::size_t column, std::size_t bytes);

  /// The first open row. `number` and `offset` of its record in the file; both ascend.
  void commit(std::uint64_t number, std::uint64_t offset) {
    numbers_[rows_] = static_cast<std::int64_t>(number - rows_);
    offsets_[rows_] = static_cast<std::int64_t>(offset);
    ++rows_;
  }
  void discard();

  /// Commits a row as another block has it. Requires no open rows and room for one. False, and
  /// nothing is committed, if that block is damaged or of other columns.
  bool copy(const row_block_reader& from, std::uint32_t row);

  // Of a committed row, as a reader of the encoded block has them.

  std::uint64_t number(std::uint32_t row) const {
    return static_cast<std::uint64_t>(numbers_[row]) + row;
  }
  value_type type(std::size_t column) const { return columns_[column].type; }
  std::int64_t value(std::uint32_t row, std::size_t column) const;
  std::string_view text(std::uint32_t row, std::size_t column) const {
    const auto& c = columns_[column];
    const auto begin = row == 0 ? 0 : static_cast<std::size_t>(c.values[row - 1]);
    return {c.text.data() + begin, static_cast<std::size_t>(c.values[row]) - begin};
  }

  void clear();
  /// The committed rows as row_block_reader reads them: below 4 GiB.
  std::string encode() const;
  /// The same into a string whose memory is used again.
  void encode(std::string& bytes) const;

private:
  std::uint64_t text_bytes() const;

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
  std::vector<values_of_column> columns_;
  std::vector<std::size_t> text_columns_;
  std::vector<std::int64_t> numbers_; ///< Less the row's place, so that most are the same.
  std::vector<std::int64_t> offsets_;
};

/// The format that encode() writes. Raised when it changes; readers keep knowing the old ones.
inline constexpr std::uint32_t row_block_format = 2;

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
  /// Numbers of a fixed width, each less a base, or steps of such a width that begin at a base.
  struct numbers {
    std::uint64_t base = 0;
    std::uint32_t width = 0; ///< 0, 1, 2, 4 or 8 bytes.
    std::uint32_t at = 0;
    std::vector<std::uint64_t> steps_taken; ///< The numbers that steps lead to; else empty.
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
  void take_steps(numbers& n) const;
  std::uint64_t number_at(const numbers& n, std::uint32_t row) const;
  const place& place_of(std::uint32_t row, std::size_t column) const;

  std::string_view bytes_;
  std::uint32_t rows_ = 0;
  std::vector<place> columns_;
  place row_numbers_;
  place row_offsets_;
};

} // namespace dossier::csv

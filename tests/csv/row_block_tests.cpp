// SPDX-License-Identifier: Apache-2.0
// Blocks of rows: what goes in comes out, and damaged bytes end in words.
#include "protocol/csv/row_block.hpp"

#include "protocol/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <limits>
#include <optional>
#include <vector>

namespace dossier::csv {

namespace row_block_tests {

schema number_and_text() {
  schema s;
  s.name = "two";
  s.columns.resize(2);
  s.columns[0].name = "n";
  s.columns[0].type = value_type::integer;
  s.columns[1].name = "t";
  return s;
}

struct model_row {
  std::optional<std::int64_t> number;
  std::optional<std::string> text;
};

void put(row_block& block, const model_row& row) {
  if (row.number)
    *block.open_values(0) = *row.number;
  else
    block.put_null(0, 0);
  if (!row.text)
    block.put_null(1, 0);
  const std::string padded = row.text.value_or("") + std::string(padding_bytes, '#');
  block.open_texts(1, padded.size()).put(padded.data(), padded.size() - padding_bytes);
}

std::vector<model_row> any_rows() {
  std::vector<model_row> rows(*rc::gen::inRange<std::size_t>(0, 150));
  const int shift = *rc::gen::inRange(0, 64);
  for (auto& row : rows) {
    if (*rc::gen::inRange(0, 4) != 0)
      row.number = *rc::gen::arbitrary<std::int64_t>() >> shift;
    if (*rc::gen::inRange(0, 4) != 0)
      row.text = *rc::gen::arbitrary<std::string>();
  }
  return rows;
}

/// Every value, wherever damaged bytes may lead.
void read_all(std::string_view bytes) {
  const auto reader = row_block_reader::open(bytes);
  if (!reader)
    return;
  for (std::uint32_t row = 0; row < std::min(reader->rows(), 1'000U); ++row) {
    reader->number(row);
    reader->offset(row);
    for (std::size_t column = 0; column < reader->columns(); ++column) {
      reader->is_null(row, column);
      if (reader->type(column) == value_type::text)
        reader->text(row, column);
      else
        reader->value(row, column);
    }
  }
}

} // namespace row_block_tests

BOOST_AUTO_TEST_SUITE(row_block_tests)

RC_BOOST_PROP(what_goes_in_comes_out, ()) {
  row_block block(number_and_text(), 200, 1 << 20);
  // A block that was used before holds nothing of that.
  for (const auto& row : any_rows()) {
    put(block, row);
    block.commit(1, 2);
  }
  block.clear();
  const auto rows = any_rows();
  const auto first = *rc::gen::inRange<std::uint64_t>(1, 1'000'000'000'000);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    put(block, any_rows().empty() ? rows[i] : model_row{{}, "discarded"});
    block.discard();
    put(block, rows[i]);
    block.commit(first + 2 * i, first * 7 + 100 * i);
  }
  const std::string bytes = block.encode();
  const auto reader = row_block_reader::open(bytes);
  RC_ASSERT(bool(reader));
  RC_ASSERT(reader->rows() == rows.size());
  RC_ASSERT(reader->columns() == 2u);
  for (std::uint32_t i = 0; i < rows.size(); ++i) {
    RC_ASSERT(block.number(i) == first + 2 * i);
    RC_ASSERT(block.value(i, 0) == rows[i].number.value_or(0));
    RC_ASSERT(block.text(i, 1) == rows[i].text.value_or(""));
    RC_ASSERT(reader->number(i) == first + 2 * i);
    RC_ASSERT(reader->offset(i) == first * 7 + 100 * i);
    RC_ASSERT(reader->is_null(i, 0) == !rows[i].number.has_value());
    RC_ASSERT(reader->value(i, 0) == rows[i].number.value_or(0));
    RC_ASSERT(reader->is_null(i, 1) == !rows[i].text.has_value());
    RC_ASSERT(*reader->text(i, 1) == rows[i].text.value_or(""));
  }
}

RC_BOOST_PROP(a_copy_is_the_row_that_was_copied, ()) {
  row_block block(number_and_text(), 200, 1 << 20);
  const auto rows = any_rows();
  for (std::size_t i = 0; i < rows.size(); ++i) {
    put(block, rows[i]);
    block.commit(3 + 2 * i, 100 * i);
  }
  const std::string bytes = block.encode();
  const auto reader = row_block_reader::open(bytes);
  RC_ASSERT(bool(reader));
  row_block copies(number_and_text(), 200, 1 << 20);
  for (std::uint32_t i = 0; i < rows.size(); ++i)
    RC_ASSERT(copies.copy(*reader, i));
  RC_ASSERT(copies.encode() == bytes);
}

RC_BOOST_PROP(damaged_bytes_never_lead_elsewhere, ()) {
  row_block block(number_and_text(), 200, 1 << 20);
  for (const auto& row : any_rows()) {
    put(block, row);
    block.commit(1, 2);
  }
  std::string bytes = block.encode();
  const auto damages = *rc::gen::inRange(1, 5);
  for (int i = 0; i < damages; ++i)
    bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<char>();
  bytes.resize(*rc::gen::inRange<std::size_t>(0, bytes.size() + 1));
  // A copy of exactly its size, so that reading behind its end is seen.
  const std::vector<char> exact(bytes.begin(), bytes.end());
  read_all({exact.data(), exact.size()});
}

BOOST_AUTO_TEST_CASE(a_block_is_full_at_its_rows_or_its_texts) {
  row_block by_rows(number_and_text(), 2, 1 << 20);
  put(by_rows, {1, "a"});
  by_rows.commit(1, 0);
  BOOST_TEST(!by_rows.is_full());
  put(by_rows, {2, "b"});
  by_rows.commit(2, 9);
  BOOST_TEST(by_rows.is_full());
  row_block by_texts(number_and_text(), 100, 10);
  put(by_texts, {1, std::string(10, 'x')});
  BOOST_TEST(!by_texts.is_full());
  by_texts.commit(1, 0);
  BOOST_TEST(by_texts.is_full());
}

BOOST_AUTO_TEST_CASE(numbers_take_no_more_bytes_than_they_differ) {
  row_block block(number_and_text(), 100, 1 << 20);
  for (int i = 0; i < 100; ++i) {
    put(block, {1'000'000'000'000 + i, ""});
    block.commit(static_cast<std::uint64_t>(i), 5);
  }
  // The head, four places, and one byte for each number; all else is the same in every row.
  BOOST_TEST(block.encode().size() == 16u + 4 * 32 + 100);
}

BOOST_AUTO_TEST_CASE(a_block_of_an_earlier_format_is_read) {
  // -5 and "one", 300 and "two words", 7 and nothing; as format 1 wrote them, never to be changed.
  const std::string hex
    = "0100000003000000020000000000000000010000900000000b000000000000000000000000000000000000000000"
      "00000001000093000000e803000000000000000000000000000000000000000000000202000096000000fbffffff"
      "ffffffff00000000000000000000000000000000010101009c00000003000000000000009f000000a00000000c00"
      "000000000000000102002b5c000031010c00000909046f6e6574776f20776f726473";
  std::vector<std::uint8_t> bytes(hex.size() / 2);
  BOOST_REQUIRE(parse_hex(hex, bytes));
  const auto reader
    = row_block_reader::open({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  BOOST_REQUIRE(reader);
  BOOST_REQUIRE(reader->rows() == 3u);
  const model_row rows[]{{-5, "one"}, {300, "two words"}, {7, std::nullopt}};
  const std::uint64_t offsets[]{1000, 1043, 1092};
  for (std::uint32_t i = 0; i < 3; ++i) {
    BOOST_TEST(reader->number(i) == 11 + 2 * i);
    BOOST_TEST(reader->offset(i) == offsets[i]);
    BOOST_TEST(reader->value(i, 0) == *rows[i].number);
    BOOST_TEST(reader->is_null(i, 1) == !rows[i].text.has_value());
    BOOST_TEST(*reader->text(i, 1) == rows[i].text.value_or(""));
  }
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_block_are_named) {
  const auto why = [](std::string_view bytes) {
    return row_block_reader::open(bytes).error().why;
  };
  BOOST_TEST(why("short") == "a row block is cut off before its head ends");
  std::string bytes = row_block(number_and_text(), 1, 1).encode();
  BOOST_TEST(bool(row_block_reader::open(bytes)));
  std::string other = bytes;
  other[0] = 3;
  BOOST_TEST(why(other) == "a row block has a format that nobody here knows");
  other = bytes;
  other[8] = 9;
  BOOST_TEST(why(other) == "a row block has no room for the columns that it says it has");
  other = bytes;
  other[16 + 64] = 77;
  BOOST_TEST(why(other) == "a row block has a column that lies outside of it");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

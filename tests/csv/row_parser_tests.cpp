// SPDX-License-Identifier: Apache-2.0
// Chunks of any file, in windows of any size, give the rows and rejects that the reference gives
// for the whole.
#include "tests/csv/chunk_reader.hpp"
#include "tests/csv/files.hpp"
#include "tests/csv/reference.hpp"
#include "tests/csv/row_reference.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

namespace dossier::csv {

namespace row_parser_tests {

column named(std::string name, value_type type) {
  column c;
  c.name = std::move(name);
  c.type = type;
  return c;
}

/// Texts, a number and something passed over.
schema small_schema() {
  schema s;
  s.name = "small";
  s.columns = {named("t", value_type::text), named("n", value_type::integer)};
  s.columns[0].length_max = 6;
  s.columns[1].min = -5;
  s.columns[1].is_required = true;
  return s;
}

column_mapping small_mapping() {
  return {{1, std::nullopt, 0}, {"n", "other", "t"}};
}

void check_all_ways(std::string_view file, const schema& s, const column_mapping& m) {
  const auto expected = reference_parser(s, m, small_law).parse(file, {});
  const auto cuts = any_cuts(file.size());
  const auto window = *rc::gen::inRange<std::size_t>(1, 400);
  const auto rows_max = *rc::gen::inRange<std::uint32_t>(1, 20);
  for (const auto which : all_instructions()) {
    const auto seen = read_in_chunks(file, cuts, s, m, small_law, {which, window, rows_max});
    RC_ASSERT(seen == expected);
  }
}

rc::Gen<std::string> plausible_file() {
  return any_file({"1,x,abc\n",
                   "-3,,\"q\"\"q\"\n",
                   "7,\"a\nb\",\"\"\r\n",
                   "4,\"c,d\",caf\xc3\xa9\n",
                   "2,x,",
                   "x",
                   "1",
                   ",",
                   "\n",
                   "\r\n",
                   "\r",
                   "\"",
                   "\"\"",
                   "-6,x,y\n",
                   ",x,y\n",
                   "1,x,toolongtext\n",
                   "9,\xff,t\n",
                   "9,x\n",
                   "9,x,y,z\n",
                   "\"1\",2,3\n",
                   "1,x\"y,z\n",
                   "1,\"x\"y,z\n",
                   "3,4,5\r\n",
                   std::string("8,\0,t\n", 6),
                   "1,\"" + std::string(140, 'l') + "\",x\n",
                   std::string(129, ',')});
}

} // namespace row_parser_tests

BOOST_AUTO_TEST_SUITE(row_parser_tests)

RC_BOOST_PROP(plausible_files_are_read_as_the_reference_reads_them, ()) {
  const schema s = small_schema();
  check_all_ways(*plausible_file(), s, small_mapping());
}

RC_BOOST_PROP(hostile_files_are_read_as_the_reference_reads_them, ()) {
  schema s;
  s.columns = {named("a", value_type::text), named("b", value_type::text)};
  check_all_ways(*hostile_file(), s, map_by_position(s));
}

RC_BOOST_PROP(line_ends_at_every_edge_of_a_chunk_are_line_ends, ()) {
  std::string file;
  const auto rows = *rc::gen::inRange(1, 30);
  for (int i = 0; i < rows; ++i)
    file += std::to_string(i) + ",\"x\r\ny\","
            + std::string(*rc::gen::inRange<std::size_t>(0, 6), 'z') + "\r\n";
  const schema s = small_schema();
  const auto mapping = small_mapping();
  const auto expected = reference_parser(s, mapping, small_law).parse(file, {});
  for (std::size_t chunk = 1; chunk < 40; ++chunk) {
    std::vector<std::size_t> cuts;
    for (std::size_t at = 0; at < file.size(); at += chunk)
      cuts.push_back(at);
    cuts.push_back(file.size());
    for (const auto which : all_instructions())
      RC_ASSERT(read_in_chunks(file, cuts, s, mapping, small_law, {which, chunk, 7}) == expected);
  }
}

BOOST_AUTO_TEST_CASE(records_longer_than_an_index_are_read_whole) {
  schema s;
  s.columns = {named("a", value_type::text), named("b", value_type::text)};
  const auto mapping = map_by_position(s);
  const record_law law{',', '"', 100'000};
  const std::string file = std::string(40'000, 'x') + ",\"" + std::string(50'000, '\n') + "\"\n"
                           + std::string(99'998, 'y') + ",\n" + std::string(99'999, 'z')
                           + ",\n1,2\n" + std::string(30'000, ',') + "\nlast,one";
  const auto expected = reference_parser(s, mapping, law).parse(file, {});
  BOOST_TEST(expected.rows.size() == 4u);
  for (const auto which : all_instructions())
    for (const std::size_t window : {1'000'000UL, 120'000UL, 100'001UL})
      BOOST_TEST(
        (read_in_chunks(file, {0, 70'000, file.size()}, s, mapping, law, {which, window, 100})
         == expected));
}

BOOST_AUTO_TEST_CASE(a_field_without_end_is_one_reject_of_which_the_front_is_kept) {
  const schema s = small_schema();
  row_parser parser(s, small_mapping(), record_law{}, {});
  row_block rows(s, 10, 1'000);
  const std::string window = '"' + std::string(99'999, 'x');
  std::size_t rejects = 0;
  const reject_sink see = [&](const reject& r) {
    ++rejects;
    BOOST_TEST((r.kind == reject_kind::line_too_long));
    BOOST_TEST(r.record_bytes == 32'000'003u);
    BOOST_TEST(r.text.size() == record_law{}.record_bytes_max);
  };
  for (int i = 0; i < 320; ++i)
    BOOST_REQUIRE_EQUAL(parser.parse(window, false, rows, see).consumed, window.size());
  BOOST_TEST(parser.parse("xx\n1,,t\n", true, rows, see).consumed == 8u);
  BOOST_TEST(rejects == 1u);
  BOOST_TEST(parser.counts().rows == 1u);
  BOOST_TEST((parser.position() == record_start{32'000'008, 3, 3}));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

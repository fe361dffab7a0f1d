// SPDX-License-Identifier: Apache-2.0
// A file in any encoding has the rows and rejects of its UTF-8, each where the file itself has it,
// however it is cut.
#include "protocol/csv/file_plan.hpp"
#include "tests/csv/chunk_reader.hpp"
#include "tests/csv/files.hpp"
#include "tests/csv/reference.hpp"
#include "tests/csv/stored_text.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

namespace dossier::csv {

namespace stored_files_tests {

constexpr text_encoding every_encoding[]
  = {text_encoding::utf8, text_encoding::utf16le, text_encoding::utf16be, text_encoding::latin1};

schema two_columns() {
  schema s;
  s.name = "two";
  s.columns.resize(2);
  s.columns[0].name = "a";
  s.columns[1].name = "b";
  s.columns[1].length_max = 100;
  return s;
}

/// What the slow reading of the UTF-8 gives, where the file has it.
seen_file expected_of(const stored_text& file, const schema& s) {
  auto seen = reference_parser(s, map_by_position(s), small_law).parse(file.text, {});
  for (auto& row : seen.rows)
    row.offset = file.offsets[row.offset];
  for (auto& r : seen.rejects) {
    r.record_bytes = file.offsets[r.record.offset + r.record_bytes] - file.offsets[r.record.offset];
    r.record.offset = file.offsets[r.record.offset];
    r.error_offset = file.offsets[r.error_offset];
    if (file.stored_as != text_encoding::utf8)
      r.text = readable(r.text);
  }
  return seen;
}

std::string any_text(text_encoding encoding) {
  std::vector<std::string> parts{"a",
                                 ",",
                                 ",",
                                 "\n",
                                 "\n",
                                 "\r\n",
                                 "x,y\n",
                                 "\"",
                                 "\"\"",
                                 "\"a,\xc3\xa9\"",
                                 "\"x\ny\"",
                                 "\",",
                                 std::string(50, 'z'),
                                 std::string(130, 'w'),
                                 std::string("\0", 1),
                                 "\xc3\xa9",
                                 "\xc3\xa9\xc3\xa9\n"};
  if (encoding != text_encoding::latin1)
    parts.insert(parts.end(), {"\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80,\n",
                               "\xef\xbf\xbd", "\xef\xbb\xbf"});
  // Never one behind the other: together they would be a character.
  if (encoding == text_encoding::utf16le || encoding == text_encoding::utf16be)
    parts.insert(parts.end(), {"\xed\xa0\x80.", "\xed\xb0\x80.", "\xed\xaf\xbf,"});
  return *any_file(parts);
}

/// At characters.
std::vector<std::size_t> cuts_of(const stored_text& file, const std::vector<std::size_t>& at) {
  std::vector<std::size_t> cuts;
  for (const auto i : at)
    cuts.push_back(file.begins[i]);
  return cuts;
}

} // namespace stored_files_tests

BOOST_AUTO_TEST_SUITE(stored_files_tests)

RC_BOOST_PROP(any_file_is_read_as_its_utf8_is, ()) {
  const schema s = two_columns();
  for (const auto encoding : every_encoding) {
    stored_text file(encoding, any_text(encoding));
    if (ascii_bytes(encoding) == 2 && *rc::gen::arbitrary<bool>())
      file.add_half_a_unit();
    const auto expected = expected_of(file, s);
    const auto cuts = cuts_of(file, any_cuts(file.begins.size() - 1));
    const auto window = *rc::gen::inRange<std::size_t>(1, 400);
    const auto rows_max = *rc::gen::inRange<std::uint32_t>(1, 20);
    for (const auto which : all_instructions())
      RC_ASSERT(read_in_chunks(file.bytes, cuts, s, map_by_position(s), small_law,
                               {which, window, rows_max, encoding})
                == expected);
  }
}

BOOST_AUTO_TEST_CASE(ranges_of_any_size_cut_at_any_character) {
  const schema s = two_columns();
  for (const auto encoding : every_encoding) {
    const std::string wide
      = encoding == text_encoding::latin1 ? "\xc3\xbf" : "\xf0\x9f\x98\x80\xe2\x82\xac";
    std::string text;
    for (int i = 0; i < 30; ++i)
      text += wide + ",\"" + std::string(static_cast<std::size_t>(i) % 7, '"') + "\n" + wide
              + "\"\r\n" + (i % 9 == 0 ? wide + std::string(200, 'q') + "\n" : "\n") + "z,\n";
    const stored_text file(encoding, text);
    const auto expected = expected_of(file, s);
    BOOST_TEST(expected.rows.size() > 30u);
    BOOST_TEST(expected.rejects.size() > 3u);
    for (std::size_t characters = 1; characters < 200; ++characters) {
      std::vector<std::size_t> at;
      for (std::size_t i = 0; i + 1 < file.begins.size(); i += characters)
        at.push_back(i);
      at.push_back(file.begins.size() - 1);
      BOOST_TEST((read_in_chunks(file.bytes, cuts_of(file, at), s, map_by_position(s), small_law,
                                 {best_instructions(), 2 * characters, 5, encoding})
                  == expected));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_plan_says_where_the_file_itself_has_its_first_row) {
  const schema s = two_columns();
  const std::string text = "a,\xc3\xa9,b\n1,2,3\n";
  const auto data_of = [&](text_encoding encoding, const std::string& mark, bool is_said) {
    read_options o;
    if (is_said)
      o.wishes.encoding = encoding;
    const auto plan = plan_file(stored_text(encoding, mark + text).bytes, s, o, 1'000);
    BOOST_REQUIRE(plan);
    BOOST_TEST((plan->found.dialect.encoding == encoding));
    BOOST_TEST(plan->found.reasons.front().find(to_string(encoding)) != std::string::npos);
    BOOST_TEST((plan->mapping.names == std::vector<std::string>{"a", "\xc3\xa9", "b"}));
    return plan->data;
  };
  const std::string mark(utf8_bom);
  BOOST_TEST((data_of(text_encoding::utf8, "", false) == record_start{7, 2, 2}));
  BOOST_TEST((data_of(text_encoding::utf8, mark, false) == record_start{10, 2, 2}));
  BOOST_TEST((data_of(text_encoding::utf16le, mark, false) == record_start{14, 2, 2}));
  BOOST_TEST((data_of(text_encoding::utf16be, mark, false) == record_start{14, 2, 2}));
  BOOST_TEST((data_of(text_encoding::utf16be, "", true) == record_start{12, 2, 2}));
  BOOST_TEST((data_of(text_encoding::latin1, "", false) == record_start{6, 2, 2}));
}

BOOST_AUTO_TEST_CASE(a_header_that_is_no_text_is_refused) {
  const auto plan = plan_file(
    stored_text(text_encoding::utf16le, std::string(utf8_bom) + "a\xed\xa0\x80,b\nx,y\n").bytes,
    two_columns(), {}, 1'000);
  BOOST_REQUIRE(!plan);
  BOOST_TEST(plan.error().why
             == "the header of this CSV file cannot be read: field 1 is not UTF-16LE");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

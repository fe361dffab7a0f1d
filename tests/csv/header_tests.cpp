// SPDX-License-Identifier: Apache-2.0
// Headers: what they are called, where the data begins, and what does not fit a schema.
#include "protocol/csv/header.hpp"
#include "tests/csv/reference.hpp"

#include <boost/test/unit_test.hpp>

namespace dossier::csv {

namespace header_tests {

schema columns_a_and_b() {
  schema s;
  s.columns.resize(2);
  s.columns[0].name = "a";
  s.columns[1].name = "b";
  return s;
}

std::string why(const result<file_head>& r) {
  return r ? "" : r.error().why;
}

} // namespace header_tests

BOOST_AUTO_TEST_SUITE(header_tests)

BOOST_AUTO_TEST_CASE(names_come_out_of_quotes_and_the_data_begins_behind) {
  const auto head = read_head("\xef\xbb\xbf"
                              "a, \"b\",\"c\nd\"\r\n1,2,3\n",
                              {}, small_law);
  BOOST_REQUIRE(!head);
  const auto good = read_head("\xef\xbb\xbf"
                              "a , b,\"c\n\"\"d\"\r\n1,2,3\n",
                              {}, small_law);
  BOOST_REQUIRE(good);
  const std::vector<std::string> names{"a", "b", "c\n\"d"};
  BOOST_TEST(good->names == names, boost::test_tools::per_element());
  BOOST_TEST((good->data == record_start{18, 3, 2}));
}

BOOST_AUTO_TEST_CASE(a_file_may_be_all_header_or_have_none) {
  const auto only = read_head("a,b", {}, small_law);
  BOOST_REQUIRE(only);
  BOOST_TEST((only->data == record_start{3, 1, 2}));
  dialect headless;
  headless.has_header = false;
  const auto none = read_head("\xef\xbb\xbf"
                              "1,2\n",
                              headless, small_law);
  BOOST_REQUIRE(none);
  BOOST_TEST(none->names.empty());
  BOOST_TEST((none->data == record_start{3, 1, 1}));
}

BOOST_AUTO_TEST_CASE(headers_that_cannot_be_read_say_why) {
  const std::string front = "the header of this CSV file cannot be read: ";
  BOOST_TEST(why(read_head("", {}, small_law)) == front + "the first line is empty");
  BOOST_TEST(why(read_head("\r\na,b\n", {}, small_law)) == front + "the first line is empty");
  BOOST_TEST(why(read_head("a,b\"c\n", {}, small_law))
             == front + "in field 2 a quote stands inside a field that began without one");
  BOOST_TEST(why(read_head("a,\xff\n", {}, small_law)) == front + "field 2 is not UTF-8");
  BOOST_TEST(why(read_head(std::string(200, 'x') + "\n", {}, small_law))
             == front + "it has more than 128 bytes");
  BOOST_TEST(why(read_head("\"" + std::string(200, 'x'), {}, small_law))
             == front + "it has more than 128 bytes");
}

BOOST_AUTO_TEST_CASE(columns_take_the_fields_of_their_name) {
  const auto mapping = map_by_name(columns_a_and_b(), {"b", "more", "a"});
  BOOST_REQUIRE(mapping);
  BOOST_REQUIRE_EQUAL(mapping->columns.size(), 3u);
  BOOST_TEST(*mapping->columns[0] == 1u);
  BOOST_TEST(!mapping->columns[1]);
  BOOST_TEST(*mapping->columns[2] == 0u);
}

BOOST_AUTO_TEST_CASE(all_that_does_not_fit_is_named_at_once) {
  schema s = columns_a_and_b();
  BOOST_TEST(map_by_name(s, {"x", "a", "a", "y"}, false).error().why
             == "the header lacks b; it has more than once a; it has besides the schema's columns "
                "x, y");
  BOOST_TEST(map_by_name(s, {"a"}).error().why == "the header lacks b");
}

BOOST_AUTO_TEST_CASE(without_a_header_places_decide) {
  const auto mapping = map_by_position(columns_a_and_b());
  BOOST_TEST(*mapping.columns[0] == 0u);
  BOOST_TEST(*mapping.columns[1] == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

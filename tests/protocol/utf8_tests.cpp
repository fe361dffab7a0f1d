// SPDX-License-Identifier: Apache-2.0
#include "protocol/utf8.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

using namespace std::string_view_literals;

namespace dossier {

BOOST_AUTO_TEST_SUITE(utf8_tests)

BOOST_AUTO_TEST_CASE(every_edge_of_the_grammar_is_utf8) {
  for (const auto text :
       {""sv, "\0"sv, "\x7f"sv, "\xc2\x80"sv, "\xdf\xbf"sv, "\xe0\xa0\x80"sv, "\xed\x9f\xbf"sv,
        "\xee\x80\x80"sv, "\xef\xbf\xbf"sv, "\xf0\x90\x80\x80"sv, "\xf4\x8f\xbf\xbf"sv})
    BOOST_TEST(is_utf8(text));
}

BOOST_AUTO_TEST_CASE(what_lies_just_outside_is_not) {
  for (const auto text :
       {"\x80"sv, "\xbf"sv, "\xc0\x80"sv, "\xc1\xbf"sv, "\xe0\x9f\xbf"sv, "\xed\xa0\x80"sv,
        "\xed\xbf\xbf"sv, "\xf0\x8f\xbf\xbf"sv, "\xf4\x90\x80\x80"sv, "\xf5\x80\x80\x80"sv,
        "\xff"sv, "\xc2\x41"sv, "\xe2\x82\x41"sv, "\xf0\x9f\x98\x41"sv})
    BOOST_TEST(!is_utf8(text));
}

BOOST_AUTO_TEST_CASE(the_place_where_it_stops_is_told) {
  const std::string good = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
  for (const auto tail : {"\xff"sv, "\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x98"sv, "\xffz"sv})
    BOOST_TEST(utf8_prefix_bytes(good + std::string{tail}) == good.size());
  BOOST_TEST(utf8_prefix_bytes(good) == good.size());
}

BOOST_AUTO_TEST_CASE(any_bytes_become_plain_text) {
  BOOST_TEST(plain_utf8("", 9) == "");
  BOOST_TEST(plain_utf8("a\xc3\xa9", 3) == "a\xc3\xa9");
  BOOST_TEST(plain_utf8("\xff\xc3\xa9\x80z\xe2\x82", 99) == "?\xc3\xa9?z??");
  BOOST_TEST(plain_utf8(std::string("\0\xc0\0", 3), 99) == std::string_view("\0?\0", 3));
}

BOOST_AUTO_TEST_CASE(text_that_is_too_long_is_cut_even_within_a_character) {
  BOOST_TEST(plain_utf8("abc", 2) == "ab");
  BOOST_TEST(plain_utf8("abc", 0) == "");
  BOOST_TEST(plain_utf8("a\xe2\x82\xac", 4) == "a\xe2\x82\xac");
  BOOST_TEST(plain_utf8("a\xe2\x82\xac", 3) == "a??");
}

BOOST_AUTO_TEST_CASE(a_text_for_a_sentence_is_cut_between_characters) {
  const std::string fits(64, 'x');
  BOOST_TEST(shortened("") == "");
  BOOST_TEST(shortened(fits) == fits);
  BOOST_TEST(shortened(fits + "y") == fits + "...");
  const std::string before(62, 'x');
  BOOST_TEST(shortened(before + "\xc3\xa9") == before + "\xc3\xa9");
  BOOST_TEST(shortened(before + "\xe2\x82\xac") == before + "...");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

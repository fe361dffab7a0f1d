// SPDX-License-Identifier: Apache-2.0
// Guesses at dialects, with the reasons that people read, and what is asked for instead.
#include "protocol/csv/sniff.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

namespace dossier::csv {

namespace sniff_tests {

void check(std::string_view head, const dialect& expected, const std::vector<std::string>& reasons,
           const dialect_wishes& wishes = {}) {
  BOOST_TEST_CONTEXT(head) {
    const auto guess = sniff(head, true, wishes);
    BOOST_REQUIRE(guess);
    BOOST_TEST((guess->dialect == expected));
    BOOST_TEST(guess->reasons == reasons, boost::test_tools::per_element());
  }
}

const std::string utf8_reason = "the encoding is UTF-8: all bytes are";
const std::string no_quote_reason
  = "the quote is \": no field begins with a quote, and this is the usual one";

} // namespace sniff_tests

BOOST_AUTO_TEST_SUITE(sniff_tests)

BOOST_AUTO_TEST_CASE(the_usual_file) {
  check("id,cost,when\na,1.5,2024-01-01\nb,2,2024-01-02\n", {',', '"', true, text_encoding::utf8},
        {utf8_reason, no_quote_reason,
         "the delimiter is a comma: it divides 3 of the first 3 records into 3 fields",
         "there is a header: under cost stand values only"});
}

BOOST_AUTO_TEST_CASE(other_delimiters_and_quotes) {
  check("name;price\r\n\"a;b\";1,50\r\n\"c,d\";2,00\r\n", {';', '"', true, text_encoding::utf8},
        {utf8_reason, "the quote is \": fields begin with it",
         "the delimiter is a semicolon: it divides 3 of the first 3 records into 2 fields",
         "there is a header: under price stand values only"});
  check("'x\ty'\t1\n'z'\t2\n", {'\t', '\'', false, text_encoding::utf8},
        {utf8_reason, "the quote is ': fields begin with it, and none with \"",
         "the delimiter is a tab: it divides 2 of the first 2 records into 2 fields",
         "there is no header: the first record has the value 1"});
  check("a|b\nc|d\n", {'|', '"', true, text_encoding::utf8},
        {utf8_reason, no_quote_reason,
         "the delimiter is a vertical bar: it divides 2 of the first 2 records into 2 fields",
         "there is a header: the first record has different words only"});
}

BOOST_AUTO_TEST_CASE(headers_that_are_none) {
  const auto last_reason = [](std::string_view head) {
    return sniff(head, true)->reasons.back();
  };
  BOOST_TEST(last_reason("a,,c\n1,2,3\n")
             == "there is no header: a field of the first record is empty");
  BOOST_TEST(last_reason("a,a\n1,2\n")
             == "there is no header: two fields of the first record are the same");
  BOOST_TEST(last_reason("") == "there is no header: a field of the first record is empty");
}

BOOST_AUTO_TEST_CASE(encodings) {
  const auto encoding = [](std::string_view head, bool is_whole = true) {
    return sniff(head, is_whole)->dialect.encoding;
  };
  BOOST_TEST((encoding("\xef\xbb\xbf"
                       "a,b\n")
              == text_encoding::utf8));
  BOOST_TEST((encoding("caf\xe9,b\n") == text_encoding::latin1));
  BOOST_TEST((encoding("caf\xc3") == text_encoding::latin1));
  BOOST_TEST((encoding("caf\xc3", false) == text_encoding::utf8));
  BOOST_TEST((encoding(std::string_view("\xff\xfe"
                                        "a\0,\0b\0",
                                        8))
              == text_encoding::utf16le));
  BOOST_TEST((encoding(std::string_view("\xfe\xff\0a\0,\0b", 8)) == text_encoding::utf16be));
  BOOST_TEST((encoding(std::string_view("a\0;\0b\0\n\0", 8)) == text_encoding::utf16le));
  const auto guess = sniff(std::string_view("\0a\0;\0b\0\n", 8), true);
  BOOST_TEST((guess->dialect.encoding == text_encoding::utf16be));
  BOOST_TEST(guess->dialect.delimiter == ';');
}

BOOST_AUTO_TEST_CASE(what_was_said_is_taken) {
  check("1;2,3\n4;5,6\n", {',', '\'', true, text_encoding::latin1},
        {"the encoding is Latin-1, as was said", "the quote is ', as was said",
         "the delimiter is a comma, as was said", "there is a header, as was said"},
        {',', '\'', true, text_encoding::latin1});
  BOOST_TEST(sniff("", true, {',', ',', {}, {}}).error().why
             == "the quote and the delimiter of a CSV file are different characters");
  BOOST_TEST(sniff("", true, {'\n', {}, {}, {}}).error().why
             == "the delimiter of a CSV file is one ASCII character and no line end");
}

RC_BOOST_PROP(any_bytes_have_a_guess_that_can_be, (const std::string& head, bool is_whole)) {
  const auto guess = sniff(head, is_whole);
  RC_ASSERT(bool(guess));
  RC_ASSERT(bool(checked(guess->dialect)));
  RC_ASSERT(guess->reasons.size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

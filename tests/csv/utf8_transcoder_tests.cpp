// SPDX-License-Identifier: Apache-2.0
// Other encodings become UTF-8, however they are cut, and what is no character is said.
#include "protocol/csv/utf8_transcoder.hpp"

#include "protocol/utf8.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

namespace dossier::csv {

namespace {

struct transcoded {
  std::string text;
  std::vector<std::uint64_t> invalid;

  bool operator==(const transcoded&) const = default;
};

transcoded transcode(text_encoding from, std::string_view bytes, std::size_t piece) {
  utf8_transcoder transcoder(from);
  transcoded t;
  for (std::size_t at = 0; at < bytes.size(); at += piece)
    transcoder.feed(bytes.substr(at, piece), t.text);
  transcoder.finish(t.text);
  t.invalid = transcoder.invalid_offsets();
  return t;
}

template <std::size_t n>
std::string_view bytes(const char (&text)[n]) {
  return {text, n - 1};
}

void check(text_encoding from, std::string_view input, const transcoded& expected) {
  for (const std::size_t piece : {1U, 2U, 3U, 100U}) {
    const auto t = transcode(from, input, piece);
    BOOST_TEST(t.text == expected.text);
    BOOST_TEST(t.invalid == expected.invalid, boost::test_tools::per_element());
  }
}

} // namespace

BOOST_AUTO_TEST_SUITE(utf8_transcoder_tests)

BOOST_AUTO_TEST_CASE(each_encoding) {
  check(text_encoding::latin1, "caf\xe9,\x80", {"caf\xc3\xa9,\xc2\x80", {}});
  check(text_encoding::utf16le,
        bytes("\xff\xfe"
              "a\0\xe9\0\xac\x20\x3d\xd8\x00\xde"),
        {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", {}});
  check(text_encoding::utf16be, bytes("\xfe\xff\0a\0\xe9\x20\xac\xd8\x3d\xde\x00"),
        {"a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", {}});
  check(text_encoding::utf8,
        "\xef\xbb\xbf"
        "a\xff",
        {"a\xff", {}});
  check(text_encoding::utf8, "\xef\xbb", {"\xef\xbb", {}});
  check(text_encoding::utf8,
        "\xef\xbb\xbc"
        "a",
        {"\xef\xbb\xbc"
         "a",
         {}});
}

BOOST_AUTO_TEST_CASE(what_is_no_character_is_replaced_and_said) {
  // A low surrogate alone, a high one before a letter, one at the end, and half a unit.
  check(text_encoding::utf16be, bytes("\xdc\x00\xd8\x00\0a\xd8\x00"),
        {"\xef\xbf\xbd\xef\xbf\xbd"
         "a\xef\xbf\xbd",
         {0, 2, 6}});
  check(text_encoding::utf16be, bytes("\0a\0"), {"a\xef\xbf\xbd", {2}});
  check(text_encoding::utf16be, bytes("\xd8\x00\0"), {"\xef\xbf\xbd\xef\xbf\xbd", {0, 2}});
  // A byte order mark is left out at the front only.
  check(text_encoding::utf16be, bytes("\xfe\xff\xfe\xff"), {"\xef\xbb\xbf", {}});
}

RC_BOOST_PROP(any_bytes_in_any_pieces_become_the_same_utf8, (const std::string& input)) {
  for (const auto from : {text_encoding::latin1, text_encoding::utf16le, text_encoding::utf16be}) {
    const auto whole = transcode(from, input, input.size() + 1);
    RC_ASSERT(is_utf8(whole.text));
    RC_ASSERT(transcode(from, input, *rc::gen::inRange<std::size_t>(1, 9)) == whole);
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

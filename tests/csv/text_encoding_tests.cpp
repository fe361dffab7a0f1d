// SPDX-License-Identifier: Apache-2.0
// Other encodings become UTF-8, however they are cut; what is no character stays none; and any
// piece says how many bytes of the file it was.
#include "protocol/csv/text_encoding.hpp"

#include "protocol/utf8.hpp"
#include "tests/csv/stored_text.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>

namespace dossier::csv {

namespace text_encoding_tests {

constexpr text_encoding others[]
  = {text_encoding::utf16le, text_encoding::utf16be, text_encoding::latin1};

/// In pieces, where bytes that were left come again at the front of the next one.
std::string transcode(text_encoding from, std::string_view bytes, std::size_t piece) {
  std::string text;
  for (std::size_t at = 0, size = piece; at < bytes.size();) {
    const auto part = bytes.substr(at, size);
    std::string to(2 * part.size(), '?');
    const auto made = to_utf8(from, part, at + part.size() == bytes.size(), to.data());
    text += to.substr(0, made.written);
    BOOST_TEST(part.size() - made.read < 4);
    size = made.read == 0 ? size + 1 : piece;
    at += made.read;
  }
  return text;
}

template <std::size_t n>
std::string_view bytes(const char (&text)[n]) {
  return {text, n - 1};
}

void check(text_encoding from, std::string_view input, std::string_view expected) {
  for (const std::size_t piece : {1U, 2U, 3U, 5U, 100U})
    BOOST_TEST(transcode(from, input, piece) == expected);
  BOOST_TEST(to_utf8(from, input, true) == expected);
  BOOST_TEST(bytes_in_file(from, expected) == input.size());
}

} // namespace text_encoding_tests

BOOST_AUTO_TEST_SUITE(text_encoding_tests)

BOOST_AUTO_TEST_CASE(each_encoding_is_known_by_its_name) {
  for (const auto e :
       {text_encoding::utf8, text_encoding::utf16le, text_encoding::utf16be, text_encoding::latin1})
    BOOST_TEST((parse_text_encoding(to_string(e)) == e));
  BOOST_TEST((parse_text_encoding("utf-16le") == text_encoding::utf16le));
  for (const auto* name : {"", "utf", "utf-8 ", "unknown", "ascii"})
    BOOST_TEST(!parse_text_encoding(name));
}

BOOST_AUTO_TEST_CASE(each_encoding) {
  check(text_encoding::latin1, "caf\xe9,\x80 and more", "caf\xc3\xa9,\xc2\x80 and more");
  check(text_encoding::utf16le, bytes("a\0\xe9\0\xac\x20\x3d\xd8\x00\xde\xff\xff"),
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80\xef\xbf\xbf");
  check(text_encoding::utf16be, bytes("\0a\0\xe9\x20\xac\xd8\x3d\xde\x00\0b\0c\0d\0e\0f"),
        "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"
        "bcdef");
  check(text_encoding::utf8, "a\xff\xc3", "a\xff\xc3");
  check(text_encoding::utf16le, "\xff\xfe", "\xef\xbb\xbf");
}

BOOST_AUTO_TEST_CASE(what_is_no_character_is_no_utf8_and_can_be_shown) {
  // A low surrogate alone, a high one before a letter, one at the end, and half a unit.
  check(text_encoding::utf16be, bytes("\xdc\x00\xd8\x00\0a\xd8\x00"),
        "\xed\xb0\x80\xed\xa0\x80"
        "a\xed\xa0\x80");
  check(text_encoding::utf16be, bytes("\xd8\x00\xd8\x00\xdc\x00\0"),
        "\xed\xa0\x80\xf0\x90\x80\x80\xff");
  check(text_encoding::utf16le, bytes("\x00\xd8x"), "\xed\xa0\x80\xff");
  const std::string_view fffd = "\xef\xbf\xbd";
  BOOST_TEST(readable("\xed\xb0\x80"
                      "a\xed\xa0\x80\xed\x9f\xbf\xff")
             == std::string(fffd) + "a" + std::string(fffd) + "\xed\x9f\xbf" + std::string(fffd));
  BOOST_TEST(readable("a\xc3") == "a");
  BOOST_TEST(readable("a\xed\xa0") == "a");
}

RC_BOOST_PROP(any_bytes_in_any_pieces_become_the_same_and_are_counted, (const std::string& input)) {
  for (const auto from : others) {
    const auto whole = to_utf8(from, input, true);
    RC_ASSERT(transcode(from, input, *rc::gen::inRange<std::size_t>(1, 9)) == whole);
    RC_ASSERT(bytes_in_file(from, whole) == input.size());
    const auto cut = *rc::gen::inRange<std::size_t>(0, whole.size() + 1);
    RC_ASSERT(bytes_in_file(from, whole.substr(0, cut)) + bytes_in_file(from, whole.substr(cut))
              == input.size());
    RC_ASSERT(is_utf8(readable(whole)));
    RC_ASSERT(is_utf8(whole) == (readable(whole) == whole));
  }
}

RC_BOOST_PROP(every_character_is_found_where_it_is_stored, ()) {
  const auto parts = *rc::gen::container<std::vector<std::string>>(
    rc::gen::element<std::string>("a", "text", "\xc3\xa9", "\xc3\xbf", "\xe2\x82\xac",
                                  "\xef\xbf\xbd", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf"));
  for (const auto from : others) {
    std::string text;
    for (const auto& part : parts)
      if (from != text_encoding::latin1 || static_cast<std::uint8_t>(part[0]) < 0xc4)
        text += part;
    const stored_text twin(from, text);
    RC_ASSERT(to_utf8(from, twin.bytes, true) == text);
    for (std::size_t at = 0; at <= text.size(); ++at)
      RC_ASSERT(bytes_in_file(from, std::string_view(text).substr(0, at)) == twin.offsets[at]);
    for (std::size_t at = 2; at + 2 <= twin.bytes.size(); at += ascii_bytes(from))
      RC_ASSERT(is_in_character(from, std::string_view(twin.bytes).substr(at - 2, 4))
                != (std::ranges::find(twin.begins, at) != twin.begins.end()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

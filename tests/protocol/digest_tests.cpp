// SPDX-License-Identifier: Apache-2.0
#include "protocol/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <string>
#include <vector>

namespace dossier {

namespace digest_tests {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::span<const std::uint8_t> octets_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void is_refused(const result<void>& read) {
  BOOST_REQUIRE(!read);
  BOOST_TEST(to_string(read.error().code) == to_string(errc::invalid_argument));
}

} // namespace digest_tests

BOOST_AUTO_TEST_SUITE(digest_tests)

BOOST_AUTO_TEST_CASE(sha256_has_its_published_values) {
  BOOST_TEST(to_hex(sha256_of(""))
             == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  BOOST_TEST(to_hex(sha256_of("abc"))
             == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

BOOST_AUTO_TEST_CASE(hmac_has_its_published_values) {
  // RFC 4231, cases 1, 2 and 6.
  BOOST_TEST(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There"))
             == "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  BOOST_TEST(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?"))
             == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  BOOST_TEST(to_hex(hmac_sha256(std::string(131, '\xaa'),
                                "Test Using Larger Than Block-Size Key - Hash Key First"))
             == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  const hmac_key key("Jefe");
  const auto first = key.sign("what do ya want for nothing?");
  BOOST_CHECK(first == hmac_sha256("Jefe", "what do ya want for nothing?"));
  BOOST_CHECK(key.sign("") == hmac_sha256("Jefe", ""));
  BOOST_CHECK(key.sign("what do ya want for nothing?") == first);
  BOOST_TEST(to_hex(hmac_sha256("", ""))
             == "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

BOOST_AUTO_TEST_CASE(a_running_digest_equals_the_whole_one) {
  for (const bool with_md5 : {false, true}) {
    content_hasher running(with_md5);
    running.update(bytes_of("a"));
    content_hasher moved = std::move(running);
    moved.update(bytes_of(""));
    moved.update(bytes_of("bc"));
    sha256_digest sha256{};
    md5_digest md5{};
    md5.fill(0x55);
    moved.finish(sha256, md5);
    BOOST_TEST(to_hex(sha256) == to_hex(sha256_of("abc")));
    BOOST_TEST(to_hex(md5)
               == (with_md5 ? "900150983cd24fb0d6963f7d28e17f72" : std::string(32, '0')));
  }
}

BOOST_AUTO_TEST_CASE(hex_reads_both_cases_and_exactly_its_length) {
  std::array<std::uint8_t, 3> into{};
  BOOST_REQUIRE(parse_hex("00fFa9", into));
  BOOST_TEST(to_hex(into) == "00ffa9");
  is_refused(parse_hex("00ffa", into));
  is_refused(parse_hex("00ffa90", into));
  is_refused(parse_hex("00ffag", into));
  is_refused(parse_hex("0x00ff", into));
  is_refused(parse_hex("00ff a", into));
  is_refused(parse_hex("", into));
  BOOST_TEST(parse_hex("", std::span<std::uint8_t>()).has_value());
}

BOOST_AUTO_TEST_CASE(base64_has_the_values_of_rfc_4648) {
  const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                   {"f", "Zg=="},
                                                                   {"fo", "Zm8="},
                                                                   {"foo", "Zm9v"},
                                                                   {"foob", "Zm9vYg=="},
                                                                   {"fooba", "Zm9vYmE="},
                                                                   {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    BOOST_TEST(to_base64(octets_of(plain)) == text);
    BOOST_TEST(to_base64url(octets_of(plain)) == text.substr(0, text.find('=')));
  }
  BOOST_TEST(to_base64(octets_of("\xfb\xff\xfe")) == "+//+");
  BOOST_TEST(to_base64url(octets_of("\xfb\xff\xfe")) == "-__-");
}

RC_BOOST_PROP(base64_reads_back_whatever_it_wrote, ()) {
  const auto bytes = *rc::gen::arbitrary<std::vector<std::uint8_t>>();
  std::vector<std::uint8_t> read(bytes.size());
  RC_ASSERT(parse_base64(to_base64(bytes), read).has_value());
  RC_ASSERT(read == bytes);
  std::fill(read.begin(), read.end(), std::uint8_t{0});
  RC_ASSERT(parse_base64url(to_base64url(bytes), read).has_value());
  RC_ASSERT(read == bytes);
}

BOOST_AUTO_TEST_CASE(base64_that_is_not_canonical_is_refused) {
  std::array<std::uint8_t, 1> one{};
  std::array<std::uint8_t, 2> two{};
  std::array<std::uint8_t, 3> three{};
  BOOST_REQUIRE(parse_base64("Zg==", one));
  is_refused(parse_base64("Zh==", one)); // Unused bits are set.
  is_refused(parse_base64("Zm9=", two));
  is_refused(parse_base64("Zg", one));
  is_refused(parse_base64("Zg=", one));
  is_refused(parse_base64("Zg===", one));
  is_refused(parse_base64("Zg==\n", one));
  is_refused(parse_base64("Z===", one));
  is_refused(parse_base64("Zm9v", two));
  is_refused(parse_base64("Zm8=", three));
  is_refused(parse_base64("-__-", three));
  is_refused(parse_base64("Zm 9", three));
  is_refused(parse_base64("", one));
  is_refused(parse_base64url("Zg==", one));
  is_refused(parse_base64url("Zh", one));
  is_refused(parse_base64url("+//+", three));
  is_refused(parse_base64url("Zm9vYg", three));
}

BOOST_AUTO_TEST_CASE(comparing_in_constant_time_compares) {
  BOOST_TEST(equal_in_constant_time("", ""));
  BOOST_TEST(equal_in_constant_time("abc", "abc"));
  BOOST_TEST(!equal_in_constant_time("abc", "abd"));
  BOOST_TEST(!equal_in_constant_time("abc", "ab"));
  BOOST_TEST(!equal_in_constant_time(std::string_view("a\0b", 3), std::string_view("a\0c", 3)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "protocol/siphash.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

namespace dossier {

BOOST_AUTO_TEST_SUITE(siphash_tests)

BOOST_AUTO_TEST_CASE(siphash_agrees_with_openssl) {
  // openssl mac -macopt size:8 -macopt c-rounds:1 -macopt d-rounds:3 -macopt hexkey:0001..0f
  // SIPHASH
  const siphash_key key{0x0706'0504'0302'0100, 0x0f0e'0d0c'0b0a'0908};
  BOOST_TEST(siphash_1_3("", key) == 0xabac'0158'050f'c4dc);
  BOOST_TEST(siphash_1_3("a", key) == 0x1c26'97ab'786a'6237);
  BOOST_TEST(siphash_1_3("abcdefg", key) == 0x639b'490c'aba8'31bb);
  BOOST_TEST(siphash_1_3("abcdefgh", key) == 0x12d8'c08c'2ee9'e620);
  BOOST_TEST(siphash_1_3("abcdefghijklmnop+", key) == 0x50b1'baec'fff1'3349);
}

BOOST_AUTO_TEST_CASE(siphash_agrees_with_python) {
  // hash(b"...") of CPython 3.11 with PYTHONHASHSEED=0, whose key is zero.
  BOOST_TEST(siphash_1_3("a", {}) == 0x4074'48d2'b89b'1813);
  BOOST_TEST(siphash_1_3("abc", {}) == 0xc03b'c3a0'0426'30f2);
  BOOST_TEST(siphash_1_3("0123456789abcdef0123456789abcdef0123456789abcdefxyz", {})
             == 0xbaaa'7cf7'2e4a'3dec);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

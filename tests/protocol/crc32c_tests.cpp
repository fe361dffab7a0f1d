// SPDX-License-Identifier: Apache-2.0
#include "protocol/crc32c.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <string>
#include <utility>
#include <vector>

namespace dossier {

BOOST_AUTO_TEST_SUITE(crc32c_tests)

BOOST_AUTO_TEST_CASE(crc32c_has_its_published_values) {
  // RFC 3720, B.4; and the check value of the catalogues.
  std::string up;
  std::string down;
  for (char c = 0; c < 32; ++c) {
    up += c;
    down.insert(down.begin(), c);
  }
  const std::string read_command("\x01\xc0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
                                 "\x14\0\0\0\0\0\x04\0\0\0\0\x14\0\0\0\x18"
                                 "\x28\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\0",
                                 48);
  const std::vector<std::pair<std::string, std::uint32_t>> published{
    {"", 0},
    {std::string(32, '\0'), 0x8a91'36aa},
    {std::string(32, '\xff'), 0x62a8'ab43},
    {up, 0x46dd'794e},
    {down, 0x113f'db5c},
    {read_command, 0xd996'3a56},
    {"123456789", 0xe306'9283},
  };
  for (const auto& [bytes, wanted] : published) {
    BOOST_TEST(crc32c(bytes) == wanted);
    BOOST_TEST(crc32c_by_table(bytes) == wanted);
  }
}

RC_BOOST_PROP(both_ways_agree_however_the_bytes_are_cut,
              (const std::string& first, const std::string& second)) {
  RC_ASSERT(crc32c(first + second) == crc32c(second, crc32c(first)));
  RC_ASSERT(crc32c(first + second) == crc32c_by_table(second, crc32c_by_table(first)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

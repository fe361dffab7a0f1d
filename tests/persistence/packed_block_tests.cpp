// SPDX-License-Identifier: Apache-2.0
// Blocks come back as they were; frames that are damaged or lie are told.
#include "persistence/packed_block.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <string>

using namespace dossier;

namespace packed_block_tests {

constexpr std::size_t most = 1U << 20;

std::string some_text(std::mt19937_64& dice, std::size_t bytes, int letters) {
  std::string text(bytes, ' ');
  for (char& c : text)
    c = static_cast<char>('0' + static_cast<int>(dice() % static_cast<unsigned>(letters)));
  return text;
}

} // namespace packed_block_tests

BOOST_AUTO_TEST_SUITE(packed_block_tests)

BOOST_AUTO_TEST_CASE(a_block_comes_back_as_it_was_or_is_not_packed) {
  std::mt19937_64 dice(1);
  block_packer packer;
  std::size_t packed = 0;
  for (const int letters : {1, 2, 10, 60, 200})
    for (const std::size_t bytes : {0, 1, 12, 100, 5'000, 300'000}) {
      const auto block = some_text(dice, bytes, letters);
      const std::string frame(packer.pack(block));
      if (frame.empty())
        continue;
      ++packed;
      BOOST_TEST(frame.size() <= block.size() - block.size() / 8);
      const auto back = unpack(frame, most);
      BOOST_REQUIRE(back);
      BOOST_TEST((*back == block));
    }
  BOOST_TEST(packed > 10u);
}

BOOST_AUTO_TEST_CASE(what_does_not_get_smaller_stays_as_it_is) {
  std::mt19937_64 dice(2);
  std::string noise(100'000, ' ');
  std::ranges::generate(noise, [&] { return static_cast<char>(dice()); });
  block_packer packer;
  BOOST_TEST(packer.pack(noise).empty());
  BOOST_TEST(packer.pack("").empty());
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_none_is_told) {
  std::mt19937_64 dice(3);
  block_packer packer;
  const std::string frame(packer.pack(some_text(dice, 5'000, 3)));
  BOOST_REQUIRE(!frame.empty());
  const auto is_corrupt = [](const result<std::string>& got) {
    return !got && got.error().code == errc::corrupt;
  };
  for (std::size_t bytes = 0; bytes < frame.size(); ++bytes)
    BOOST_REQUIRE(is_corrupt(unpack(std::string_view(frame).substr(0, bytes), most)));
  BOOST_TEST(is_corrupt(unpack(frame + "x", most)));
  BOOST_TEST(is_corrupt(unpack("no such thing", most)));
  // More than a reader takes memory for.
  BOOST_TEST(is_corrupt(unpack(frame, 4'999)));
  BOOST_TEST(unpack(frame, 5'000).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

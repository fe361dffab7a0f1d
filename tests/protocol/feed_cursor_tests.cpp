// SPDX-License-Identifier: Apache-2.0
#include "protocol/feed_cursor.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace dossier;

BOOST_AUTO_TEST_SUITE(feed_cursor_tests)

BOOST_AUTO_TEST_CASE(a_place_is_read_back) {
  for (const auto& positions : std::vector<std::vector<std::uint64_t>>{
         {0}, {1, 127, 128, 300}, {0, 0, 0, 0}, {(std::uint64_t{1} << 56) - 1, 1}}) {
    const feed_cursor cursor{positions};
    const auto read
      = feed_cursor::parse(cursor.text(), static_cast<shard_number>(positions.size()));
    BOOST_REQUIRE(read.has_value());
    BOOST_TEST((*read == cursor));
  }
  BOOST_TEST(feed_cursor::start(4).text() == "AAAAAA");
  BOOST_TEST((feed_cursor{{1, 127, 128, 300}}.text()) == "AX-AAawC");
}

BOOST_AUTO_TEST_CASE(what_we_did_not_write_is_refused) {
  const std::string good = feed_cursor{{1, 127, 128, 300}}.text();
  for (const auto& bad :
       {std::string{}, std::string{"AAAAA"}, std::string{"AAAA"}, good + "A", good + "AA",
        good.substr(1), std::string{"====="}, std::string{"gACAAAAA"}, std::string(200, 'A'),
        std::string{"_____________w"}}) {
    const auto read = feed_cursor::parse(bad, 4);
    BOOST_REQUIRE_MESSAGE(!read, bad);
    BOOST_TEST((read.error().code == errc::invalid_argument));
    BOOST_TEST(read.error().where == "after");
  }
}

BOOST_AUTO_TEST_SUITE_END()

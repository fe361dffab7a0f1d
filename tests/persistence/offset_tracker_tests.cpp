// SPDX-License-Identifier: Apache-2.0
#include "persistence/offset_tracker.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <set>

using dossier::offset_tracker;

BOOST_AUTO_TEST_SUITE(offset_tracker_tests)

BOOST_AUTO_TEST_CASE(the_first_unfinished_holds_the_mark) {
  offset_tracker t{5};
  BOOST_TEST(t.next() == 5u);
  for (const std::uint64_t n : {5, 6, 9})
    t.begin(n);
  BOOST_TEST(t.under_way() == 3u);
  BOOST_TEST(t.finish(6));
  BOOST_TEST(t.next() == 5u);
  BOOST_TEST(t.finish(5));
  BOOST_TEST(t.next() == 9u);
  BOOST_TEST(t.finish(9));
  BOOST_TEST(t.next() == 10u);
  BOOST_TEST(t.under_way() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_not_under_way_cannot_finish) {
  offset_tracker t{5};
  t.begin(5);
  t.begin(7);
  for (const std::uint64_t n : {4, 6, 8})
    BOOST_TEST(!t.finish(n));
  BOOST_TEST(t.finish(7));
  BOOST_TEST(!t.finish(7));
  BOOST_TEST(t.next() == 5u);
}

BOOST_AUTO_TEST_CASE(it_agrees_with_a_set_of_numbers) {
  std::mt19937 dice{7};
  offset_tracker t;
  std::set<std::uint64_t> open;
  std::uint64_t number = 0;
  for (int i = 0; i < 20'000; ++i) {
    if (dice() % 2 == 0) {
      number += 1 + dice() % 3;
      t.begin(number);
      open.insert(number);
    } else if (!open.empty()) {
      const auto at = std::next(open.begin(), static_cast<long>(dice() % open.size()));
      BOOST_REQUIRE(t.finish(*at));
      open.erase(at);
    }
    BOOST_REQUIRE(t.under_way() == open.size());
    BOOST_REQUIRE(t.next() == (open.empty() ? number == 0 ? 0 : number + 1 : *open.begin()));
  }
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// What a lane promises: whatever the order in which messages are settled, those that count as
// delivered are the first ones, in the order of their offers, once.
#include "persistence/delivery_lane.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <numeric>
#include <random>

using namespace dossier;
using outcome = delivery_lane::outcome;
using tokens = std::vector<std::uint64_t>;

namespace delivery_lane_tests {

delivery_lane lane_of(std::uint64_t count) {
  delivery_lane lane;
  for (std::uint64_t token = 1; token <= count; ++token)
    lane.add(token);
  return lane;
}

tokens taken(delivery_lane& lane) {
  tokens delivered;
  lane.take_delivered(delivered);
  return delivered;
}

} // namespace delivery_lane_tests

BOOST_AUTO_TEST_SUITE(delivery_lane_tests)

BOOST_AUTO_TEST_CASE(what_is_kept_in_order_is_delivered_at_once) {
  auto lane = lane_of(3);
  for (std::uint64_t token = 1; token <= 3; ++token) {
    lane.settle(token, outcome::kept);
    BOOST_CHECK(taken(lane) == tokens{token});
  }
  BOOST_CHECK(lane.is_empty());
}

BOOST_AUTO_TEST_CASE(what_is_kept_early_waits_for_those_before_it) {
  auto lane = lane_of(3);
  lane.settle(2, outcome::kept);
  BOOST_CHECK(taken(lane).empty());
  lane.settle(1, outcome::kept);
  BOOST_CHECK((taken(lane) == tokens{1, 2}));
  BOOST_CHECK_EQUAL(lane.unfinished(), 1u);
}

BOOST_AUTO_TEST_CASE(what_stands_behind_a_failed_one_is_never_delivered) {
  auto lane = lane_of(4);
  lane.settle(4, outcome::failed);
  lane.settle(1, outcome::kept);
  lane.settle(2, outcome::failed);
  lane.settle(3, outcome::kept);
  BOOST_CHECK(taken(lane) == tokens{1});
  BOOST_CHECK(taken(lane).empty());
  BOOST_CHECK_EQUAL(lane.unfinished(), 3u);
}

BOOST_AUTO_TEST_CASE(a_refused_one_holds_nobody_up_and_is_not_delivered) {
  auto lane = lane_of(3);
  lane.settle(1, outcome::refused);
  lane.settle(2, outcome::kept);
  tokens delivered;
  BOOST_CHECK_EQUAL(lane.take_delivered(delivered), 2u);
  BOOST_CHECK(delivered == tokens{2});
  BOOST_CHECK_EQUAL(lane.unfinished(), 1u);
}

BOOST_AUTO_TEST_CASE(a_token_may_come_back_once_it_has_left) {
  auto lane = lane_of(1);
  lane.settle(1, outcome::kept);
  BOOST_CHECK(taken(lane) == tokens{1});
  lane.add(1);
  lane.settle(1, outcome::kept);
  BOOST_CHECK(taken(lane) == tokens{1});
}

BOOST_AUTO_TEST_CASE(nobody_is_settled_twice_or_unasked) {
  auto lane = lane_of(2);
  lane.settle(2, outcome::kept);
  BOOST_CHECK_THROW(lane.settle(2, outcome::kept), broken_invariant);
  BOOST_CHECK_THROW(lane.settle(3, outcome::kept), broken_invariant);
}

BOOST_AUTO_TEST_CASE(any_order_of_settling_delivers_the_longest_good_beginning) {
  std::mt19937 generator{11};
  for (int round = 0; round < 500; ++round) {
    const std::uint64_t count = 1 + generator() % 20;
    auto lane = lane_of(count);
    tokens order(count);
    std::iota(order.begin(), order.end(), std::uint64_t{1});
    std::ranges::shuffle(order, generator);
    std::vector<outcome> outcomes(count + 1);
    tokens delivered;
    for (const auto token : order) {
      const auto draw = generator() % 10;
      outcomes[token] = draw == 0 ? outcome::failed : draw == 1 ? outcome::refused : outcome::kept;
      lane.settle(token, outcomes[token]);
      lane.take_delivered(delivered);
    }
    tokens expected;
    for (std::uint64_t token = 1; token <= count && outcomes[token] != outcome::failed; ++token)
      if (outcomes[token] == outcome::kept)
        expected.push_back(token);
    BOOST_TEST(delivered == expected, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_SUITE_END()

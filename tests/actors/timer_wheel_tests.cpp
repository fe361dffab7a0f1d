// SPDX-License-Identifier: Apache-2.0
// The wheel against a sorted list that does the same slowly.
#include "actors/timer_wheel.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <vector>

using namespace dossier;

namespace timer_wheel_tests {

timer_row row_due(std::int64_t due_ms, std::uint8_t number = 0) {
  timer_row row;
  row.entity.id.bytes[17] = number;
  row.timer = {from_ms(due_ms), "expired"};
  return row;
}

std::vector<std::int64_t> times(const std::vector<timer_row>& rows) {
  std::vector<std::int64_t> all;
  for (const auto& row : rows)
    all.push_back(to_ms(row.timer.due));
  return all;
}

} // namespace timer_wheel_tests

BOOST_AUTO_TEST_SUITE(timer_wheel_tests)

BOOST_AUTO_TEST_CASE(nothing_comes_out_early_and_everything_in_time) {
  timer_wheel wheel(from_ms(1'000));
  for (const auto due : {1'000, 1'001, 1'255, 1'256, 1'300, 70'000, 9'000'000})
    wheel.add(row_due(due), from_ms(due));
  std::vector<timer_row> out;
  wheel.advance(from_ms(1'255), out);
  BOOST_TEST(times(out) == (std::vector<std::int64_t>{1'000, 1'001, 1'255}),
             boost::test_tools::per_element());
  out.clear();
  wheel.advance(from_ms(69'999), out);
  BOOST_TEST(times(out) == (std::vector<std::int64_t>{1'256, 1'300}),
             boost::test_tools::per_element());
  out.clear();
  wheel.advance(from_ms(9'000'000), out);
  BOOST_TEST(times(out) == (std::vector<std::int64_t>{70'000, 9'000'000}),
             boost::test_tools::per_element());
  BOOST_TEST(wheel.size() == 0u);
}

BOOST_AUTO_TEST_CASE(what_is_overdue_comes_out_at_once) {
  timer_wheel wheel(from_ms(5'000));
  wheel.add(row_due(10), from_ms(10));
  std::vector<timer_row> out;
  wheel.advance(from_ms(5'000), out);
  BOOST_TEST(times(out) == (std::vector<std::int64_t>{10}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(time_that_goes_back_moves_nothing) {
  timer_wheel wheel(from_ms(5'000));
  wheel.add(row_due(5'001), from_ms(5'001));
  std::vector<timer_row> out;
  wheel.advance(from_ms(4'000), out);
  BOOST_TEST(out.empty());
  BOOST_TEST((wheel.now() == from_ms(5'000)));
}

BOOST_AUTO_TEST_CASE(the_next_due_time_is_never_late) {
  std::mt19937_64 dice(11);
  for (int run = 0; run < 300; ++run) {
    const std::int64_t start = 1'800'000'000'000 + static_cast<std::int64_t>(dice() % 100'000'000);
    timer_wheel wheel(from_ms(start));
    std::int64_t first = INT64_MAX;
    for (int i = 0; i < 5; ++i) {
      const auto due = start + static_cast<std::int64_t>(dice() % (1u << (4 + dice() % 20)));
      wheel.add(row_due(due), from_ms(due));
      first = std::min(first, due);
    }
    // Following next_due() step by step leads to the first timer, and not past it.
    std::vector<timer_row> out;
    for (int steps = 0; out.empty() && steps < 10; ++steps) {
      BOOST_REQUIRE(wheel.next_due());
      BOOST_REQUIRE_LE(to_ms(*wheel.next_due()), first);
      wheel.advance(*wheel.next_due(), out);
    }
    BOOST_REQUIRE(!out.empty());
    BOOST_TEST(to_ms(out.front().timer.due) == first);
  }
}

BOOST_AUTO_TEST_CASE(any_walk_through_time_gives_what_a_sorted_list_gives) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    std::mt19937_64 dice(seed);
    std::int64_t now = 1'700'000'000'000 + static_cast<std::int64_t>(dice() % 1'000'000'000);
    timer_wheel wheel(from_ms(now));
    std::vector<std::int64_t> model;
    for (int step = 0; step < 400; ++step) {
      for (auto adds = dice() % 8; adds > 0; --adds) {
        const auto due = now + static_cast<std::int64_t>(dice() % (1u << dice() % 24));
        const auto reach = std::min(due, now + timer_wheel::span().count());
        wheel.add(row_due(reach), from_ms(reach));
        model.push_back(reach);
      }
      now += static_cast<std::int64_t>(dice() % (1u << dice() % 22));
      std::vector<timer_row> out;
      wheel.advance(from_ms(now), out);
      std::vector<std::int64_t> expected;
      std::copy_if(model.begin(), model.end(), std::back_inserter(expected),
                   [now](std::int64_t due) { return due <= now; });
      std::erase_if(model, [now](std::int64_t due) { return due <= now; });
      std::sort(expected.begin(), expected.end());
      const auto got = times(out);
      BOOST_REQUIRE_EQUAL_COLLECTIONS(got.begin(), got.end(), expected.begin(), expected.end());
      BOOST_REQUIRE_EQUAL(wheel.size(), model.size());
    }
  }
}

BOOST_AUTO_TEST_SUITE_END()

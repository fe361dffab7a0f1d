// SPDX-License-Identifier: Apache-2.0
#include "actors/guard/backoff.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <map>
#include <vector>

namespace dossier::guard {

BOOST_AUTO_TEST_SUITE(backoff_tests)

BOOST_AUTO_TEST_CASE(the_longest_waits_double_up_to_their_limit) {
  const backoff_policy p;
  std::vector<std::int64_t> waits;
  for (std::uint32_t failures = 1; failures <= 7; ++failures)
    waits.push_back(backoff_ms_max(p, failures));
  BOOST_TEST(waits
               == (std::vector<std::int64_t>{1'000, 2'000, 4'000, 8'000, 16'000, 16'000, 16'000}),
             boost::test_tools::per_element());
  const backoff_policy uneven{.retry_ms_min = 300, .retry_ms_max = 1'000};
  BOOST_TEST(backoff_ms_max(uneven, 2) == 600);
  BOOST_TEST(backoff_ms_max(uneven, 3) == 1'000);
}

BOOST_AUTO_TEST_CASE(no_count_of_failures_overflows) {
  const auto most = std::int64_t{1} << 31;
  const backoff_policy widest{
    .retry_ms_min = most, .retry_ms_max = most, .attempts_max = UINT32_MAX};
  const backoff_policy steepest{
    .retry_ms_min = 1, .retry_ms_max = most, .attempts_max = UINT32_MAX};
  for (const std::uint32_t failures : {32U, 33U, 63U, 64U, 65U, 1'000U, UINT32_MAX - 1}) {
    BOOST_TEST(backoff_ms_max(widest, failures) == most);
    BOOST_TEST(backoff_ms_max(steepest, failures) == most);
    BOOST_TEST(backoff_ms(widest, failures, UINT32_MAX).value() <= most);
  }
  BOOST_TEST(backoff_ms_max(steepest, 31) == most / 2);
  BOOST_TEST(backoff_ms_max(steepest, 0) == 1);
}

BOOST_AUTO_TEST_CASE(waits_are_spread_over_the_whole_range) {
  const backoff_policy p{.retry_ms_min = 3, .retry_ms_max = 3};
  BOOST_TEST(backoff_ms(p, 1, 0).value() == 0);
  BOOST_TEST(backoff_ms(p, 1, UINT32_MAX).value() == 3);
  std::map<std::int64_t, int> falls;
  for (std::uint64_t dice = 0; dice < 1u << 16; ++dice)
    ++falls[backoff_ms(p, 1, static_cast<std::uint32_t>(dice << 16)).value()];
  BOOST_TEST(falls.size() == 4u);
  for (const auto& [wait, times] : falls)
    BOOST_TEST(times == 1 << 14, wait);
}

BOOST_AUTO_TEST_CASE(after_the_last_attempt_there_is_no_wait) {
  backoff_policy p;
  for (std::uint32_t failures = 1; failures <= 5; ++failures)
    BOOST_TEST(backoff_ms(p, failures, 7).has_value());
  BOOST_TEST(!backoff_ms(p, 6, 7).has_value());
  BOOST_TEST(!backoff_ms(p, UINT32_MAX, 7).has_value());
  p.attempts_max = 1;
  BOOST_TEST(!backoff_ms(p, 1, 7).has_value());
}

BOOST_AUTO_TEST_CASE(a_policy_that_makes_no_sense_is_a_bug) {
  const auto most = std::int64_t{1} << 31;
  for (const auto& p : {backoff_policy{.retry_ms_min = 0}, backoff_policy{.retry_ms_min = -1},
                        backoff_policy{.retry_ms_min = 2, .retry_ms_max = 1},
                        backoff_policy{.retry_ms_min = 1, .retry_ms_max = most + 1}})
    BOOST_CHECK_THROW(backoff_ms_max(p, 1), broken_invariant);
}

RC_BOOST_PROP(a_wait_lies_between_nothing_and_the_longest, ()) {
  backoff_policy p;
  p.retry_ms_min = *rc::gen::inRange<std::int64_t>(1, 100'000);
  p.retry_ms_max = *rc::gen::inRange<std::int64_t>(p.retry_ms_min, 10'000'000);
  p.attempts_max = *rc::gen::inRange<std::uint32_t>(1, 100);
  const auto failures = *rc::gen::inRange<std::uint32_t>(1, 120);
  const auto dice = *rc::gen::arbitrary<std::uint32_t>();
  const auto wait = backoff_ms(p, failures, dice);
  RC_ASSERT(wait.has_value() == (failures < p.attempts_max));
  if (wait) {
    RC_ASSERT(*wait >= 0);
    RC_ASSERT(*wait <= backoff_ms_max(p, failures));
  }
  RC_ASSERT(backoff_ms_max(p, failures) <= backoff_ms_max(p, failures + 1));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::guard

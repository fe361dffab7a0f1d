// SPDX-License-Identifier: Apache-2.0
#include "actors/guard/circuit_breaker.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

namespace dossier::guard {

namespace circuit_breaker_tests {

using enum breaker_state;

void is_change(const std::optional<transition>& change, breaker_state from, breaker_state to,
               breaker_cause cause, std::int64_t at_ms) {
  BOOST_REQUIRE(change.has_value());
  BOOST_TEST((*change == transition{from, to, cause, at_ms}),
             to_string(change->from) << " to " << to_string(change->to) << " for "
                                     << to_string(change->cause) << " at " << change->at_ms);
}

/// A breaker that five failures opened at 1000.
circuit_breaker opened() {
  circuit_breaker b({}, 0);
  for (int i = 0; i < 5; ++i)
    b.failed(b.begin(), 1'000);
  BOOST_REQUIRE((b.state() == open));
  return b;
}

/// …and that waited until 61000.
circuit_breaker probing(const breaker_policy& policy = {}) {
  circuit_breaker b(policy, 0);
  for (std::uint32_t i = 0; i < policy.failures_max; ++i)
    b.failed(b.begin(), 1'000);
  b.advance(61'000);
  BOOST_REQUIRE((b.state() == half_open));
  return b;
}

} // namespace circuit_breaker_tests

BOOST_AUTO_TEST_SUITE(circuit_breaker_tests)

BOOST_AUTO_TEST_CASE(a_new_breaker_is_closed_and_has_no_plans) {
  const circuit_breaker b({}, 17);
  BOOST_TEST((b.state() == closed));
  BOOST_TEST(b.admits());
  BOOST_TEST(!b.is_tripped());
  BOOST_TEST(b.consecutive_failures() == 0u);
  BOOST_TEST(b.since_ms() == 17);
  BOOST_TEST(!b.next_wake_ms().has_value());
}

BOOST_AUTO_TEST_CASE(the_fifth_failure_in_a_row_opens_it) {
  circuit_breaker b({}, 0);
  for (int i = 1; i <= 4; ++i) {
    BOOST_TEST(!b.failed(b.begin(), i).has_value());
    BOOST_TEST(b.consecutive_failures() == static_cast<unsigned>(i));
  }
  is_change(b.failed(b.begin(), 5), closed, open, breaker_cause::too_many_failures, 5);
  BOOST_TEST(!b.admits());
  BOOST_TEST(b.since_ms() == 5);
  BOOST_TEST(b.consecutive_failures() == 5u);
}

BOOST_AUTO_TEST_CASE(a_success_between_failures_starts_the_count_anew) {
  circuit_breaker b({}, 0);
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 4; ++i)
      BOOST_TEST(!b.failed(b.begin(), 1).has_value());
    BOOST_TEST(!b.succeeded(b.begin(), 2).has_value());
    BOOST_TEST(b.consecutive_failures() == 0u);
  }
  BOOST_TEST((b.state() == closed));
}

BOOST_AUTO_TEST_CASE(an_open_breaker_becomes_half_open_after_its_pause) {
  auto b = opened();
  BOOST_TEST(b.next_wake_ms().value() == 61'000);
  BOOST_TEST(!b.advance(60'999).has_value());
  BOOST_TEST(!b.admits());
  is_change(b.advance(61'000), open, half_open, breaker_cause::pause_over, 61'000);
  BOOST_TEST(b.admits());
  BOOST_TEST(!b.next_wake_ms().has_value());
  BOOST_TEST(!b.advance(1'000'000).has_value());
}

BOOST_AUTO_TEST_CASE(a_late_look_at_the_clock_opens_half_at_that_time) {
  auto b = opened();
  is_change(b.advance(99'000), open, half_open, breaker_cause::pause_over, 99'000);
  BOOST_TEST(b.since_ms() == 99'000);
}

BOOST_AUTO_TEST_CASE(three_probes_in_a_row_close_it) {
  auto b = probing();
  BOOST_TEST(!b.succeeded(b.begin(), 61'001).has_value());
  BOOST_TEST(!b.succeeded(b.begin(), 61'002).has_value());
  is_change(b.succeeded(b.begin(), 61'003), half_open, closed, breaker_cause::probes_succeeded,
            61'003);
  BOOST_TEST(b.consecutive_failures() == 0u);
  // The count of failures is new as well.
  for (int i = 0; i < 4; ++i)
    BOOST_TEST(!b.failed(b.begin(), 61'004).has_value());
}

BOOST_AUTO_TEST_CASE(any_failed_probe_opens_it_again_for_a_whole_pause) {
  for (int successes = 0; successes < 3; ++successes) {
    auto b = probing();
    for (int i = 0; i < successes; ++i)
      b.succeeded(b.begin(), 61'001);
    is_change(b.failed(b.begin(), 62'000), half_open, open, breaker_cause::probe_failed, 62'000);
    BOOST_TEST(b.next_wake_ms().value() == 122'000);
    BOOST_TEST(!b.advance(121'999).has_value());
    BOOST_TEST(b.advance(122'000).has_value());
    // Successes of the earlier round do not count in this one.
    for (int i = 0; i < 2; ++i)
      BOOST_TEST(!b.succeeded(b.begin(), 122'001).has_value());
    BOOST_TEST(b.succeeded(b.begin(), 122'002).has_value());
  }
}

BOOST_AUTO_TEST_CASE(probes_under_way_are_bounded) {
  for (const std::uint32_t probes_max : {1U, 2U, 5U}) {
    auto b = probing({.probes_max = probes_max});
    std::optional<circuit_breaker::era> last;
    for (std::uint32_t i = 0; i < probes_max; ++i) {
      BOOST_TEST(b.admits());
      last = b.begin();
    }
    BOOST_TEST(!b.admits());
    BOOST_CHECK_THROW(b.begin(), broken_invariant);
    b.succeeded(*last, 61'001);
    BOOST_TEST(b.admits());
  }
}

BOOST_AUTO_TEST_CASE(outcomes_from_before_a_change_count_for_nothing) {
  circuit_breaker b({}, 0);
  const auto before = b.begin();
  for (int i = 0; i < 5; ++i)
    b.failed(b.begin(), 1'000);
  BOOST_TEST(!b.succeeded(before, 1'001).has_value());
  BOOST_TEST(!b.failed(before, 1'001).has_value());
  BOOST_TEST(b.consecutive_failures() == 5u);
  b.advance(61'000);
  const auto probe = b.begin();
  for (int i = 0; i < 10; ++i)
    BOOST_TEST(!b.succeeded(before, 61'001).has_value());
  BOOST_TEST(!b.failed(before, 61'002).has_value());
  BOOST_TEST((b.state() == half_open));
  BOOST_TEST(!b.admits()); // The probe is still under way.
  b.succeeded(probe, 61'003);
  BOOST_TEST(b.admits());
}

BOOST_AUTO_TEST_CASE(tripped_by_hand_it_stays_open_until_it_is_reset) {
  circuit_breaker b({}, 0);
  is_change(b.trip(10), closed, open, breaker_cause::tripped, 10);
  BOOST_TEST(b.is_tripped());
  BOOST_TEST(!b.admits());
  BOOST_TEST(!b.next_wake_ms().has_value());
  BOOST_TEST(!b.advance(INT64_MAX).has_value());
  BOOST_TEST(!b.trip(20).has_value());
  is_change(b.reset(30), open, closed, breaker_cause::reset, 30);
  BOOST_TEST(!b.is_tripped());
  BOOST_TEST(b.admits());
}

BOOST_AUTO_TEST_CASE(an_open_or_half_open_breaker_can_be_tripped) {
  auto b = opened();
  BOOST_TEST(!b.trip(2'000).has_value()); // It is open already; now it stays so.
  BOOST_TEST(b.since_ms() == 1'000);
  BOOST_TEST(!b.advance(1'000'000).has_value());
  auto h = probing();
  const auto probe = h.begin();
  is_change(h.trip(62'000), half_open, open, breaker_cause::tripped, 62'000);
  BOOST_TEST(!h.succeeded(probe, 62'001).has_value());
  BOOST_TEST((h.state() == open));
}

BOOST_AUTO_TEST_CASE(reset_closes_it_from_everywhere_and_forgets_failures) {
  circuit_breaker c({}, 0);
  for (int i = 0; i < 4; ++i)
    c.failed(c.begin(), 1);
  BOOST_TEST(!c.reset(2).has_value());
  BOOST_TEST(c.consecutive_failures() == 0u);
  BOOST_TEST(!c.failed(c.begin(), 3).has_value());
  auto o = opened();
  is_change(o.reset(2'000), open, closed, breaker_cause::reset, 2'000);
  auto h = probing();
  const auto probe = h.begin();
  is_change(h.reset(62'000), half_open, closed, breaker_cause::reset, 62'000);
  BOOST_TEST(!h.failed(probe, 62'001).has_value());
  BOOST_TEST(h.consecutive_failures() == 0u);
}

BOOST_AUTO_TEST_CASE(its_numbers_are_those_of_the_policy) {
  const breaker_policy p{.failures_max = 1, .open_ms = 7, .successes_min = 1, .probes_max = 1};
  circuit_breaker b(p, 0);
  is_change(b.failed(b.begin(), 1), closed, open, breaker_cause::too_many_failures, 1);
  is_change(b.advance(8), open, half_open, breaker_cause::pause_over, 8);
  is_change(b.succeeded(b.begin(), 9), half_open, closed, breaker_cause::probes_succeeded, 9);
  for (const auto& bad : {breaker_policy{.failures_max = 0}, breaker_policy{.open_ms = 0},
                          breaker_policy{.successes_min = 0}, breaker_policy{.probes_max = 0}})
    BOOST_CHECK_THROW(circuit_breaker(bad, 0), broken_invariant);
}

BOOST_AUTO_TEST_CASE(states_and_causes_have_names_of_their_own) {
  std::set<std::string_view> names;
  for (const auto s : {closed, open, half_open})
    names.insert(to_string(s));
  BOOST_TEST(names.size() == 3u);
  for (int cause = 0; cause < 6; ++cause)
    names.insert(to_string(static_cast<breaker_cause>(cause)));
  BOOST_TEST(names.size() == 9u);
  BOOST_TEST(!names.contains("unknown"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::guard

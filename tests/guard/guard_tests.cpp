// SPDX-License-Identifier: Apache-2.0
// The guard in examples. Time is a number, waits are exact because the dice are loaded.
#include "actors/guard/guard.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace dossier::guard {

namespace guard_tests {

constexpr std::uint32_t longest = UINT32_MAX; ///< Dice for the longest wait.
constexpr std::uint32_t shortest = 0;         ///< Dice for none.

std::string text_of(const action& a) {
  const auto name = [](call_number call, std::uint32_t attempt) {
    return std::to_string(call) + "." + std::to_string(attempt);
  };
  if (const auto* s = std::get_if<start>(&a))
    return "start " + name(s->call, s->attempt);
  if (const auto* s = std::get_if<abandon>(&a))
    return "abandon " + name(s->call, s->attempt);
  if (const auto* s = std::get_if<give_up>(&a))
    return "give up " + name(s->call, s->attempts) + " " + std::string(to_string(s->reason));
  const auto& t = std::get<transition>(a);
  return "breaker " + std::string(to_string(t.to)) + " " + std::string(to_string(t.cause));
}

/// A guard and its clock. Each step says what came of it, actions separated by ", ".
struct scene {
  explicit scene(const guard_policy& policy = {})
    : guard(policy, 0) {}

  static std::string told(const std::vector<action>& actions) {
    std::string text;
    for (const auto& a : actions)
      text += (text.empty() ? "" : ", ") + text_of(a);
    return text;
  }
  static std::string told(const result<std::vector<action>>& done) {
    return done ? told(*done) : std::string(to_string(done.error().code));
  }

  std::string offer(call_number call, std::string_view key) {
    return told(guard.offer(call, key, now_ms));
  }
  std::string report(call_number call, std::uint32_t attempt, const outcome& what,
                     std::uint32_t dice = longest) {
    return told(guard.report(call, attempt, what, now_ms, dice));
  }
  std::string tick_at(std::int64_t at_ms, std::uint32_t dice = longest) {
    now_ms = at_ms;
    return told(guard.tick(now_ms, dice));
  }

  call_guard guard;
  std::int64_t now_ms = 0;
};

/// Small numbers: two at a time, three wait, attempts of 100 ms, waits of 10 and 20 ms, three
/// attempts, a breaker that opens at four failures for 1000 ms.
guard_policy small() {
  return {.concurrency_max = 2,
          .waiting_max = 3,
          .attempt_ms_max = 100,
          .retry_after_ms_max = 500,
          .backoff = {.retry_ms_min = 10, .retry_ms_max = 20, .attempts_max = 3},
          .breaker = {.failures_max = 4, .open_ms = 1'000, .successes_min = 2, .probes_max = 1}};
}

} // namespace guard_tests

BOOST_AUTO_TEST_SUITE(guard_tests)

BOOST_AUTO_TEST_CASE(a_call_begins_at_once_and_ends_with_its_success) {
  scene s;
  BOOST_TEST(s.offer(1, "a") == "start 1.1");
  BOOST_TEST(s.guard.next_wake_ms().value() == 15'000);
  BOOST_TEST(s.guard.snapshot().under_way == 1u);
  BOOST_TEST(s.report(1, 1, success{}) == "");
  const auto seen = s.guard.snapshot();
  BOOST_TEST(seen.under_way + seen.waiting + seen.retrying == 0u);
  BOOST_TEST(seen.counters.calls == 1u);
  BOOST_TEST(seen.counters.successes == 1u);
  BOOST_TEST(!s.guard.next_wake_ms().has_value());
  BOOST_TEST(s.offer(1, "a") == "start 1.1"); // The number is free again.
}

BOOST_AUTO_TEST_CASE(at_most_so_many_are_under_way_and_the_oldest_waiting_goes_next) {
  scene s(small());
  BOOST_TEST(s.offer(1, "a") == "start 1.1");
  BOOST_TEST(s.offer(2, "b") == "start 2.1");
  BOOST_TEST(s.offer(9, "c") == "");
  BOOST_TEST(s.offer(3, "d") == "");
  BOOST_TEST(s.guard.snapshot().waiting == 2u);
  BOOST_TEST(s.report(2, 1, success{}) == "start 9.1");
  BOOST_TEST(s.report(1, 1, success{}) == "start 3.1");
}

BOOST_AUTO_TEST_CASE(more_than_may_wait_are_refused_as_busy_and_leave_no_trace) {
  scene s(small());
  for (call_number call = 1; call <= 5; ++call)
    s.offer(call, std::to_string(call));
  BOOST_TEST(s.offer(6, "6") == "busy");
  BOOST_TEST(s.offer(6, "1") == "busy");
  const auto refused = s.guard.offer(6, "6", 0);
  BOOST_TEST(refused.error().why.find("2 are under way and 3 wait") != std::string::npos);
  BOOST_TEST(s.guard.snapshot().counters.refused == 3u);
  BOOST_TEST(s.guard.snapshot().counters.calls == 5u);
  s.report(1, 1, success{});
  BOOST_TEST(s.offer(6, "6") == "");
}

BOOST_AUTO_TEST_CASE(without_room_to_wait_only_what_can_begin_is_accepted) {
  auto policy = small();
  policy.waiting_max = 0;
  scene s(policy);
  BOOST_TEST(s.offer(1, "a") == "start 1.1");
  BOOST_TEST(s.offer(2, "a") == "busy");
  BOOST_TEST(s.offer(2, "b") == "start 2.1");
  BOOST_TEST(s.offer(3, "c") == "busy");
  // A call that backs off keeps its place.
  s.report(1, 1, transient_failure{});
  s.report(2, 1, transient_failure{});
  BOOST_TEST(s.guard.snapshot().retrying == 2u);
  BOOST_TEST(s.offer(3, "c") == "busy");
  BOOST_TEST(s.tick_at(10) == "start 1.2, start 2.2");
  s.report(1, 2, success{});
  BOOST_TEST(s.offer(3, "c") == "start 3.1");
}

BOOST_AUTO_TEST_CASE(numbers_in_use_and_long_keys_are_refused) {
  scene s(small());
  s.offer(1, "a");
  BOOST_TEST(s.offer(1, "b") == "conflict");
  BOOST_TEST(s.offer(2, std::string(200, 'k')) == "start 2.1");
  BOOST_TEST(s.offer(3, std::string(201, 'k')) == "invalid-argument");
  BOOST_TEST(s.guard.snapshot().counters.refused == 0u);
}

BOOST_AUTO_TEST_CASE(calls_of_one_key_go_one_after_the_other) {
  scene s(small());
  BOOST_TEST(s.offer(1, "a") == "start 1.1");
  BOOST_TEST(s.offer(2, "a") == "");
  BOOST_TEST(s.offer(3, "a") == "");
  BOOST_TEST(s.offer(4, "b") == "start 4.1"); // Another key passes.
  BOOST_TEST(s.report(4, 1, success{}) == "");
  BOOST_TEST(s.report(1, 1, success{}) == "start 2.1");
  BOOST_TEST(s.report(2, 1, success{}) == "start 3.1");
}

BOOST_AUTO_TEST_CASE(a_call_that_backs_off_holds_up_its_key_only) {
  scene s(small());
  s.offer(1, "a");
  s.offer(2, "a");
  BOOST_TEST(s.report(1, 1, transient_failure{}) == "");
  BOOST_TEST(s.offer(3, "b") == "start 3.1");
  BOOST_TEST(s.guard.snapshot().retrying == 1u);
  BOOST_TEST(s.guard.snapshot().waiting == 1u);
  BOOST_TEST(s.guard.next_wake_ms().value() == 10);
  BOOST_TEST(s.tick_at(9) == "");
  BOOST_TEST(s.tick_at(10) == "start 1.2");
  BOOST_TEST(s.report(1, 2, success{}) == "start 2.1");
}

BOOST_AUTO_TEST_CASE(the_next_of_a_key_begins_after_one_is_given_up) {
  scene s(small());
  s.offer(1, "a");
  s.offer(2, "a");
  BOOST_TEST(s.report(1, 1, permanent_failure{}) == "give up 1.1 refused, start 2.1");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_taken_back_lets_the_next_one_begin) {
  scene s(small());
  s.offer(1, "a");
  s.offer(2, "a");
  BOOST_TEST(s.report(1, 1, withdrawn{}) == "start 2.1");
  BOOST_TEST(s.guard.snapshot().counters.withdrawn == 1u);
  BOOST_TEST(s.guard.snapshot().counters.given_up == 0u);
}

BOOST_AUTO_TEST_CASE(waits_grow_and_attempts_end) {
  scene s({.backoff = {}, .breaker = {.failures_max = 100}});
  s.offer(1, "a");
  std::int64_t at_ms = 0;
  for (std::uint32_t attempt = 1; attempt <= 5; ++attempt) {
    BOOST_TEST(s.report(1, attempt, transient_failure{}) == "");
    const auto wait_ms = 1'000 << (attempt - 1);
    BOOST_TEST(s.guard.next_wake_ms().value() == at_ms + wait_ms);
    at_ms += wait_ms;
    BOOST_TEST(s.tick_at(at_ms) == "start 1." + std::to_string(attempt + 1));
  }
  BOOST_TEST(at_ms == 31'000);
  BOOST_TEST(s.report(1, 6, transient_failure{}) == "give up 1.6 attempts-max");
  const auto counters = s.guard.snapshot().counters;
  BOOST_TEST(counters.failures == 6u);
  BOOST_TEST(counters.retries == 5u);
  BOOST_TEST(counters.given_up == 1u);
  BOOST_TEST(counters.successes == 0u);
}

BOOST_AUTO_TEST_CASE(a_wait_of_nothing_begins_at_once) {
  scene s(small());
  s.offer(1, "a");
  BOOST_TEST(s.report(1, 1, transient_failure{}, shortest) == "start 1.2");
}

BOOST_AUTO_TEST_CASE(a_destination_that_asks_for_time_gets_it_within_bounds) {
  const auto next_after = [](std::int64_t wait_ms) {
    scene s(small());
    s.offer(1, "a");
    BOOST_TEST(s.report(1, 1, retry_after{wait_ms}) == "");
    return s.guard.next_wake_ms().value();
  };
  BOOST_TEST(next_after(300) == 310); // Its own backoff comes on top, so that not all come at once.
  BOOST_TEST(next_after(500) == 510);
  BOOST_TEST(next_after(501) == 510);
  BOOST_TEST(next_after(INT64_MAX) == 510);
  BOOST_TEST(next_after(0) == 10);
  BOOST_TEST(next_after(-1) == 10);
  BOOST_TEST(next_after(INT64_MIN) == 10);
}

BOOST_AUTO_TEST_CASE(asking_for_time_uses_up_attempts) {
  scene s(small());
  s.offer(1, "a");
  for (std::uint32_t attempt = 1; attempt <= 2; ++attempt) {
    s.report(1, attempt, retry_after{1});
    s.tick_at(s.guard.next_wake_ms().value());
  }
  BOOST_TEST(s.report(1, 3, retry_after{1}) == "give up 1.3 attempts-max");
}

BOOST_AUTO_TEST_CASE(an_attempt_that_takes_too_long_is_abandoned_and_repeated) {
  scene s(small());
  s.offer(1, "a");
  BOOST_TEST(s.tick_at(99) == "");
  BOOST_TEST(s.tick_at(100) == "abandon 1.1");
  const auto seen = s.guard.snapshot();
  BOOST_TEST(seen.counters.timeouts == 1u);
  BOOST_TEST(seen.counters.failures == 1u);
  BOOST_TEST(seen.consecutive_failures == 1u);
  BOOST_TEST(seen.retrying == 1u);
  // Its outcome comes too late, however good.
  BOOST_TEST(s.tick_at(110) == "start 1.2");
  BOOST_TEST(s.report(1, 1, success{}) == "");
  BOOST_TEST(s.guard.snapshot().under_way == 1u);
  BOOST_TEST(s.guard.snapshot().counters.late == 1u);
  BOOST_TEST(s.report(1, 2, success{}) == "");
  BOOST_TEST(s.guard.snapshot().counters.successes == 1u);
}

BOOST_AUTO_TEST_CASE(the_last_attempt_that_takes_too_long_ends_the_call) {
  auto policy = small();
  policy.backoff.attempts_max = 1;
  scene s(policy);
  s.offer(1, "a");
  s.offer(2, "a");
  BOOST_TEST(s.tick_at(150) == "abandon 1.1, give up 1.1 attempts-max, start 2.1");
  BOOST_TEST(s.guard.next_wake_ms().value() == 250);
}

BOOST_AUTO_TEST_CASE(attempts_that_time_out_together_do_not_come_back_together) {
  guard_policy policy;
  policy.concurrency_max = 50;
  policy.breaker.failures_max = 1'000;
  scene s(policy);
  for (call_number call = 1; call <= 50; ++call)
    s.offer(call, std::to_string(call));
  s.tick_at(15'000, 0x12345678);
  int wakes = 0;
  while (s.guard.snapshot().retrying > 0) {
    const auto at_ms = s.guard.next_wake_ms().value();
    BOOST_REQUIRE(at_ms <= 16'000);
    s.tick_at(at_ms, 1);
    ++wakes;
  }
  BOOST_TEST(wakes > 40);
}

BOOST_AUTO_TEST_CASE(reports_of_what_is_not_under_way_change_nothing) {
  scene s(small());
  BOOST_TEST(s.report(1, 1, success{}) == "");
  s.offer(1, "a");
  s.offer(2, "a");
  BOOST_TEST(s.report(1, 2, success{}) == "");
  BOOST_TEST(s.report(1, 0, permanent_failure{}) == "");
  BOOST_TEST(s.report(2, 0, success{}) == "");
  BOOST_TEST(s.report(2, 1, success{}) == "");
  s.report(1, 1, transient_failure{});
  BOOST_TEST(s.report(1, 1, success{}) == ""); // Twice.
  const auto seen = s.guard.snapshot();
  BOOST_TEST(seen.counters.late == 6u);
  BOOST_TEST(seen.counters.successes == 0u);
  BOOST_TEST(seen.retrying == 1u);
  BOOST_TEST(seen.waiting == 1u);
}

BOOST_AUTO_TEST_CASE(an_open_breaker_lets_nothing_begin_and_forgets_nothing) {
  scene s(small());
  for (call_number call = 1; call <= 4; ++call)
    s.offer(call, std::to_string(call));
  s.report(1, 1, transient_failure{});
  s.report(2, 1, transient_failure{});
  s.report(3, 1, transient_failure{});
  BOOST_TEST(s.report(4, 1, transient_failure{}) == "breaker open too-many-failures");
  BOOST_TEST(s.offer(5, "5") == "");
  BOOST_TEST(s.tick_at(999) == "");
  auto seen = s.guard.snapshot();
  BOOST_TEST((seen.state == breaker_state::open));
  BOOST_TEST(seen.since_ms == 0);
  BOOST_TEST(seen.consecutive_failures == 4u);
  BOOST_TEST(seen.retrying == 4u);
  BOOST_TEST(seen.waiting == 1u);
  BOOST_TEST(seen.counters.opened == 1u);
  // One probe at a time, the oldest first; two successes close it, and all flow again.
  BOOST_TEST(s.tick_at(1'000) == "breaker half-open pause-over, start 1.2");
  BOOST_TEST(s.offer(6, "6") == "busy");
  BOOST_TEST(s.report(1, 2, success{}) == "start 2.2");
  BOOST_TEST(s.report(2, 2, success{}) == "breaker closed probes-succeeded, start 3.2, start 4.2");
}

BOOST_AUTO_TEST_CASE(a_failed_probe_waits_for_the_next_pause) {
  auto policy = small();
  policy.breaker.failures_max = 1;
  scene s(policy);
  s.offer(1, "a");
  BOOST_TEST(s.report(1, 1, transient_failure{}) == "breaker open too-many-failures");
  BOOST_TEST(s.tick_at(1'000) == "breaker half-open pause-over, start 1.2");
  s.now_ms = 1'050;
  BOOST_TEST(s.report(1, 2, transient_failure{}) == "breaker open probe-failed");
  BOOST_TEST(s.tick_at(2'049) == "");
  BOOST_TEST(s.guard.next_wake_ms().value() == 2'050);
  BOOST_TEST(s.tick_at(2'050) == "breaker half-open pause-over, start 1.3");
  BOOST_TEST(s.tick_at(2'150)
             == "abandon 1.3, breaker open probe-failed, give up 1.3 attempts-max");
  BOOST_TEST(s.guard.snapshot().counters.opened == 3u);
}

BOOST_AUTO_TEST_CASE(a_half_open_breaker_bounds_its_probes) {
  auto policy = small();
  policy.concurrency_max = 5;
  policy.breaker = {.failures_max = 1, .open_ms = 1'000, .successes_min = 3, .probes_max = 2};
  scene s(policy);
  for (call_number call = 1; call <= 5; ++call)
    s.offer(call, std::to_string(call));
  s.report(1, 1, transient_failure{});
  for (call_number call = 2; call <= 5; ++call)
    s.report(call, 1, transient_failure{});
  BOOST_TEST(s.tick_at(1'000) == "breaker half-open pause-over, start 1.2, start 2.2");
  BOOST_TEST(s.report(2, 2, success{}) == "start 3.2");
  BOOST_TEST(s.report(1, 2, success{}) == "start 4.2");
  BOOST_TEST(s.report(3, 2, success{}) == "breaker closed probes-succeeded, start 5.2");
}

BOOST_AUTO_TEST_CASE(refusals_of_a_living_destination_do_not_open_the_breaker) {
  scene s(small());
  for (call_number call = 1; call <= 20; ++call) {
    s.offer(call, "a");
    BOOST_TEST(s.report(call, 1, permanent_failure{})
               == "give up " + std::to_string(call) + ".1 refused");
  }
  BOOST_TEST(s.guard.snapshot().consecutive_failures == 0u);
  BOOST_TEST(s.guard.snapshot().counters.failures == 20u);
  BOOST_TEST(s.guard.snapshot().counters.given_up == 20u);
  // They even show that it lives.
  for (call_number call = 1; call <= 2; ++call) {
    s.offer(call, std::to_string(call));
    s.report(call, 1, transient_failure{});
  }
  BOOST_TEST(s.guard.snapshot().consecutive_failures == 2u);
  s.offer(3, "3");
  s.report(3, 1, permanent_failure{});
  BOOST_TEST(s.guard.snapshot().consecutive_failures == 0u);
}

BOOST_AUTO_TEST_CASE(asking_for_time_and_taking_too_long_open_the_breaker) {
  auto policy = small();
  policy.breaker.failures_max = 2;
  scene s(policy);
  s.offer(1, "a");
  s.offer(2, "b");
  BOOST_TEST(s.report(1, 1, retry_after{400}) == "");
  BOOST_TEST(s.tick_at(100) == "abandon 2.1, breaker open too-many-failures");
}

BOOST_AUTO_TEST_CASE(tripped_by_hand_it_waits_for_the_hand) {
  scene s(small());
  s.offer(1, "a");
  BOOST_TEST(s.told(s.guard.trip("they asked us to", 5)) == "breaker open tripped");
  BOOST_TEST(s.offer(2, "b") == "");
  BOOST_TEST(s.report(1, 1, success{}) == ""); // What was under way ends as it does.
  BOOST_TEST(s.tick_at(1'000'000) == "");
  BOOST_TEST(!s.guard.next_wake_ms().has_value());
  auto seen = s.guard.snapshot();
  BOOST_TEST(seen.is_tripped);
  BOOST_TEST(seen.trip_reason == "they asked us to");
  BOOST_TEST(seen.since_ms == 5);
  BOOST_TEST(seen.counters.opened == 1u);
  BOOST_TEST(s.told(s.guard.trip("still", 1'000'001)) == "");
  BOOST_TEST(s.guard.snapshot().trip_reason == "still");
  BOOST_TEST(s.told(s.guard.reset(1'000'002)) == "breaker closed reset, start 2.1");
  seen = s.guard.snapshot();
  BOOST_TEST(!seen.is_tripped);
  BOOST_TEST(seen.trip_reason.empty());
  BOOST_TEST((seen.state == breaker_state::closed));
}

BOOST_AUTO_TEST_CASE(a_trip_has_a_reason_of_bounded_length) {
  scene s(small());
  BOOST_TEST(s.told(s.guard.trip("", 0)) == "invalid-argument");
  BOOST_TEST(s.told(s.guard.trip(std::string(201, 'x'), 0)) == "invalid-argument");
  BOOST_TEST(!s.guard.snapshot().is_tripped);
  BOOST_TEST(s.told(s.guard.trip(std::string(200, 'x'), 0)) == "breaker open tripped");
}

BOOST_AUTO_TEST_CASE(a_failure_while_tripped_still_uses_up_its_attempt) {
  scene s(small());
  s.offer(1, "a");
  s.guard.trip("maintenance", 0);
  BOOST_TEST(s.report(1, 1, transient_failure{}) == "");
  BOOST_TEST(s.tick_at(10) == "");
  BOOST_TEST(s.guard.snapshot().consecutive_failures == 0u); // It says nothing about what follows.
  BOOST_TEST(s.told(s.guard.reset(20)) == "breaker closed reset, start 1.2");
}

BOOST_AUTO_TEST_CASE(a_policy_that_lets_nothing_begin_is_a_bug) {
  for (const auto& bad :
       {guard_policy{.concurrency_max = 0}, guard_policy{.attempt_ms_max = 0},
        guard_policy{.retry_after_ms_max = 0}, guard_policy{.backoff = {.attempts_max = 0}},
        guard_policy{.backoff = {.retry_ms_min = 0}}, guard_policy{.breaker = {.open_ms = 0}}})
    BOOST_CHECK_THROW(call_guard(bad, 0), broken_invariant);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::guard

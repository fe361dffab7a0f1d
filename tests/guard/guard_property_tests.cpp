// SPDX-License-Identifier: Apache-2.0
// The guard under random lives, watched by a model that knows the promises and none of the means.
#include "actors/guard/guard.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

namespace dossier::guard {

namespace guard_property_tests {

/// What has been promised about each call and about the breaker, as far as actions show it.
class watcher {
public:
  watcher(const guard_policy& policy, std::size_t& opened)
    : policy_(policy)
    , opened_(opened) {}

  struct held_call {
    std::string key;
    std::uint32_t attempts = 0;
    bool is_under_way = false;
    std::int64_t began_ms = 0;
    std::int64_t not_before_ms = 0; ///< Of the next attempt.
    std::int64_t not_after_ms = 0;  ///< If the breaker and the bulkhead allow it.
    int era = 0;
  };

  void accepted(call_number call, const std::string& key) {
    RC_ASSERT(!held.contains(call));
    held[call].key = key;
    lanes[key].push_back(call);
    ++calls;
  }

  /// The owner reports; what the breaker must do about it is expected of the following actions.
  void reported(call_number call, const outcome& what, std::int64_t now_ms) {
    auto& c = held.at(call);
    c.is_under_way = false;
    if (std::holds_alternative<success>(what)) {
      judged(c, true);
      ended(call);
      ++successes;
    } else if (std::holds_alternative<withdrawn>(what)) {
      if (c.era == era_ && state == breaker_state::half_open)
        --probes_; // No good one and no bad one.
      ended(call);
      ++taken_back;
    } else if (std::holds_alternative<permanent_failure>(what)) {
      judged(c, true);
      must_give_up = call;
    } else {
      const auto* asked = std::get_if<retry_after>(&what);
      failed(call, now_ms,
             asked ? std::clamp(asked->wait_ms, std::int64_t{0}, policy_.retry_after_ms_max) : 0);
    }
  }

  void saw(const action& a, std::int64_t now_ms) {
    std::visit([&](const auto& each) { saw_one(each, now_ms); }, a);
  }

  /// After the actions of one step: everything expected has come.
  void step_is_over(const call_guard& guard, std::int64_t now_ms, bool was_ticked) {
    RC_ASSERT(!expected.has_value());
    RC_ASSERT(!must_give_up.has_value());
    std::size_t under_way = 0;
    std::size_t waiting = 0;
    for (const auto& [call, c] : held) {
      under_way += c.is_under_way ? 1 : 0;
      waiting += c.attempts == 0 ? 1 : 0;
      if (was_ticked && c.is_under_way)
        RC_ASSERT(now_ms < c.began_ms + policy_.attempt_ms_max);
    }
    const auto seen = guard.snapshot();
    RC_ASSERT(seen.under_way == under_way && under_way <= policy_.concurrency_max);
    RC_ASSERT(seen.waiting == waiting && waiting <= policy_.waiting_max);
    RC_ASSERT(seen.retrying == held.size() - under_way - waiting);
    RC_ASSERT(held.size() <= policy_.concurrency_max + policy_.waiting_max);
    RC_ASSERT(seen.state == state);
    RC_ASSERT(seen.counters.calls == calls);
    RC_ASSERT(seen.counters.successes == successes);
    RC_ASSERT(seen.counters.given_up == given_up);
    RC_ASSERT(seen.counters.withdrawn == taken_back);
    RC_ASSERT(calls == successes + given_up + taken_back + held.size());
    RC_ASSERT(seen.counters.opened == opened_here);
    nobody_is_forgotten(guard, now_ms, under_way, was_ticked);
  }

  std::map<call_number, held_call> held;
  std::map<std::string, std::vector<call_number>> lanes;
  breaker_state state = breaker_state::closed;
  bool is_tripped = false;
  std::optional<breaker_cause> expected; ///< A change that must come next.
  std::optional<call_number> must_give_up;
  std::int64_t since_ms = 0;
  std::uint32_t failures_in_a_row = 0;
  std::uint64_t calls = 0;
  std::uint64_t successes = 0;
  std::uint64_t given_up = 0;
  std::uint64_t taken_back = 0;
  std::uint64_t opened_here = 0;

private:
  void ended(call_number call) {
    auto& lane = lanes.at(held.at(call).key);
    RC_ASSERT(lane.front() == call);
    lane.erase(lane.begin());
    held.erase(call);
  }

  /// An outcome as the breaker should see it.
  void judged(const held_call& c, bool is_good) {
    if (c.era != era_ || state == breaker_state::open)
      return;
    failures_in_a_row = is_good ? 0 : failures_in_a_row + 1;
    if (state == breaker_state::half_open) {
      --probes_;
      if (!is_good)
        expected = breaker_cause::probe_failed;
      else if (++good_probes_ == policy_.breaker.successes_min)
        expected = breaker_cause::probes_succeeded;
    } else if (failures_in_a_row == policy_.breaker.failures_max) {
      expected = breaker_cause::too_many_failures;
    }
  }

  void failed(call_number call, std::int64_t now_ms, std::int64_t asked_ms) {
    auto& c = held.at(call);
    c.is_under_way = false;
    judged(c, false);
    if (c.attempts == policy_.backoff.attempts_max)
      must_give_up = call;
    c.not_before_ms = now_ms + asked_ms;
    c.not_after_ms = now_ms + asked_ms + backoff_ms_max(policy_.backoff, c.attempts);
  }

  void saw_one(const start& s, std::int64_t now_ms) {
    RC_ASSERT(!expected.has_value());
    RC_ASSERT(!must_give_up.has_value());
    auto& c = held.at(s.call);
    RC_ASSERT(lanes.at(c.key).front() == s.call); // In the order of its key, and alone.
    RC_ASSERT(!c.is_under_way);
    RC_ASSERT(s.attempt == c.attempts + 1);
    RC_ASSERT(s.attempt <= policy_.backoff.attempts_max);
    RC_ASSERT(now_ms >= c.not_before_ms);
    RC_ASSERT(state != breaker_state::open);
    if (state == breaker_state::half_open)
      RC_ASSERT(++probes_ <= policy_.breaker.probes_max);
    c.attempts = s.attempt;
    c.is_under_way = true;
    c.began_ms = now_ms;
    c.era = era_;
    RC_ASSERT(std::ranges::count_if(held, [](const auto& h) { return h.second.is_under_way; })
              <= static_cast<std::ptrdiff_t>(policy_.concurrency_max));
  }

  void saw_one(const abandon& a, std::int64_t now_ms) {
    RC_ASSERT(!expected.has_value() && !must_give_up.has_value());
    const auto& c = held.at(a.call);
    RC_ASSERT(c.is_under_way && c.attempts == a.attempt);
    RC_ASSERT(now_ms >= c.began_ms + policy_.attempt_ms_max);
    failed(a.call, now_ms, 0);
  }

  void saw_one(const give_up& g, std::int64_t) {
    RC_ASSERT(must_give_up == g.call);
    must_give_up.reset();
    RC_ASSERT(held.at(g.call).attempts == g.attempts);
    if (g.reason == give_up_reason::attempts_max)
      RC_ASSERT(g.attempts == policy_.backoff.attempts_max);
    ended(g.call);
    ++given_up;
  }

  void saw_one(const transition& t, std::int64_t now_ms) {
    RC_ASSERT(t.from == state && t.to != state && t.at_ms == now_ms);
    if (t.cause == breaker_cause::pause_over) {
      RC_ASSERT(state == breaker_state::open && !is_tripped);
      RC_ASSERT(now_ms >= since_ms + policy_.breaker.open_ms);
      RC_ASSERT(t.to == breaker_state::half_open);
    } else {
      RC_ASSERT(expected == t.cause);
    }
    expected.reset();
    state = t.to;
    since_ms = now_ms;
    probes_ = good_probes_ = 0;
    ++era_;
    if (state == breaker_state::closed)
      failures_in_a_row = 0;
    if (state == breaker_state::open) {
      ++opened_here;
      ++opened_;
    }
  }

  /// Work that may begin has begun, and a wake is planned for what time alone will allow.
  void nobody_is_forgotten(const call_guard& guard, std::int64_t now_ms, std::size_t under_way,
                           bool was_ticked) {
    const auto wake_ms = guard.next_wake_ms();
    if (was_ticked && wake_ms)
      RC_ASSERT(*wake_ms > now_ms);
    for (const auto& [call, c] : held)
      if (c.is_under_way)
        RC_ASSERT(wake_ms && *wake_ms <= c.began_ms + policy_.attempt_ms_max);
    const bool has_room
      = under_way < policy_.concurrency_max
        && (state == breaker_state::closed
            || (state == breaker_state::half_open && probes_ < policy_.breaker.probes_max));
    if (state == breaker_state::open && !is_tripped)
      RC_ASSERT(wake_ms && *wake_ms <= since_ms + policy_.breaker.open_ms);
    if (!has_room)
      return;
    for (const auto& [key, lane] : lanes) {
      if (lane.empty() || held.at(lane.front()).is_under_way)
        continue;
      const auto& first = held.at(lane.front());
      RC_ASSERT(first.attempts > 0); // Only a wait between attempts is a reason not to have begun.
      RC_ASSERT(wake_ms && *wake_ms <= first.not_after_ms);
    }
  }

  const guard_policy& policy_;
  std::size_t& opened_;
  int era_ = 0;
  std::uint32_t probes_ = 0;
  std::uint32_t good_probes_ = 0;
};

/// One random event; each kind reads the numbers its own way.
struct happening {
  std::uint8_t kind;
  std::uint8_t which;
  std::uint16_t how_long;
  std::uint32_t dice;
};

std::ostream& operator<<(std::ostream& out, const happening& h) {
  return out << '{' << int{h.kind} << ", " << int{h.which} << ", " << h.how_long << ", " << h.dice
             << '}';
}

/// A guard, its watcher and the time they share.
class life {
public:
  life(const guard_policy& policy, std::size_t& opened)
    : policy_(policy)
    , guard_(policy_, 0)
    , watcher_(policy_, opened) {}

  void live(const happening& h) {
    switch (h.kind) {
    case 0:
    case 1:
    case 2:
      return offer(h);
    case 3:
    case 4:
    case 5:
    case 6:
      return report(h);
    case 7:
      now_ms_ += h.how_long % 200;
      return tick(h.dice);
    case 8:
      now_ms_ = std::max(now_ms_, guard_.next_wake_ms().value_or(now_ms_));
      return tick(h.dice);
    case 9:
      now_ms_ += h.how_long % 50; // Time passes and nobody ticks.
      return;
    case 10:
      return h.which % 4 == 0 ? trip() : reset();
    default:
      return report_late(h);
    }
  }

  /// The destination recovers: everything that was accepted ends, in a bounded number of steps.
  void drain() {
    reset();
    for (int steps = 0; !watcher_.held.empty(); ++steps) {
      RC_ASSERT(steps < 2'000);
      const auto under_way = under_way_now();
      if (!under_way.empty()) {
        report(under_way.front(), success{}, 0);
        continue;
      }
      const auto wake_ms = guard_.next_wake_ms();
      RC_ASSERT(wake_ms.has_value());
      now_ms_ = std::max(now_ms_, *wake_ms);
      tick(0);
    }
    RC_ASSERT(guard_.snapshot().under_way + guard_.snapshot().waiting + guard_.snapshot().retrying
              == 0u);
  }

private:
  void offer(const happening& h) {
    const auto call = next_call_++;
    const std::string key(1, static_cast<char>('a' + h.which % 4));
    const auto before = guard_.snapshot();
    auto actions = guard_.offer(call, key, now_ms_);
    if (actions) {
      watcher_.accepted(call, key);
      return follow(*actions, false);
    }
    RC_ASSERT(actions.error().code == errc::busy);
    RC_ASSERT(before.waiting >= policy_.waiting_max
              || watcher_.held.size() == policy_.concurrency_max + policy_.waiting_max);
    RC_ASSERT(guard_.snapshot().counters.refused == before.counters.refused + 1);
    follow({}, false);
  }

  void report(const happening& h) {
    const auto under_way = under_way_now();
    if (under_way.empty())
      return;
    const std::vector<outcome> outcomes{success{},           success{},
                                        transient_failure{}, transient_failure{},
                                        transient_failure{}, permanent_failure{},
                                        withdrawn{},         retry_after{h.how_long % 300 - 20}};
    report(under_way[h.which % under_way.size()], outcomes[h.how_long % outcomes.size()], h.dice);
  }

  void report(call_number call, const outcome& what, std::uint32_t dice) {
    const auto attempt = watcher_.held.at(call).attempts;
    watcher_.reported(call, what, now_ms_);
    follow(guard_.report(call, attempt, what, now_ms_, dice), false);
  }

  /// Of an attempt that is over, or never was.
  void report_late(const happening& h) {
    const auto call = next_call_ == 0 ? 0 : h.which % next_call_;
    const auto found = watcher_.held.find(call);
    auto attempt = static_cast<std::uint32_t>(h.how_long % 6);
    if (found != watcher_.held.end() && found->second.is_under_way
        && found->second.attempts == attempt)
      attempt += 1;
    const auto late = guard_.snapshot().counters.late;
    const auto actions = guard_.report(call, attempt, success{}, now_ms_, h.dice);
    RC_ASSERT(actions.empty());
    RC_ASSERT(guard_.snapshot().counters.late == late + 1);
    follow(actions, false);
  }

  void tick(std::uint32_t dice) { follow(guard_.tick(now_ms_, dice), true); }

  void trip() {
    watcher_.is_tripped = true;
    if (watcher_.state != breaker_state::open)
      watcher_.expected = breaker_cause::tripped;
    follow(guard_.trip("a test", now_ms_).value(), false);
  }

  void reset() {
    watcher_.is_tripped = false;
    watcher_.failures_in_a_row = 0;
    if (watcher_.state != breaker_state::closed)
      watcher_.expected = breaker_cause::reset;
    follow(guard_.reset(now_ms_), false);
  }

  void follow(const std::vector<action>& actions, bool was_ticked) {
    for (const auto& a : actions)
      watcher_.saw(a, now_ms_);
    watcher_.step_is_over(guard_, now_ms_, was_ticked);
  }

  std::vector<call_number> under_way_now() const {
    std::vector<call_number> calls;
    for (const auto& [call, c] : watcher_.held)
      if (c.is_under_way)
        calls.push_back(call);
    return calls;
  }

  const guard_policy policy_;
  call_guard guard_;
  watcher watcher_;
  std::int64_t now_ms_ = 0;
  call_number next_call_ = 0;
};

template <class T>
T pick(T from, T below) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange<T>(from, below));
}

guard_policy some_policy() {
  guard_policy p;
  p.concurrency_max = pick<std::size_t>(1, 5);
  p.waiting_max = pick<std::size_t>(0, 8);
  p.attempt_ms_max = pick<std::int64_t>(1, 120);
  p.retry_after_ms_max = pick<std::int64_t>(1, 300);
  p.backoff.retry_ms_min = pick<std::int64_t>(1, 40);
  p.backoff.retry_ms_max = pick<std::int64_t>(p.backoff.retry_ms_min, 200);
  p.backoff.attempts_max = pick<std::uint32_t>(1, 5);
  p.breaker.failures_max = pick<std::uint32_t>(1, 6);
  p.breaker.open_ms = pick<std::int64_t>(1, 300);
  p.breaker.successes_min = pick<std::uint32_t>(1, 4);
  p.breaker.probes_max = pick<std::uint32_t>(1, 4);
  return p;
}

} // namespace guard_property_tests
} // namespace dossier::guard

namespace rc {

template <>
struct Arbitrary<dossier::guard::guard_property_tests::happening> {
  static Gen<dossier::guard::guard_property_tests::happening> arbitrary() {
    using dossier::guard::guard_property_tests::happening;
    // Every life may be a wild one: rapidcheck would begin with small numbers only.
    return gen::resize(kNominalSize,
                       gen::build<happening>(
                         gen::set(&happening::kind, gen::inRange<std::uint8_t>(0, 12)),
                         gen::set(&happening::which, gen::inRange<std::uint8_t>(0, 255)),
                         gen::set(&happening::how_long, gen::inRange<std::uint16_t>(0, 9'999)),
                         gen::set(&happening::dice, gen::inRange<std::uint32_t>(0, UINT32_MAX))));
  }
};

} // namespace rc

namespace dossier::guard {

BOOST_AUTO_TEST_SUITE(guard_property_tests)

BOOST_AUTO_TEST_CASE(whatever_happens_the_promises_hold) {
  std::size_t opened = 0;
  const bool holds = rc::check("the guard's promises", [&opened] {
    life l(some_policy(), opened);
    const auto length = *rc::gen::inRange<std::size_t>(0, 3'000);
    const auto all
      = *rc::gen::container<std::vector<happening>>(length, rc::gen::arbitrary<happening>());
    for (const auto& h : all)
      l.live(h);
    l.drain();
  });
  BOOST_TEST(holds);
  BOOST_TEST(opened > 100u); // The lives were not all quiet ones.
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::guard

// SPDX-License-Identifier: Apache-2.0
#include "actors/guard/guard.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier::guard {

namespace {

/// Another 32 random bits for each call out of the same ones (the finalizer of splitmix64), so that
/// attempts that time out in one tick do not come back together.
std::uint32_t dice_for(call_number call, std::uint32_t dice) {
  std::uint64_t mixed = (std::uint64_t{dice} << 32 | dice) + call * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111eb;
  return static_cast<std::uint32_t>((mixed ^ mixed >> 31) >> 32);
}

failure refused_as_busy(const guard_policy& policy) {
  return fail(errc::busy, "cannot take another call to this destination: at most "
                            + std::to_string(policy.concurrency_max) + " are under way and "
                            + std::to_string(policy.waiting_max)
                            + " wait; offer it again when some have ended");
}

} // namespace

std::string_view to_string(give_up_reason reason) {
  switch (reason) {
  case give_up_reason::refused:
    return "refused";
  case give_up_reason::attempts_max:
    return "attempts-max";
  }
  return "unknown";
}

call_guard::call_guard(const guard_policy& policy, std::int64_t now_ms)
  : policy_(policy)
  , breaker_(policy.breaker, now_ms) {
  DOSSIER_ASSERT(policy.concurrency_max >= 1 && policy.attempt_ms_max >= 1
                   && policy.retry_after_ms_max >= 1 && policy.backoff.attempts_max >= 1
                   && backoff_ms_max(policy.backoff, 1) >= 1,
                 "A guard lets at least one attempt begin and gives it time.");
}

result<std::vector<action>> call_guard::offer(call_number call, std::string_view key,
                                              std::int64_t now_ms) {
  if (key.size() > key_bytes_max)
    return fail(errc::invalid_argument, "cannot order a call by a key of "
                                          + std::to_string(key.size()) + " bytes: use at most "
                                          + std::to_string(key_bytes_max));
  if (calls_.contains(call))
    return fail(errc::conflict, "cannot accept call " + std::to_string(call)
                                  + ": one of this number has not ended; take another number");
  // A call that may begin finds nobody ready before it: who was ready has begun already.
  std::string lane_key(key);
  const bool begins = may_begin() && !lanes_.contains(lane_key);
  const bool is_full = calls_.size() >= policy_.concurrency_max + policy_.waiting_max;
  if (is_full || (!begins && waiting_ >= policy_.waiting_max)) {
    ++counters_.refused;
    return refused_as_busy(policy_);
  }
  ++counters_.calls;
  ++waiting_;
  const auto arrival = arrivals_++;
  auto& lane = lanes_[lane_key];
  lane.push_back(call);
  const bool is_first = lane.size() == 1;
  calls_.emplace(call, call_record{.key = std::move(lane_key), .arrival = arrival});
  std::vector<action> actions;
  if (begins)
    begin(call, now_ms, actions);
  else if (is_first)
    ready_.emplace(arrival, call);
  begin_what_may(now_ms, actions);
  return actions;
}

std::vector<action> call_guard::report(call_number call, std::uint32_t attempt, const outcome& what,
                                       std::int64_t now_ms, std::uint32_t dice) {
  const auto found = calls_.find(call);
  if (found == calls_.end() || !found->second.is_under_way || found->second.attempts != attempt) {
    ++counters_.late;
    return {};
  }
  std::vector<action> actions;
  if (std::holds_alternative<success>(what)) {
    ++counters_.successes;
    add_change(breaker_.succeeded(stop(call).era, now_ms), actions);
    end(call);
  } else if (std::holds_alternative<permanent_failure>(what)) {
    ++counters_.failures;
    add_change(breaker_.succeeded(stop(call).era, now_ms), actions);
    give_up_on(call, give_up_reason::refused, actions);
  } else if (std::holds_alternative<withdrawn>(what)) {
    ++counters_.withdrawn;
    breaker_.withdrew(stop(call).era);
    end(call);
  } else {
    const auto* asked = std::get_if<retry_after>(&what);
    const auto wait_ms
      = asked ? std::clamp(asked->wait_ms, std::int64_t{0}, policy_.retry_after_ms_max) : 0;
    fail_attempt(call, wait_ms, now_ms, dice, actions);
  }
  begin_what_may(now_ms, actions);
  return actions;
}

std::vector<action> call_guard::tick(std::int64_t now_ms, std::uint32_t dice) {
  std::vector<action> actions;
  while (!under_way_.empty() && under_way_.begin()->first <= now_ms) {
    const auto call = under_way_.begin()->second;
    ++counters_.timeouts;
    actions.emplace_back(abandon{call, calls_.at(call).attempts});
    fail_attempt(call, 0, now_ms, dice_for(call, dice), actions);
  }
  begin_what_may(now_ms, actions);
  return actions;
}

result<std::vector<action>> call_guard::trip(std::string_view reason, std::int64_t now_ms) {
  if (reason.empty() || reason.size() > reason_bytes_max)
    return fail(errc::invalid_argument,
                "cannot open the breaker: say why in 1 to " + std::to_string(reason_bytes_max)
                  + " bytes, not in " + std::to_string(reason.size()),
                "reason");
  trip_reason_ = reason;
  std::vector<action> actions;
  add_change(breaker_.trip(now_ms), actions);
  return actions;
}

std::vector<action> call_guard::reset(std::int64_t now_ms) {
  trip_reason_.clear();
  std::vector<action> actions;
  add_change(breaker_.reset(now_ms), actions);
  begin_what_may(now_ms, actions);
  return actions;
}

std::optional<std::int64_t> call_guard::next_wake_ms() const {
  auto wake_ms = breaker_.next_wake_ms();
  const auto consider = [&](std::int64_t at_ms) {
    wake_ms = wake_ms ? std::min(*wake_ms, at_ms) : at_ms;
  };
  if (!under_way_.empty())
    consider(under_way_.begin()->first);
  if (!backing_off_.empty())
    consider(backing_off_.begin()->first);
  return wake_ms;
}

guard_snapshot call_guard::snapshot() const {
  return {.state = breaker_.state(),
          .is_tripped = breaker_.is_tripped(),
          .trip_reason = trip_reason_,
          .consecutive_failures = breaker_.consecutive_failures(),
          .since_ms = breaker_.since_ms(),
          .under_way = under_way_.size(),
          .waiting = waiting_,
          .retrying = calls_.size() - under_way_.size() - waiting_,
          .counters = counters_};
}

bool call_guard::may_begin() const {
  return under_way_.size() < policy_.concurrency_max && breaker_.admits();
}

void call_guard::begin_what_may(std::int64_t now_ms, std::vector<action>& actions) {
  add_change(breaker_.advance(now_ms), actions);
  while (!backing_off_.empty() && backing_off_.begin()->first <= now_ms) {
    const auto call = backing_off_.begin()->second;
    backing_off_.erase(backing_off_.begin());
    ready_.emplace(calls_.at(call).arrival, call);
  }
  while (!ready_.empty() && may_begin()) {
    const auto call = ready_.begin()->second;
    ready_.erase(ready_.begin());
    begin(call, now_ms, actions);
  }
}

void call_guard::begin(call_number call, std::int64_t now_ms, std::vector<action>& actions) {
  auto& record = calls_.at(call);
  if (record.attempts == 0)
    --waiting_;
  else
    ++counters_.retries;
  ++record.attempts;
  record.era = breaker_.begin();
  record.is_under_way = true;
  record.deadline_ms = now_ms + policy_.attempt_ms_max;
  under_way_.emplace(record.deadline_ms, call);
  actions.emplace_back(start{call, record.attempts});
}

const call_guard::call_record& call_guard::stop(call_number call) {
  auto& record = calls_.at(call);
  under_way_.erase({record.deadline_ms, call});
  record.is_under_way = false;
  return record;
}

void call_guard::fail_attempt(call_number call, std::int64_t wait_ms_min, std::int64_t now_ms,
                              std::uint32_t dice, std::vector<action>& actions) {
  ++counters_.failures;
  const auto& record = stop(call);
  add_change(breaker_.failed(record.era, now_ms), actions);
  if (const auto wait_ms = backoff_ms(policy_.backoff, record.attempts, dice))
    backing_off_.emplace(now_ms + wait_ms_min + *wait_ms, call);
  else
    give_up_on(call, give_up_reason::attempts_max, actions);
}

void call_guard::give_up_on(call_number call, give_up_reason reason, std::vector<action>& actions) {
  ++counters_.given_up;
  actions.emplace_back(give_up{call, calls_.at(call).attempts, reason});
  end(call);
}

void call_guard::end(call_number call) {
  const auto lane = lanes_.find(calls_.at(call).key);
  lane->second.pop_front();
  if (lane->second.empty())
    lanes_.erase(lane);
  else
    ready_.emplace(calls_.at(lane->second.front()).arrival, lane->second.front());
  calls_.erase(call);
}

void call_guard::add_change(const std::optional<transition>& change, std::vector<action>& actions) {
  if (!change)
    return;
  if (change->to == breaker_state::open)
    ++counters_.opened;
  actions.emplace_back(*change);
}

} // namespace dossier::guard

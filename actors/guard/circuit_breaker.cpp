// SPDX-License-Identifier: Apache-2.0
#include "actors/guard/circuit_breaker.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier::guard {

std::string_view to_string(breaker_state state) {
  switch (state) {
  case breaker_state::closed:
    return "closed";
  case breaker_state::open:
    return "open";
  case breaker_state::half_open:
    return "half-open";
  }
  return "unknown";
}

std::string_view to_string(breaker_cause cause) {
  switch (cause) {
  case breaker_cause::too_many_failures:
    return "too-many-failures";
  case breaker_cause::pause_over:
    return "pause-over";
  case breaker_cause::probes_succeeded:
    return "probes-succeeded";
  case breaker_cause::probe_failed:
    return "probe-failed";
  case breaker_cause::tripped:
    return "tripped";
  case breaker_cause::reset:
    return "reset";
  }
  return "unknown";
}

circuit_breaker::circuit_breaker(const breaker_policy& policy, std::int64_t now_ms)
  : policy_(policy)
  , since_ms_(now_ms) {
  DOSSIER_ASSERT(std::min({policy.failures_max, policy.successes_min, policy.probes_max}) >= 1
                   && policy.open_ms >= 1,
                 "A breaker's counts and its pause are at least 1.");
}

bool circuit_breaker::admits() const {
  switch (state_) {
  case breaker_state::closed:
    return true;
  case breaker_state::open:
    return false;
  case breaker_state::half_open:
    return probes_ < policy_.probes_max;
  }
  return false;
}

circuit_breaker::era circuit_breaker::begin() {
  DOSSIER_ASSERT(admits(), "An attempt begins only when the breaker admits it.");
  if (state_ == breaker_state::half_open)
    ++probes_;
  return era_;
}

bool circuit_breaker::take_outcome(era began) {
  if (began != era_ || state_ == breaker_state::open)
    return false;
  if (state_ == breaker_state::half_open)
    --probes_;
  return true;
}

void circuit_breaker::withdrew(era began) {
  static_cast<void>(take_outcome(began));
}

std::optional<transition> circuit_breaker::succeeded(era began, std::int64_t now_ms) {
  if (!take_outcome(began))
    return std::nullopt;
  failures_ = 0;
  if (state_ == breaker_state::half_open && ++successes_ >= policy_.successes_min)
    return go(breaker_state::closed, breaker_cause::probes_succeeded, now_ms);
  return std::nullopt;
}

std::optional<transition> circuit_breaker::failed(era began, std::int64_t now_ms) {
  if (!take_outcome(began))
    return std::nullopt;
  if (failures_ < UINT32_MAX)
    ++failures_;
  if (state_ == breaker_state::half_open)
    return go(breaker_state::open, breaker_cause::probe_failed, now_ms);
  if (failures_ >= policy_.failures_max)
    return go(breaker_state::open, breaker_cause::too_many_failures, now_ms);
  return std::nullopt;
}

std::optional<transition> circuit_breaker::advance(std::int64_t now_ms) {
  const auto due_ms = next_wake_ms();
  if (!due_ms || now_ms < *due_ms)
    return std::nullopt;
  return go(breaker_state::half_open, breaker_cause::pause_over, now_ms);
}

std::optional<transition> circuit_breaker::trip(std::int64_t now_ms) {
  is_tripped_ = true;
  if (state_ == breaker_state::open)
    return std::nullopt;
  return go(breaker_state::open, breaker_cause::tripped, now_ms);
}

std::optional<transition> circuit_breaker::reset(std::int64_t now_ms) {
  is_tripped_ = false;
  failures_ = 0;
  if (state_ == breaker_state::closed)
    return std::nullopt;
  return go(breaker_state::closed, breaker_cause::reset, now_ms);
}

std::optional<std::int64_t> circuit_breaker::next_wake_ms() const {
  if (state_ != breaker_state::open || is_tripped_)
    return std::nullopt;
  return since_ms_ + policy_.open_ms;
}

transition circuit_breaker::go(breaker_state to, breaker_cause cause, std::int64_t now_ms) {
  const transition change{state_, to, cause, now_ms};
  state_ = to;
  since_ms_ = now_ms;
  successes_ = 0;
  probes_ = 0;
  ++era_;
  return change;
}

} // namespace dossier::guard

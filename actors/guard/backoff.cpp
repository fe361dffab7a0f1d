// SPDX-License-Identifier: Apache-2.0
#include "actors/guard/backoff.hpp"

#include "protocol/assert.hpp"

#include <algorithm>

namespace dossier::guard {

namespace {

constexpr std::int64_t wait_ms_max = std::int64_t{1} << 31;
constexpr std::uint32_t doublings_max = 31; // 2^31 doubled so often still fits into 63 bits.

} // namespace

std::int64_t backoff_ms_max(const backoff_policy& policy, std::uint32_t failures) {
  DOSSIER_ASSERT(policy.retry_ms_min >= 1 && policy.retry_ms_min <= policy.retry_ms_max
                   && policy.retry_ms_max <= wait_ms_max,
                 "Waits between attempts are at least 1 ms, at most 2^31 ms and in order.");
  const auto doublings = std::min(failures == 0 ? 0 : failures - 1, doublings_max);
  return std::min(policy.retry_ms_min << doublings, policy.retry_ms_max);
}

std::optional<std::int64_t> backoff_ms(const backoff_policy& policy, std::uint32_t failures,
                                       std::uint32_t dice) {
  if (failures >= policy.attempts_max)
    return std::nullopt;
  const auto choices = static_cast<std::uint64_t>(backoff_ms_max(policy, failures)) + 1;
  // The upper half of the product: every choice gets its share of the 2^32 falls, without division.
  return static_cast<std::int64_t>(choices * dice >> 32);
}

} // namespace dossier::guard

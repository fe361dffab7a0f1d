// SPDX-License-Identifier: Apache-2.0
// How long to wait before something that failed is tried again: exponential, with full jitter, so
// that many who failed together do not come back together. Pure functions, for calls to the outside
// and for retries that are kept in rows. Reads no clock and rolls no dice.
#pragma once

#include <cstdint>
#include <optional>

namespace dossier::guard {

/// With the defaults the waits are at most 1, 2, 4, 8 and 16 seconds between six attempts.
struct backoff_policy {
  std::int64_t retry_ms_min = 1'000;  ///< The longest wait after the first failure. 1 to 2^31.
  std::int64_t retry_ms_max = 16'000; ///< No wait is longer. retry_ms_min to 2^31.
  std::uint32_t attempts_max = 6;     ///< The first attempt counts. At least 1.
};

/// The longest wait after the `failures`-th failure in a row (from 1): retry_ms_min doubled with
/// each failure, at most retry_ms_max. Total: huge counts give retry_ms_max, 0 reads as 1.
std::int64_t backoff_ms_max(const backoff_policy& policy, std::uint32_t failures);

/// A wait in milliseconds between 0 and backoff_ms_max(), both included, as `dice` (32 random bits)
/// fall; nullopt if the attempts are used up.
/// Source: "Exponential Backoff And Jitter", AWS Architecture Blog, 2015, "full jitter".
std::optional<std::int64_t> backoff_ms(const backoff_policy& policy, std::uint32_t failures,
                                       std::uint32_t dice);

} // namespace dossier::guard

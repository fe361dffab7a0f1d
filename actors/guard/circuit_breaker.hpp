// SPDX-License-Identifier: Apache-2.0
// Whether a destination is worth calling: closed while it answers, open while it does not,
// half-open while a few probes find out. Pure: it is told the time and every outcome. Owned by one
// guard, one thread at a time. It never calls anything and never forgets a call: it only says
// whether one may begin.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace dossier::guard {

enum class breaker_state : std::uint8_t {
  closed,    ///< Attempts begin freely.
  open,      ///< None begins.
  half_open, ///< A few begin, to see whether the destination answers again.
};

/// "closed", "open", "half-open"; total.
std::string_view to_string(breaker_state state);

/// What moved the breaker.
enum class breaker_cause : std::uint8_t {
  too_many_failures, ///< In a row: closed to open.
  pause_over,        ///< Open to half-open.
  probes_succeeded,  ///< Enough in a row: half-open to closed.
  probe_failed,      ///< Half-open to open.
  tripped,           ///< By hand, to open.
  reset,             ///< By hand, to closed.
};

/// "too-many-failures", "pause-over", …, for logs and metrics; total.
std::string_view to_string(breaker_cause cause);

/// The breaker went from one state to another one.
struct transition {
  breaker_state from;
  breaker_state to;
  breaker_cause cause;
  std::int64_t at_ms;

  bool operator==(const transition&) const = default;
};

/// All counts and times at least 1.
struct breaker_policy {
  std::uint32_t failures_max = 5;  ///< So many failures in a row open it.
  std::int64_t open_ms = 60'000;   ///< So long it stays open before it is probed.
  std::uint32_t successes_min = 3; ///< So many probes in a row must succeed to close it.
  std::uint32_t probes_max = 1;    ///< At most so many probes are under way at a time.
};

/// Times are steady milliseconds and never decrease from call to call.
class circuit_breaker {
public:
  /// Which stretch of the breaker's life an attempt began in. Outcomes from an earlier one count
  /// for nothing: a call from before a pause says nothing about the destination after it.
  using era = std::uint64_t;

  circuit_breaker(const breaker_policy& policy, std::int64_t now_ms);

  /// Whether an attempt may begin now.
  bool admits() const;
  /// An attempt begins; only if admits(). Hand the era back with its outcome, once.
  era begin();
  /// The destination answered, be it with a refusal.
  std::optional<transition> succeeded(era began, std::int64_t now_ms);
  /// The destination failed, did not answer in time, or cannot take calls at present.
  std::optional<transition> failed(era began, std::int64_t now_ms);
  /// The attempt was not made.
  void withdrew(era began);
  /// Time passes: an open breaker becomes half-open when its pause is over.
  std::optional<transition> advance(std::int64_t now_ms);
  /// Opens it by hand. It then stays open until reset(), whatever time passes.
  std::optional<transition> trip(std::int64_t now_ms);
  /// Closes it by hand and forgets failures.
  std::optional<transition> reset(std::int64_t now_ms);

  /// When advance() will do something; nullopt if never.
  std::optional<std::int64_t> next_wake_ms() const;
  breaker_state state() const { return state_; }
  bool is_tripped() const { return is_tripped_; }
  /// Failures in a row; outcomes that count for nothing are not among them.
  std::uint32_t consecutive_failures() const { return failures_; }
  /// When it went into its present state.
  std::int64_t since_ms() const { return since_ms_; }

private:
  transition go(breaker_state to, breaker_cause cause, std::int64_t now_ms);
  /// Whether an outcome counts; takes a probe off those under way.
  bool take_outcome(era began);

  breaker_policy policy_;
  breaker_state state_ = breaker_state::closed;
  bool is_tripped_ = false;
  era era_ = 0;
  std::uint32_t failures_ = 0;
  std::uint32_t successes_ = 0; ///< Of probes in a row.
  std::uint32_t probes_ = 0;    ///< Under way.
  std::int64_t since_ms_;
};

} // namespace dossier::guard

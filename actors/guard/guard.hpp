// SPDX-License-Identifier: Apache-2.0
// The guard of calls to one destination outside: how many at a time, in which order, how long, how
// often, and not at all while the destination is down. Pure: it is told the time, the dice and what
// became of each attempt, and answers with what is to be done. Owned by one actor per destination,
// one thread at a time. It does no I/O, has no clock, knows no payloads, and keeps nothing over a
// restart: who must not lose a call keeps it until it has ended.
#pragma once

#include "actors/guard/backoff.hpp"
#include "actors/guard/circuit_breaker.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace dossier::guard {

/// The owner's number of a call; unique among those that have not ended.
using call_number = std::uint64_t;

inline constexpr std::size_t key_bytes_max = 200;    ///< Of an ordering key.
inline constexpr std::size_t reason_bytes_max = 200; ///< Of a reason to trip.

/// All numbers of a guard. Times are milliseconds, from 1; counts from 1 unless said otherwise.
struct guard_policy {
  std::size_t concurrency_max = 8;           ///< Attempts under way.
  std::size_t waiting_max = 1'000;           ///< Calls not yet begun. May be 0.
  std::int64_t attempt_ms_max = 15'000;      ///< An attempt longer than this has failed.
  std::int64_t retry_after_ms_max = 600'000; ///< A longer wait that is asked for is cut to this.
  backoff_policy backoff{};
  breaker_policy breaker{};
};

// What became of an attempt; the owner classifies it.

/// The destination did what was asked.
struct success {};
/// It failed or did not answer (no connection, a broken one, 5xx); the same may succeed later.
struct transient_failure {};
/// It answered that it will never do this (most of 4xx). It is alive, so the breaker counts a
/// success. What is no answer, e.g. a bad certificate, is a transient failure.
struct permanent_failure {};
/// It wants to be left alone for so long (Retry-After of 429 or 503): a transient failure whose
/// backoff begins only then. Negative reads as 0.
struct retry_after {
  std::int64_t wait_ms;
};
/// It was not made: its owner does not want it any more. Says nothing about the destination.
struct withdrawn {};
using outcome = std::variant<success, transient_failure, permanent_failure, retry_after, withdrawn>;

// What is to be done. In this order, at once; breaker changes are there to be logged and counted.

/// Make this attempt (from 1) now.
struct start {
  call_number call;
  std::uint32_t attempt;
};
/// The attempt has taken too long. Stop working on it; what comes of it later counts for nothing.
struct abandon {
  call_number call;
  std::uint32_t attempt;
};
enum class give_up_reason : std::uint8_t {
  refused,      ///< The destination refused it for good.
  attempts_max, ///< The last allowed attempt failed.
};
/// "refused", "attempts-max"; total.
std::string_view to_string(give_up_reason reason);
/// The call has ended without success. A call that succeeds or is withdrawn ends with its owner's
/// report.
struct give_up {
  call_number call;
  std::uint32_t attempts;
  give_up_reason reason;
};
using action = std::variant<start, abandon, give_up, transition>;

/// Since the guard was made.
struct guard_counters {
  std::uint64_t calls = 0;     ///< Accepted.
  std::uint64_t refused = 0;   ///< Not accepted, as busy.
  std::uint64_t successes = 0; ///< Calls that ended well.
  std::uint64_t given_up = 0;  ///< Calls that did not.
  std::uint64_t withdrawn = 0; ///< Calls that their owner took back.
  std::uint64_t failures = 0;  ///< Attempts that failed, for whatever reason.
  std::uint64_t timeouts = 0;  ///< Those of them that took too long.
  std::uint64_t retries = 0;   ///< Attempts after the first of their call.
  std::uint64_t late = 0;      ///< Reports of attempts that were not under way (any more).
  std::uint64_t opened = 0;    ///< Times that the breaker went open.
};

/// What operators and metrics see.
struct guard_snapshot {
  breaker_state state;
  bool is_tripped;         ///< Opened by hand: stays open until reset().
  std::string trip_reason; ///< Empty unless tripped.
  std::uint32_t consecutive_failures;
  std::int64_t since_ms; ///< Steady time at which it went into `state`.
  std::size_t under_way;
  std::size_t waiting;  ///< Not yet begun.
  std::size_t retrying; ///< Begun before, between two attempts.
  guard_counters counters;
};

/// Of one key one call is under way at a time, in the order of offers; later ones wait until it has
/// ended, also while it backs off. Other keys pass. Times are steady milliseconds and never
/// decrease from call to call.
class call_guard {
public:
  call_guard(const guard_policy& policy, std::int64_t now_ms);

  /// Accepts a call. busy if it would have to wait and waiting_max others do, or if
  /// concurrency_max + waiting_max calls have not ended; conflict if the number is in use;
  /// invalid_argument for a key longer than key_bytes_max. Nothing has changed then; to keep the
  /// order of a key, the owner offers its refused call again before any later one.
  result<std::vector<action>> offer(call_number call, std::string_view key, std::int64_t now_ms);
  /// Says what became of an attempt that was started and not abandoned. Any other is counted as
  /// late and changes nothing else. `dice`: 32 random bits, here and below.
  std::vector<action> report(call_number call, std::uint32_t attempt, const outcome& what,
                             std::int64_t now_ms, std::uint32_t dice);
  /// Lets time pass: abandons, retries, probes. Never too often; needed at next_wake_ms().
  std::vector<action> tick(std::int64_t now_ms, std::uint32_t dice);
  /// Opens the breaker by hand until reset(). What is under way may end; the rest waits.
  /// invalid_argument if the reason is empty or longer than reason_bytes_max.
  result<std::vector<action>> trip(std::string_view reason, std::int64_t now_ms);
  /// Closes the breaker by hand.
  std::vector<action> reset(std::int64_t now_ms);

  /// When tick() will have something to do; nullopt if never without another report or offer.
  std::optional<std::int64_t> next_wake_ms() const;
  guard_snapshot snapshot() const;

private:
  using agenda = std::set<std::pair<std::int64_t, call_number>>; ///< By time.

  struct call_record {
    std::string key;
    std::uint64_t arrival;      ///< Smaller for earlier offers.
    std::uint32_t attempts = 0; ///< Begun.
    bool is_under_way = false;
    std::int64_t deadline_ms = 0; ///< Of the attempt under way.
    circuit_breaker::era era = 0; ///< In which it began.
  };

  bool may_begin() const;
  /// After every change: what time and room allow begins.
  void begin_what_may(std::int64_t now_ms, std::vector<action>& actions);
  void begin(call_number call, std::int64_t now_ms, std::vector<action>& actions);
  /// The attempt under way is over; the call is still held.
  const call_record& stop(call_number call);
  void fail_attempt(call_number call, std::int64_t wait_ms_min, std::int64_t now_ms,
                    std::uint32_t dice, std::vector<action>& actions);
  void give_up_on(call_number call, give_up_reason reason, std::vector<action>& actions);
  /// The call is forgotten, and the next of its key may begin.
  void end(call_number call);
  void add_change(const std::optional<transition>& change, std::vector<action>& actions);

  guard_policy policy_;
  circuit_breaker breaker_;
  std::string trip_reason_;
  std::unordered_map<call_number, call_record> calls_;
  std::unordered_map<std::string, std::deque<call_number>> lanes_; ///< By key, in order of offers.
  // The first call of each lane is in exactly one of these; no other call is in any.
  std::set<std::pair<std::uint64_t, call_number>> ready_; ///< By arrival.
  agenda under_way_;                                      ///< By deadline.
  agenda backing_off_;                                    ///< By the end of the wait.
  std::size_t waiting_ = 0;                               ///< Calls not yet begun.
  std::uint64_t arrivals_ = 0;
  guard_counters counters_;
};

} // namespace dossier::guard

// SPDX-License-Identifier: Apache-2.0
// The actor around the guard of one destination: it makes the calls that the guard starts, tells it
// what came of them, and says how they ended. It decides nothing by itself but what an answer
// means.
#pragma once

#include "actors/guard/guard.hpp"
#include "actors/interfaces.hpp"
#include "actors/outbound.hpp"
#include "protocol/ids.hpp"
#include "protocol/time.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace dossier {

/// What every guard is given. Owned by the guards' service; outlives all actors.
struct guard_services {
  outbound& out;
  const clock& time;
  id_source& ids; ///< Dice only.
  guard::guard_policy policy;
  std::atomic<std::int64_t> uptime_ms{0}; ///< As of the last beat.
};

/// One guard's figures: written by its actor, read by everybody. Thread-safe.
class guard_gauge {
public:
  static constexpr std::int64_t never = std::numeric_limits<std::int64_t>::max();

  explicit guard_gauge(guard_info first)
    : info_(std::move(first)) {}

  guard_info read() const {
    const std::lock_guard lock(mutex_);
    return info_;
  }
  void write(const guard_info& now) {
    const std::lock_guard lock(mutex_);
    info_ = now;
  }

  std::atomic<std::int64_t> wake_ms{never};   ///< The uptime at which a tick is needed.
  std::atomic<std::uint64_t> offers_sent{0};  ///< To the actor; written by who sends.
  std::atomic<std::uint64_t> offers_taken{0}; ///< By the actor.

private:
  mutable std::mutex mutex_;
  guard_info info_;
};

/// 2xx is a success. 408, 425, 429 and 5xx are transient failures, with the wait that they ask for;
/// everything else that is an answer is a refusal for good, redirects included, as following one
/// would leave the destination that was checked. What is no answer is a transient failure, but for
/// a request that cannot be sent at all.
guard::outcome outcome_of(const result<outbound_answer>& what);

/// Why an answer that is no success is none.
failure failure_of(const result<outbound_answer>& what, const std::string& name);

struct guard_state {
  static inline const char* name = "guard";

  void start(guard_actor::pointer actor, guard_services* given, std::shared_ptr<guard_gauge> gauge);
  void accept(const offer_call& x);
  void take_up(const attempt_answered& x);
  void on_tick(milliseconds uptime);
  void trip(const trip_guard& x);
  void reset(const reset_guard& x);

private:
  struct held_call {
    std::shared_ptr<guarded_call> what;
    std::optional<outbound_answer> answer; ///< The last one.
    std::optional<failure> why;            ///< Of the last attempt.
  };

  std::int64_t now_ms() const { return services_->uptime_ms.load(std::memory_order_relaxed); }
  /// Does what the guard says, and what follows from that.
  void perform(std::vector<guard::action> actions);
  void begin(const guard::start& x, std::vector<guard::action>& following);
  void report(guard::call_number call, std::uint32_t attempt, const result<outbound_answer>& what,
              std::vector<guard::action>& following);
  void end(guard::call_number call, call_ending::how_type how, std::uint32_t attempts);
  void note(const guard::transition& change);
  void note(const failure& why);
  /// The figures, after every message.
  void publish();

  guard_actor::pointer self_ = nullptr;
  guard_services* services_ = nullptr;
  std::shared_ptr<guard_gauge> gauge_;
  guard_info info_;
  std::optional<guard::call_guard> guard_;
  std::unordered_map<guard::call_number, held_call> calls_;
  guard::call_number next_call_ = 1;
};

guard_actor::behavior_type guarding(guard_actor::stateful_pointer<guard_state> self,
                                    guard_services* services, std::shared_ptr<guard_gauge> gauge);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The actor that brings due timers back to their entities as commands. The truth is in the
// journal's timer rows; this actor holds those of the near future in a wheel, reads further as time
// goes on, and keeps a bounded number in flight. It changes no row: a timer goes in the batch of
// its effect, so whatever is lost here is read again. A timer may be fired twice; its entity lets
// only the first have an effect.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/seams.hpp"
#include "actors/timer_wheel.hpp"
#include "config/settings.hpp"
#include "persistence/journal.hpp"

#include <caf/stateful_actor.hpp>
#include <caf/typed_event_based_actor.hpp>

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

namespace dossier {

/// Read by metrics. Lateness is from due to durable, of timers that fired at the first attempt.
struct timer_counters {
  std::atomic<std::uint64_t> in_wheel{0};
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<std::uint64_t> fired{0};
  std::atomic<std::uint64_t> retried{0};
  std::atomic<std::int64_t> lateness_ms_max{0};
  std::array<std::atomic<std::uint64_t>, lateness_bounds_ms.size() + 1> lateness{};
};

struct timekeeper_services {
  /// Hands a due timer to its entity; `done` is called once, on any thread.
  using fire_function
    = std::function<void(const timer_row& row, std::function<void(std::optional<failure>)> done)>;

  const journal& store;
  const clock& time;
  background& loaders;
  dossier::pulse& pulse;
  timer_counters& counters;
  timer_settings limits;
  fire_function fire;
  /// How far scans have reached or are about to; raised before a scan starts. A batch that was
  /// written before is seen by the scan, one that is written later finds the raised value and is
  /// told to the timekeeper, so no timer falls between. Milliseconds.
  std::atomic<std::int64_t> scanned_until_ms{0};
};

struct timekeeper_state {
  static inline const char* name = "timekeeper";

  void start(timekeeper_actor::pointer actor, timekeeper_services* given);
  void on_tick();
  void take_up(const timers_added& x);
  void take_up(const timers_read& x);
  void finish(const timer_done& x);

private:
  /// What is known of one shard's rows: all of them up to `covered` are in the wheel, ready or in
  /// flight.
  struct shard_view {
    std::optional<timer_cursor> covered;
    bool has_more = true; ///< The last scan ended at its limit, not at its time.
    bool is_scanning = false;
    std::size_t held = 0; ///< In the wheel or ready.
    std::vector<timer_row>
      during_scan; ///< Became durable while a scan ran that may have missed them.
  };

  void start_over(timestamp now);
  void scan_if_needed(shard_number shard, timestamp now);
  void scan(shard_number shard, timestamp until);
  void hold(const timer_row& row, timestamp at);
  void fire_ready();
  void wake_in_time(timestamp now);

  timekeeper_actor::pointer self_ = nullptr;
  timekeeper_services* services_ = nullptr;
  std::optional<timer_wheel> wheel_;
  std::vector<shard_view> shards_;
  std::deque<timer_row> ready_; ///< Due, waiting for a place among those in flight.
  std::map<timer_cursor, std::uint32_t> attempts_; ///< Of timers that failed at least once.
  std::uint64_t in_flight_ = 0;
  std::uint64_t scan_ = 0; ///< Raised by start_over, so that older scans are not believed.
};

timekeeper_actor::behavior_type
timekeeper(timekeeper_actor::stateful_pointer<timekeeper_state> self,
           timekeeper_services* services);

} // namespace dossier

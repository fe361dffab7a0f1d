// SPDX-License-Identifier: Apache-2.0
#include "actors/timekeeper.hpp"

#include "config/log.hpp"
#include "protocol/planted.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

timer_cursor cursor_of(const timer_row& row) {
  return {row.timer.due, row.entity, row.timer.name};
}

/// Behind every row of this shard that is due at or before `until`.
timer_cursor end_of(shard_number shard, timestamp until) {
  timer_cursor end{until, {static_cast<entity_kind>(0xff), {}}, {}};
  end.entity.id.bytes.fill(0xff);
  end.entity.id.bytes[6] = static_cast<std::uint8_t>(shard >> 8);
  end.entity.id.bytes[7] = static_cast<std::uint8_t>(shard);
  return end;
}

} // namespace

void timekeeper_state::start(timekeeper_actor::pointer actor, timekeeper_services* given) {
  self_ = actor;
  services_ = given;
  start_over(services_->time.now());
}

void timekeeper_state::start_over(timestamp now) {
  if (wheel_)
    wheel_->reset(now);
  else
    wheel_.emplace(now);
  ready_.clear();
  shards_.assign(services_->store.shard_count(), {});
  ++scan_;
  services_->scanned_until_ms.store(0);
  if (DOSSIER_PLANTED(overdue_forgotten))
    for (shard_number shard = 0; shard < shards_.size(); ++shard)
      shards_[shard].covered = end_of(shard, now);
}

void timekeeper_state::on_tick() {
  const auto now = services_->time.now();
  // The clock was set back: what was read as due is not due any more, and must not fire early.
  if (now < wheel_->now())
    start_over(now);
  std::vector<timer_row> due;
  wheel_->advance(now, due);
  for (auto& row : due)
    ready_.push_back(std::move(row));
  fire_ready();
  for (shard_number shard = 0; shard < shards_.size(); ++shard)
    scan_if_needed(shard, now);
  services_->counters.in_wheel.store(wheel_->size(), std::memory_order_relaxed);
  wake_in_time(now);
}

void timekeeper_state::fire_ready() {
  while (!ready_.empty() && in_flight_ < services_->limits.in_flight_max) {
    auto row = std::move(ready_.front());
    ready_.pop_front();
    auto& view = shards_[row.entity.shard()];
    view.held -= std::min<std::size_t>(view.held, 1);
    ++in_flight_;
    services_->fire(row, [to = caf::actor_cast<timekeeper_actor>(self_), row,
                          time = &services_->time](std::optional<failure> why_not) {
      caf::anon_send(to, timer_done{row, std::move(why_not), time->now()});
    });
  }
  services_->counters.in_flight.store(in_flight_, std::memory_order_relaxed);
}

void timekeeper_state::finish(const timer_done& x) {
  --in_flight_;
  auto& counters = services_->counters;
  // A timer of what does not exist has just been removed by the answer.
  if (x.why_not && x.why_not->code != errc::not_found) {
    const auto& limits = services_->limits;
    const auto attempt = attempts_[cursor_of(x.row)]++;
    const auto doubled = std::uint64_t{limits.retry_ms_min} << std::min(attempt, 20u);
    const milliseconds wait{std::min<std::uint64_t>(doubled, limits.retry_ms_max)};
    counters.retried.fetch_add(1, std::memory_order_relaxed);
    // That something has to wait its turn is no trouble; the counter says how often.
    log(x.why_not->code == errc::busy ? log_level::debug : log_level::warn, "timer will be retried",
        {{"entity", x.row.entity.text()}, {"timer", x.row.timer.name}, {"why", x.why_not->why}});
    hold(x.row, std::max(x.row.timer.due, services_->time.now() + wait));
  } else if (attempts_.empty() || attempts_.erase(cursor_of(x.row)) == 0) {
    const auto lateness = (x.at - x.row.timer.due).count();
    const auto bucket
      = std::lower_bound(lateness_bounds_ms.begin(), lateness_bounds_ms.end(), lateness);
    counters.lateness[static_cast<std::size_t>(bucket - lateness_bounds_ms.begin())].fetch_add(1);
    if (lateness > counters.lateness_ms_max.load())
      counters.lateness_ms_max.store(lateness);
    counters.fired.fetch_add(1, std::memory_order_relaxed);
  } else {
    counters.fired.fetch_add(1, std::memory_order_relaxed);
  }
  fire_ready();
  const auto now = services_->time.now();
  // In a storm the next page is wanted as soon as there is room for it, not at the next tick.
  if (shards_[x.row.entity.shard()].has_more)
    scan_if_needed(x.row.entity.shard(), now);
  wake_in_time(now);
}

void timekeeper_state::hold(const timer_row& row, timestamp at) {
  wheel_->add(row, at);
  ++shards_[row.entity.shard()].held;
}

void timekeeper_state::take_up(const timers_added& x) {
  for (const auto& row : x.rows) {
    auto& view = shards_[row.entity.shard()];
    if (view.covered && cursor_of(row) <= *view.covered)
      hold(row, row.timer.due);
    else if (view.is_scanning)
      view.during_scan.push_back(row);
    // Else a later scan reads it.
  }
  wake_in_time(services_->time.now());
}

void timekeeper_state::scan_if_needed(shard_number shard, timestamp now) {
  const auto& limits = services_->limits;
  const milliseconds horizon{limits.horizon_ms};
  const auto& view = shards_[shard];
  if (view.is_scanning || view.held > limits.rows_per_shard_max / 2)
    return;
  if (!view.covered || view.has_more || view.covered->due < now + horizon / 2)
    scan(shard, now + horizon);
}

void timekeeper_state::scan(shard_number shard, timestamp until) {
  auto& view = shards_[shard];
  view.is_scanning = true;
  auto& reached_ms = services_->scanned_until_ms;
  reached_ms.store(std::max(reached_ms.load(), to_ms(until)));
  services_->loaders.run([to = caf::actor_cast<timekeeper_actor>(self_), store = &services_->store,
                          shard, until, after = view.covered, scan = scan_,
                          limit = services_->limits.rows_per_shard_max / 2] {
    auto rows = std::make_shared<result<std::vector<timer_row>>>(
      store->read_timers(shard, after, until, limit));
    caf::anon_send(to, timers_read{shard, scan, until, std::move(rows)});
  });
}

void timekeeper_state::take_up(const timers_read& x) {
  if (x.scan != scan_)
    return;
  auto& view = shards_[x.shard];
  view.is_scanning = false;
  if (!*x.rows) {
    // The next tick scans again.
    log(log_level::error, "timers cannot be read",
        {{"shard", std::to_string(x.shard)}, {"why", x.rows->error().why}});
    return;
  }
  const auto& rows = **x.rows;
  view.has_more = rows.size() >= services_->limits.rows_per_shard_max / 2;
  view.covered = view.has_more ? cursor_of(rows.back()) : end_of(x.shard, x.until);
  for (const auto& row : rows)
    hold(row, row.timer.due);
  for (const auto& row : std::exchange(view.during_scan, {})) {
    const auto by_cursor = [](const timer_row& a, const timer_row& b) {
      return cursor_of(a) < cursor_of(b);
    };
    if (cursor_of(row) <= *view.covered
        && !std::binary_search(rows.begin(), rows.end(), row, by_cursor))
      hold(row, row.timer.due);
  }
  on_tick();
}

void timekeeper_state::wake_in_time(timestamp now) {
  if (!ready_.empty())
    return; // What is in flight wakes us when it is done.
  if (const auto next = wheel_->next_due())
    services_->pulse.wake_within(std::max(milliseconds{0}, *next - now));
}

timekeeper_actor::behavior_type
timekeeper(timekeeper_actor::stateful_pointer<timekeeper_state> self,
           timekeeper_services* services) {
  self->state.start(self, services);
  return {
    [self](const tick&) { self->state.on_tick(); },
    [self](const timers_added& x) { self->state.take_up(x); },
    [self](const timers_read& x) { self->state.take_up(x); },
    [self](const timer_done& x) { self->state.finish(x); },
  };
}

} // namespace dossier

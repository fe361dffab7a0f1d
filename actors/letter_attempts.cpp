// SPDX-License-Identifier: Apache-2.0
#include "actors/letter_attempts.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <mutex>
#include <unordered_set>
#include <utility>

namespace dossier {

/// Which letters are being attempted. Outlives the core: an errand may be dropped after it.
class letter_attempts::places {
public:
  explicit places(std::size_t running_max)
    : running_max_(running_max) {}

  /// False: somebody sees to this letter already.
  bool take(const entity_id& id) {
    const std::lock_guard lock(mutex_);
    return taken_.insert(id).second;
  }
  /// False: as many of this channel run as may.
  bool begin(letter::channel c) {
    const std::lock_guard lock(mutex_);
    auto& running = running_[c];
    if (running >= running_max_)
      return false;
    ++running;
    return true;
  }
  /// What was taken; and what was begun, if anything was.
  void give_back(const entity_id& id, std::optional<letter::channel> begun) {
    const std::lock_guard lock(mutex_);
    taken_.erase(id);
    if (begun)
      --running_[*begun];
  }

private:
  const std::size_t running_max_;
  std::mutex mutex_;
  std::unordered_set<entity_id> taken_;
  std::map<letter::channel, std::size_t> running_;
};

/// A timer that is being seen to. Answered once, also when everybody drops it; its letter's place
/// is free before that. One thread at a time.
class letter_attempts::errand {
public:
  errand(std::shared_ptr<places> where, timer_row row, fired done)
    : row_(std::move(row))
    , where_(std::move(where))
    , done_(std::move(done)) {}
  errand(const errand&) = delete;
  errand& operator=(const errand&) = delete;
  ~errand() {
    answer(fail(errc::unavailable, "the attempt of " + row_.entity.text() + " was given up"));
  }

  const timer_row& row() const { return row_; }
  /// Takes a place among the attempts of this channel, once; false if there is none.
  bool begin(letter::channel c) {
    if (!where_->begin(c))
      return false;
    begun_ = c;
    return true;
  }

  void answer(std::optional<failure> why_not) {
    if (auto done = std::exchange(done_, nullptr)) {
      where_->give_back(row_.entity.id, begun_);
      done(std::move(why_not));
    }
  }

private:
  const timer_row row_;
  const std::shared_ptr<places> where_;
  fired done_;
  std::optional<letter::channel> begun_;
};

letter_attempts::letter_attempts(entity_services& services, region_actor<letter_kind> region,
                                 std::size_t attempts_max)
  : services_(services)
  , region_(std::move(region))
  , places_(std::make_shared<places>(attempts_max)) {}

letter_attempts::~letter_attempts() = default;

void letter_attempts::serve(letter::channel channel, letter_channel* by) {
  const std::unique_lock lock(serving_);
  channels_[channel] = by;
}

void letter_attempts::fire(const timer_row& row, fired done) {
  if (!places_->take(row.entity.id)) {
    done(fail(errc::busy, row.entity.text() + " is being attempted"));
    return;
  }
  services_.loaders.run(
    [this, e = std::make_shared<errand>(places_, row, std::move(done))] { begin(e); });
}

/// On a loader thread.
void letter_attempts::begin(const errand_ptr& e) {
  const auto& row = e->row();
  const auto found = recover<letter_kind>(services_.store, row.entity);
  if (!found) {
    e->answer(found.error());
    return;
  }
  const auto wished = timers_of(found->state);
  const bool is_wished = std::find(wished.begin(), wished.end(), row.timer) != wished.end();
  // Of a row that nobody wishes for, and of one whose time the clock has gone back behind, the
  // letter itself decides.
  if (!is_wished || services_.time.now() < row.timer.due)
    submit(e, letter::fire_timer{row.timer.name, row.timer.due});
  else
    make(e, view_of(found->state, found->version));
}

void letter_attempts::make(const errand_ptr& e, const letter::view& what) {
  const std::shared_lock lock(serving_);
  const auto served = channels_.find(what.origin.channel);
  if (served == channels_.end() || !served->second) {
    e->answer(fail(errc::busy, "nobody attempts letters of the channel "
                                 + std::string(to_string(what.origin.channel))));
    return;
  }
  if (!e->begin(what.origin.channel)) {
    e->answer(
      fail(errc::busy, "as many letters are being attempted as letters.attempts_max allows"));
    return;
  }
  const auto attempt = what.attempts + 1;
  served->second->attempt(e->row().entity.id, what, [this, e, attempt](attempt_outcome outcome) {
    settle(e, attempt, std::move(outcome));
  });
}

void letter_attempts::settle(const errand_ptr& e, std::uint32_t attempt, attempt_outcome outcome) {
  if (std::holds_alternative<attempt::not_now>(outcome)) {
    e->answer(fail(errc::busy, e->row().entity.text() + " has to wait behind others"));
    return;
  }
  letter::settle told{attempt, std::nullopt, false};
  if (auto* failed = std::get_if<attempt::failed>(&outcome)) {
    told.why = std::move(failed->why);
    told.is_transient = failed->is_transient;
  }
  submit(e, std::move(told));
}

/// Past actors.pending_max: what is due is not refused for the sake of newer work.
void letter_attempts::submit(const errand_ptr& e, letter::command what) {
  command_meta meta;
  meta.cause.by = "timer";
  auto answer_to
    = std::make_shared<reply<letter::view>>([e](const result<answer<letter::view>>& got) {
        e->answer(got ? std::nullopt : std::optional<failure>(got.error()));
      });
  caf::anon_send(region_, dossier::submit<letter_kind>{std::make_shared<command_job<letter_kind>>(
                            services_.counters, e->row().entity.id, std::move(what),
                            std::move(meta), std::move(answer_to))});
}

} // namespace dossier

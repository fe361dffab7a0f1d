// SPDX-License-Identifier: Apache-2.0
#include "actors/guard_actor.hpp"

#include "config/log.hpp"

#include <caf/send.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace dossier {

guard::outcome outcome_of(const result<outbound_answer>& what) {
  if (!what) {
    if (what.error().code == errc::invalid_argument)
      return guard::permanent_failure{};
    return guard::transient_failure{};
  }
  const auto status = what->status;
  if (status >= 200 && status < 300)
    return guard::success{};
  const bool is_transient = status >= 500 || status == 408 || status == 425 || status == 429;
  if (!is_transient)
    return guard::permanent_failure{};
  if (what->retry_after)
    return guard::retry_after{what->retry_after->count()};
  return guard::transient_failure{};
}

failure failure_of(const result<outbound_answer>& what, const std::string& name) {
  if (!what)
    return what.error();
  return fail(errc::unavailable, name + " answered with status " + std::to_string(what->status));
}

void guard_state::start(guard_actor::pointer actor, guard_services* given,
                        std::shared_ptr<guard_gauge> gauge) {
  self_ = actor;
  services_ = given;
  gauge_ = std::move(gauge);
  info_ = gauge_->read();
  guard_.emplace(services_->policy, now_ms());
}

void guard_state::accept(const offer_call& x) {
  gauge_->offers_taken.fetch_add(1, std::memory_order_relaxed);
  const auto number = next_call_++;
  calls_.emplace(number, held_call{x.what, std::nullopt, std::nullopt});
  auto actions = guard_->offer(number, x.what->key(), now_ms());
  if (actions) {
    perform(std::move(*actions));
  } else {
    calls_.at(number).why = actions.error();
    const bool is_full = actions.error().code == errc::busy;
    end(number, is_full ? call_ending::how_type::not_accepted : call_ending::how_type::refused, 0);
  }
  publish();
}

void guard_state::take_up(const attempt_answered& x) {
  std::vector<guard::action> following;
  report(x.call, x.attempt, *x.what, following);
  perform(std::move(following));
  publish();
}

void guard_state::on_tick(milliseconds) {
  perform(guard_->tick(now_ms(), services_->ids.dice()));
  publish();
}

void guard_state::trip(const trip_guard& x) {
  auto actions = guard_->trip(x.reason, now_ms());
  if (!actions) {
    x.done(actions.error());
    return;
  }
  log(log_level::warn, "breaker opened by hand",
      {{"destination", info_.name}, {"by", x.by}, {"reason", x.reason}});
  perform(std::move(*actions));
  publish();
  x.done(info_);
}

void guard_state::reset(const reset_guard& x) {
  log(log_level::info, "breaker closed by hand", {{"destination", info_.name}, {"by", x.by}});
  perform(guard_->reset(now_ms()));
  publish();
  x.done(info_);
}

void guard_state::perform(std::vector<guard::action> actions) {
  // An attempt that cannot be made is reported at once, and more may follow from that.
  for (std::size_t i = 0; i < actions.size(); ++i) {
    const auto action = actions[i];
    std::vector<guard::action> following;
    if (const auto* started = std::get_if<guard::start>(&action)) {
      begin(*started, following);
    } else if (const auto* late = std::get_if<guard::abandon>(&action)) {
      auto& held = calls_.at(late->call);
      held.answer.reset();
      held.why
        = fail(errc::timed_out, info_.name + " did not answer within "
                                  + std::to_string(services_->policy.attempt_ms_max) + " ms");
      note(*held.why);
    } else if (const auto* over = std::get_if<guard::give_up>(&action)) {
      const bool is_refused = over->reason == guard::give_up_reason::refused;
      end(over->call,
          is_refused ? call_ending::how_type::refused : call_ending::how_type::exhausted,
          over->attempts);
    } else {
      note(std::get<guard::transition>(action));
    }
    actions.insert(actions.end(), following.begin(), following.end());
  }
}

void guard_state::begin(const guard::start& x, std::vector<guard::action>& following) {
  auto request = calls_.at(x.call).what->prepare();
  if (!request && request.error().code == errc::conflict) {
    following
      = guard_->report(x.call, x.attempt, guard::withdrawn{}, now_ms(), services_->ids.dice());
    calls_.at(x.call).why = request.error();
    end(x.call, call_ending::how_type::withdrawn, x.attempt - 1);
    return;
  }
  if (!request) {
    report(x.call, x.attempt,
           fail(errc::invalid_argument, "the call cannot be made: " + request.error().why),
           following);
    return;
  }
  request->deadline = milliseconds{services_->policy.attempt_ms_max};
  services_->out.call(std::move(*request), [to = caf::actor_cast<guard_actor>(self_), call = x.call,
                                            attempt = x.attempt](result<outbound_answer> got) {
    caf::anon_send(to, attempt_answered{call, attempt,
                                        std::make_shared<result<outbound_answer>>(std::move(got))});
  });
}

void guard_state::report(guard::call_number call, std::uint32_t attempt,
                         const result<outbound_answer>& what,
                         std::vector<guard::action>& following) {
  const auto outcome = outcome_of(what);
  const bool is_success = std::holds_alternative<guard::success>(outcome);
  const auto late_before = guard_->snapshot().counters.late;
  auto actions = guard_->report(call, attempt, outcome, now_ms(), services_->ids.dice());
  if (guard_->snapshot().counters.late != late_before)
    return;
  auto& held = calls_.at(call);
  held.answer = what ? std::optional(*what) : std::nullopt;
  if (is_success) {
    held.why.reset();
    end(call, call_ending::how_type::succeeded, attempt);
  } else {
    held.why = failure_of(what, info_.name);
    note(*held.why);
  }
  following.insert(following.end(), actions.begin(), actions.end());
}

void guard_state::end(guard::call_number call, call_ending::how_type how, std::uint32_t attempts) {
  const auto held = std::move(calls_.extract(call).mapped());
  held.what->end({how, attempts, held.answer, held.why});
}

void guard_state::note(const guard::transition& change) {
  info_.since = services_->time.now();
  const auto level = change.to == guard::breaker_state::open ? log_level::warn : log_level::info;
  log(level, "breaker changed",
      {{"destination", info_.name},
       {"from", std::string(to_string(change.from))},
       {"to", std::string(to_string(change.to))},
       {"why", std::string(to_string(change.cause))},
       {"last_error", info_.last_error}});
}

void guard_state::note(const failure& why) {
  info_.last_error = why.why;
  info_.failed_at = services_->time.now();
}

void guard_state::publish() {
  info_.now = guard_->snapshot();
  gauge_->write(info_);
  gauge_->wake_ms.store(guard_->next_wake_ms().value_or(guard_gauge::never));
}

guard_actor::behavior_type guarding(guard_actor::stateful_pointer<guard_state> self,
                                    guard_services* services, std::shared_ptr<guard_gauge> gauge) {
  self->state.start(self, services, std::move(gauge));
  self->set_exception_handler([name = self->state.name](std::exception_ptr& thrown) -> caf::error {
    std::string why = "an unknown exception";
    try {
      std::rethrow_exception(thrown);
    } catch (const std::exception& e) {
      why = e.what();
    } catch (...) {
      // Named above.
    }
    log(log_level::error, "actor crashed", {{"actor", name}, {"why", why}});
    return caf::exit_reason::unhandled_exception;
  });
  return {
    [self](const offer_call& x) { self->state.accept(x); },
    [self](const attempt_answered& x) { self->state.take_up(x); },
    [self](const tick& x) { self->state.on_tick(x.uptime); },
    [self](const trip_guard& x) { self->state.trip(x); },
    [self](const reset_guard& x) { self->state.reset(x); },
  };
}

} // namespace dossier

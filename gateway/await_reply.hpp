// SPDX-License-Identifier: Apache-2.0
// The bridge between a connection's coroutine and everything that answers on another thread: actors
// by callback, worker pools by return value. A coroutine always resumes on its own executor.
//
// Order at the end: whoever answers must be stopped before the io_context of the waiting coroutine
// goes.
#pragma once

#include "gateway/net.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace dossier {

/// A place for one value that arrives later. Used on its executor only, except by arrival_of().
template <class T>
class reply_slot : public std::enable_shared_from_this<reply_slot<T>> {
public:
  reply_slot(asio::any_io_executor executor, asio::steady_timer::time_point until)
    : executor_(std::move(executor))
    , gate_(executor_, until) {}

  /// The value, or nullopt when the time is over. Once only.
  awaitable<std::optional<T>> wait() {
    const auto self = this->shared_from_this();
    if (!value_)
      co_await gate_.async_wait(asio::as_tuple(asio::use_awaitable));
    co_return std::move(value_);
  }

  /// What takes the value in, on any thread. One that comes too late is dropped. It does not keep
  /// the slot alive.
  std::function<void(T)> arrival_of() {
    return [executor = executor_, weak = this->weak_from_this()](T value) {
      auto slot = weak.lock();
      if (!slot)
        return;
      asio::post(executor, [slot = std::move(slot), value = std::move(value)]() mutable {
        slot->value_.emplace(std::move(value));
        slot->gate_.cancel();
      });
    };
  }

private:
  asio::any_io_executor executor_;
  asio::steady_timer gate_;
  std::optional<T> value_;
};

/// Calls start(receive) at once and suspends until `receive` was called, on any thread. After
/// `deadline` the answer is unavailable: what was asked for may still happen.
template <class T, class Start>
awaitable<result<T>> await_reply(milliseconds deadline, Start start) {
  auto executor = co_await asio::this_coro::executor;
  const auto until = asio::steady_timer::clock_type::now() + deadline;
  auto slot = std::make_shared<reply_slot<result<T>>>(std::move(executor), until);
  start(slot->arrival_of());
  auto answer = co_await slot->wait();
  if (answer)
    co_return std::move(*answer);
  co_return fail(errc::unavailable,
                 "No answer came within " + std::to_string(deadline.count())
                   + " ms; whether it took effect is unknown. Repeat it, with the same "
                     "Idempotency-Key if it had one.");
}

/// Starts `job` on a pool or on an executor of one; its return value is awaited with wait(). The
/// job owns all that it uses, and is gone when its value arrives.
template <class Pool, class Job, class T = std::invoke_result_t<Job&>>
std::shared_ptr<reply_slot<T>> start_on(Pool&& pool, asio::any_io_executor executor, Job job) {
  const auto never = asio::steady_timer::time_point::max();
  auto slot = std::make_shared<reply_slot<T>>(std::move(executor), never);
  auto run = [job = std::optional<Job>{std::move(job)}, arrive = slot->arrival_of()]() mutable {
    T value = (*job)();
    job.reset();
    arrive(std::move(value));
  };
  asio::post(pool, std::move(run));
  return slot;
}

/// Runs `job` on the pool and resumes with what it returns.
template <class Job, class T = std::invoke_result_t<Job&>>
awaitable<T> run_on(asio::thread_pool& pool, Job job) {
  auto executor = co_await asio::this_coro::executor;
  auto slot = start_on(pool, std::move(executor), std::move(job));
  auto value = co_await slot->wait();
  co_return std::move(*value);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The bridge between a connection's coroutine and everything that answers on another thread: actors
// by callback, worker pools by return value. A coroutine always resumes on its own executor.
//
// Order at the end: whoever answers must be stopped before the io_context of the waiting coroutine
// goes.
#pragma once

#include "gateway/net.hpp"
#include "gateway/patience.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/thread_pool.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace dossier {

/// Where a coroutine waits for another thread. What arrives is the heir's business, so that Asio's
/// templates are made once and not for each type of answer.
class arrival_gate {
public:
  arrival_gate(asio::any_io_executor executor, steady_time until);
  arrival_gate(const arrival_gate&) = delete;
  arrival_gate& operator=(const arrival_gate&) = delete;

  /// Until it is open or the time is over. On its executor, once; the gate must stay meanwhile.
  awaitable<void> pass();

protected:
  ~arrival_gate() = default;
  /// Any thread, once. What was left before, pass() makes visible.
  static void open(std::shared_ptr<arrival_gate> gate);
  /// On its executor.
  bool is_open() const { return is_open_; }

private:
  const asio::any_io_executor executor_;
  asio::steady_timer timer_;
  bool is_open_ = false; ///< On its executor only.
};

/// A place for one value that arrives later.
template <class T>
class reply_slot final : public arrival_gate, public std::enable_shared_from_this<reply_slot<T>> {
public:
  using arrival_gate::arrival_gate;

  /// After pass(): the value, or nullopt when the time was over. Once only.
  std::optional<T> take() {
    if (!is_open())
      return std::nullopt;
    return std::move(value_);
  }

  /// On any thread, once. A value that comes too late is dropped.
  static void arrive(const std::weak_ptr<reply_slot>& at, T value) {
    auto slot = at.lock();
    if (!slot)
      return;
    slot->value_.emplace(std::move(value));
    open(std::move(slot));
  }

  /// The same as a function that does not keep the slot alive.
  std::function<void(T)> arrival_of() {
    return [at = this->weak_from_this()](T value) {
      arrive(at, std::move(value));
    };
  }

private:
  std::optional<T> value_; ///< Left by whoever answers; read only when the gate is open.
};

/// Calls start(receive) at once and suspends until `receive` was called, on any thread. After
/// `deadline` the answer is unavailable: what was asked for may still happen.
template <class T, class Start>
awaitable<result<T>> await_reply(milliseconds deadline, Start start) {
  auto executor = co_await asio::this_coro::executor;
  const auto until = std::chrono::steady_clock::now() + deadline;
  auto slot = std::make_shared<reply_slot<result<T>>>(std::move(executor), until);
  start(slot->arrival_of());
  co_await slot->pass();
  auto answer = slot->take();
  if (answer)
    co_return std::move(*answer);
  co_return fail(errc::unavailable,
                 "No answer came within " + std::to_string(deadline.count())
                   + " ms; whether it took effect is unknown. Repeat it, with the same "
                     "Idempotency-Key if it had one.");
}

/// Suspends the coroutine for so long.
awaitable<void> pause_for(steady_duration time);

/// Something that a worker does once and then lets go.
class errand {
public:
  virtual ~errand() = default;
  virtual void run() = 0;
};

/// Workers that do one thing after the other.
using worker_strand = asio::strand<asio::thread_pool::executor_type>;

/// Any thread.
void send_on(asio::thread_pool& pool, std::unique_ptr<errand> what);
void send_on(const worker_strand& strand, std::unique_ptr<errand> what);

/// Starts `job` on a pool or on a strand of one; its return value waits in the slot. The job owns
/// all that it uses, and is gone when its value arrives. Whoever waits does until `until`.
template <class Pool, class Job, class T = std::invoke_result_t<Job&>>
std::shared_ptr<reply_slot<T>> start_on(Pool&& pool, asio::any_io_executor executor, Job job,
                                        steady_time until = steady_time::max()) {
  struct job_errand final : errand {
    job_errand(Job todo, std::weak_ptr<reply_slot<T>> at)
      : job(std::move(todo))
      , slot(std::move(at)) {}
    void run() override {
      T value = (*job)();
      job.reset();
      reply_slot<T>::arrive(slot, std::move(value));
    }
    std::optional<Job> job;
    std::weak_ptr<reply_slot<T>> slot;
  };
  auto slot = std::make_shared<reply_slot<T>>(std::move(executor), until);
  send_on(pool, std::make_unique<job_errand>(std::move(job), slot));
  return slot;
}

/// Runs `job` on the pool and resumes with what it returns.
template <class Job, class T = std::invoke_result_t<Job&>>
awaitable<T> run_on(asio::thread_pool& pool, Job job) {
  auto executor = co_await asio::this_coro::executor;
  auto slot = start_on(pool, std::move(executor), std::move(job));
  co_await slot->pass();
  auto value = slot->take();
  co_return std::move(*value);
}

} // namespace dossier

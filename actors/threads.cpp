// SPDX-License-Identifier: Apache-2.0
#include "actors/threads.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace dossier {

void yield_to_requests() {
  constexpr int lowest = 19;
  // Linux keeps a niceness for each thread.
  ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), lowest);
}

worker_threads::worker_threads(std::size_t count) {
  for (std::size_t i = 0; i < count; ++i)
    threads_.emplace_back([this] { work_on(); });
}

worker_threads::~worker_threads() {
  stop();
}

void worker_threads::run(std::function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_)
      return;
    queued_.push_back(std::move(work));
  }
  arrived_.notify_one();
}

void worker_threads::stop() {
  std::deque<std::function<void()>> forgotten;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    forgotten.swap(queued_);
  }
  arrived_.notify_all();
  for (auto& thread : threads_)
    if (thread.joinable())
      thread.join();
}

void worker_threads::work_on() {
  for (;;) {
    std::function<void()> work;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !queued_.empty(); });
      if (stopping_)
        return;
      work = std::move(queued_.front());
      queued_.pop_front();
    }
    work();
  }
}

pulse_thread::~pulse_thread() {
  stop();
}

void pulse_thread::start(beat on_beat) {
  on_beat_ = std::move(on_beat);
  thread_ = std::thread([this] { run(); });
}

void pulse_thread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  sooner_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

void pulse_thread::wake_within(milliseconds wait) {
  // Waking in a second is no sooner than the next regular beat: nothing to do, and no lock to take.
  if (wait >= milliseconds{100})
    return;
  const auto wanted = steady::now() + std::max(wait, milliseconds{1});
  {
    const std::lock_guard lock(mutex_);
    if (wanted >= next_)
      return;
    next_ = wanted;
  }
  sooner_.notify_all();
}

void pulse_thread::run() {
  const auto started = steady::now();
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      // Somebody may have asked for a beat already, while the last one was being given.
      next_ = std::min(next_, steady::now() + milliseconds{100});
      while (!stopping_ && steady::now() < next_)
        sooner_.wait_until(lock, next_);
      if (stopping_)
        return;
      next_ = steady::time_point::max();
    }
    on_beat_(std::chrono::duration_cast<milliseconds>(steady::now() - started));
  }
}

} // namespace dossier

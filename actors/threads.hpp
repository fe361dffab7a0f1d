// SPDX-License-Identifier: Apache-2.0
// Production's threads behind the seams of actors/seams.hpp.
#pragma once

#include "actors/seams.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace dossier {

/// Gives the calling thread the lowest priority there is: a request that comes in has the core
/// almost at once.
void yield_to_requests();

/// A fixed number of threads that take work in order of arrival.
class worker_threads final : public background {
public:
  explicit worker_threads(std::size_t count);
  ~worker_threads() override;

  void run(std::function<void()> work) override;
  /// Finishes what runs, forgets what waits, joins. Later work is forgotten.
  void stop();

private:
  void work_on();

  std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<std::function<void()>> queued_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

/// One thread that calls `beat` at least every 100 ms and as soon as somebody asked for.
class pulse_thread final : public pulse {
public:
  using beat = std::function<void(milliseconds uptime)>;

  pulse_thread() = default;
  ~pulse_thread() override;

  /// `on_beat` runs on the pulse's thread and must not block. Call once.
  void start(beat on_beat);
  void stop();
  void wake_within(milliseconds wait) override;

private:
  using steady = std::chrono::steady_clock;
  void run();

  beat on_beat_;
  std::mutex mutex_;
  std::condition_variable sooner_;
  steady::time_point next_ = steady::time_point::max();
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/row_publisher_thread.hpp"

#include "actors/threads.hpp"

namespace dossier {

namespace {

/// How late the end of a job may be seen. Nobody wakes the thread, so a commit costs nothing here.
constexpr milliseconds idle{100};
/// Between two turns, as the publisher of events does.
constexpr milliseconds gathering{1};

} // namespace

row_publisher_thread::row_publisher_thread(row_publisher& publisher)
  : publisher_(publisher)
  , thread_([this] { run(); }) {}

row_publisher_thread::~row_publisher_thread() {
  ask_to_stop(milliseconds{0});
  join();
}

void row_publisher_thread::ask_to_stop(milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    if (is_stopping_)
      return;
    is_stopping_ = true;
    patience_ = patience;
  }
  woken_.notify_one();
}

void row_publisher_thread::join() {
  if (thread_.joinable())
    thread_.join();
}

bool row_publisher_thread::rest(milliseconds time) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, time, [&] { return is_stopping_; });
  return !is_stopping_;
}

void row_publisher_thread::run() {
  yield_to_requests();
  const auto& on_their_way = publisher_.stats().on_their_way;
  bool goes_on = true;
  while (goes_on) {
    const bool did_anything = publisher_.turn();
    goes_on
      = rest(did_anything || on_their_way.load(std::memory_order_relaxed) > 0 ? gathering : idle);
  }
  publisher_.close(patience_);
}

} // namespace dossier

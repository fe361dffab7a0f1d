// SPDX-License-Identifier: Apache-2.0
#include "persistence/publisher_thread.hpp"

#include <utility>

namespace dossier {

namespace {

/// The sink wants to be asked now and then also when nothing happens, and held-back shards again.
constexpr milliseconds sleep_max{100};
/// Between two turns. Under load some events gather meanwhile; without it each would be a turn, and
/// the thread would take a processor for itself.
constexpr milliseconds gathering{1};

} // namespace

publisher_thread::publisher_thread(outbox_publisher& publisher)
  : publisher_(publisher)
  , thread_([this] { run(); }) {}

publisher_thread::~publisher_thread() {
  stop(milliseconds{0});
}

void publisher_thread::committed(const batch& b) {
  if (feed_rows_of(b) == 0)
    return;
  publisher_.committed(b);
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(has_news_, true))
      return;
  }
  woken_.notify_one();
}

void publisher_thread::stop(milliseconds patience) {
  {
    const std::lock_guard lock(mutex_);
    is_stopping_ = true;
    patience_ = patience;
  }
  woken_.notify_one();
  if (thread_.joinable())
    thread_.join();
}

bool publisher_thread::rest(milliseconds time, bool is_woken_by_news) {
  std::unique_lock lock(mutex_);
  woken_.wait_for(lock, time, [&] { return is_stopping_ || (is_woken_by_news && has_news_); });
  has_news_ = false;
  return !is_stopping_;
}

void publisher_thread::run() {
  const auto& on_their_way = publisher_.stats().on_their_way;
  bool goes_on = true;
  while (goes_on) {
    const bool did_anything = publisher_.turn();
    if (publisher_.has_backlog())
      goes_on = rest(milliseconds{0}, false);
    else if (did_anything || on_their_way.load(std::memory_order_relaxed) > 0)
      goes_on = rest(gathering, false);
    else
      goes_on = rest(sleep_max, true);
  }
  publisher_.close(patience_);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/publisher_thread.hpp"

#include <utility>

namespace dossier {

namespace {

/// The sink wants to be asked now and then also when nothing happens, and held-back shards again.
constexpr milliseconds sleep_max{100};
/// While something is on its way, news of the feed wait at most so long for news of the backbone.
constexpr milliseconds poll_patience{2};

} // namespace

publisher_thread::publisher_thread(outbox_publisher& publisher)
  : publisher_(publisher)
  , thread_([this] { run(); }) {}

publisher_thread::~publisher_thread() {
  stop(milliseconds{0});
}

void publisher_thread::committed(const batch& b) {
  if (b.events.empty() && b.reply.empty())
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

bool publisher_thread::sleep() {
  std::unique_lock lock(mutex_);
  if (publisher_.stats().on_their_way.load(std::memory_order_relaxed) == 0)
    woken_.wait_for(lock, sleep_max, [this] { return has_news_ || is_stopping_; });
  has_news_ = false;
  return !is_stopping_;
}

void publisher_thread::run() {
  while (sleep()) {
    while (publisher_.turn(milliseconds{0})) {
      const std::lock_guard lock(mutex_);
      if (is_stopping_)
        break;
    }
    if (publisher_.stats().on_their_way.load(std::memory_order_relaxed) > 0)
      publisher_.turn(poll_patience);
  }
  publisher_.close(patience_);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Coroutines of the edge without its threads.
#pragma once

#include "gateway/net.hpp"

#include <boost/asio/co_spawn.hpp>

#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

namespace dossier::test {

/// Runs coroutines to their end on the thread that asks; several may. Contexts stay until it goes
/// itself: whoever answered from another thread may still be on its way out of post() when the
/// answer has been taken. Destroy it after whatever answers has been stopped.
class coroutine_runner {
public:
  /// What the coroutine returns; throws what it throws.
  template <class T>
  T run(awaitable<T> what) {
    auto& context = take();
    std::optional<T> returned;
    std::exception_ptr thrown;
    asio::co_spawn(context, std::move(what), [&](std::exception_ptr e, T value) {
      thrown = std::move(e);
      returned = std::move(value);
    });
    context.restart();
    context.run();
    // Its context is not given back: the coroutine is in there still.
    if (!returned)
      throw std::logic_error("a coroutine waits for nothing");
    give_back(context);
    if (thrown)
      std::rethrow_exception(thrown);
    return std::move(*returned);
  }

private:
  asio::io_context& take() {
    const std::lock_guard lock(mutex_);
    if (idle_.empty())
      return all_.emplace_back();
    auto& context = *idle_.back();
    idle_.pop_back();
    return context;
  }

  void give_back(asio::io_context& context) {
    const std::lock_guard lock(mutex_);
    idle_.push_back(&context);
  }

  std::mutex mutex_;
  std::deque<asio::io_context> all_;
  std::vector<asio::io_context*> idle_;
};

} // namespace dossier::test

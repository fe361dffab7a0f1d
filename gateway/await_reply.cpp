// SPDX-License-Identifier: Apache-2.0
#include "gateway/await_reply.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace dossier {

arrival_gate::arrival_gate(asio::any_io_executor executor, steady_time until)
  : executor_(std::move(executor))
  , timer_(executor_, until) {}

awaitable<void> arrival_gate::pass() {
  if (!is_open_)
    co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
}

void arrival_gate::open(std::shared_ptr<arrival_gate> gate) {
  const auto& executor = gate->executor_;
  asio::post(executor, [gate = std::move(gate)] {
    gate->is_open_ = true;
    gate->timer_.cancel();
  });
}

awaitable<void> pause_for(steady_duration time) {
  asio::steady_timer timer(co_await asio::this_coro::executor, time);
  co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
}

void send_on(asio::thread_pool& pool, std::unique_ptr<errand> what) {
  asio::post(pool, [what = std::move(what)] { what->run(); });
}

void send_on(const worker_strand& strand, std::unique_ptr<errand> what) {
  asio::post(strand, [what = std::move(what)] { what->run(); });
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "gateway/server.hpp"

#include "config/log.hpp"
#include "gateway/edge.hpp"
#include "gateway/lane.hpp"
#include "gateway/session.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <exception>

namespace dossier {

namespace {

using boost::system::error_code;

// Without descriptors or memory the next accept fails at once again; others close theirs meanwhile.
constexpr milliseconds accept_pause_ms{100};
// So many are told that the server is full; any more at once are closed without a word.
constexpr std::uint64_t turned_away_max = 64;

bool needs_a_pause(const error_code& error) {
  namespace errors = boost::system::errc;
  return error == errors::too_many_files_open || error == errors::too_many_files_open_in_system
         || error == errors::no_buffer_space || error == errors::not_enough_memory;
}

class threaded_server final : public server {
public:
  threaded_server(const settings& s, const clock& time, std::vector<route> table, authenticate auth)
    : edge_(s.http, time, std::move(table), std::move(auth)) {
    for (std::uint32_t i = 0; i < s.http.threads; ++i)
      lanes_.push_back(std::make_unique<lane>(edge_, i));
    acceptor_ = std::make_unique<tcp::acceptor>(lanes_.front()->context());
    pause_ = std::make_unique<asio::steady_timer>(lanes_.front()->context());
  }

  ~threaded_server() override;

  result<void> bind(const listen_settings& where);

  void start() override {
    accept();
    for (auto& l : lanes_)
      l->start();
  }

  void drain() override;
  std::uint16_t port() const override { return port_; }
  const http_stats& stats() const override { return edge_.stats; }
  const std::vector<route>& routes() const override { return edge_.routes.routes(); }

private:
  void accept();
  void accepted(const error_code& error, tcp::socket socket, lane& target);
  void welcome(tcp::socket socket, lane& target);

  edge edge_;
  std::atomic<std::uint64_t> turned_away_{0};
  std::uint16_t port_ = 0;
  std::size_t next_lane_ = 0; ///< This and what follows: on the first lane's thread.
  bool is_draining_ = false;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::unique_ptr<tcp::acceptor> acceptor_;
  std::unique_ptr<asio::steady_timer> pause_;
};

threaded_server::~threaded_server() {
  for (auto& l : lanes_)
    l->stop();
  acceptor_.reset();
  pause_.reset();
  // An accept that never completed is kept by the first lane and holds a socket of another one.
  lanes_.front().reset();
}

result<void> threaded_server::bind(const listen_settings& where) {
  const auto refuse = [&where](const error_code& error) {
    return fail(errc::unavailable, "cannot listen on " + where.address + ":"
                                     + std::to_string(where.port) + ": " + error.message()
                                     + "; set listen.address and listen.port to a free address");
  };
  error_code error;
  const auto address = asio::ip::make_address(where.address, error);
  if (error)
    return refuse(error);
  const tcp::endpoint endpoint(address, where.port);
  acceptor_->open(endpoint.protocol(), error);
  if (!error)
    acceptor_->set_option(tcp::acceptor::reuse_address(true), error);
  if (!error)
    acceptor_->bind(endpoint, error);
  if (!error)
    acceptor_->listen(tcp::acceptor::max_listen_connections, error);
  if (error)
    return refuse(error);
  port_ = acceptor_->local_endpoint(error).port();
  return {};
}

void threaded_server::accept() {
  lane& target = *lanes_[next_lane_++ % lanes_.size()];
  acceptor_->async_accept(target.context(),
                          [this, &target](const error_code& error, tcp::socket socket) {
                            accepted(error, std::move(socket), target);
                          });
}

void threaded_server::accepted(const error_code& error, tcp::socket socket, lane& target) {
  if (is_draining_ || error == asio::error::operation_aborted)
    return;
  if (needs_a_pause(error)) {
    log(log_level::warn, "accepting paused", {{"why", error.message()}});
    pause_->expires_after(accept_pause_ms);
    pause_->async_wait([this](const error_code& cancelled) {
      if (!cancelled)
        accept();
    });
    return;
  }
  // Any other error is about a peer that went away before it was accepted.
  if (!error)
    welcome(std::move(socket), target);
  accept();
}

void threaded_server::welcome(tcp::socket socket, lane& target) {
  auto& stats = edge_.stats;
  stats.connections_accepted.fetch_add(1, std::memory_order_relaxed);
  const bool is_full
    = stats.connections_open.load(std::memory_order_relaxed) >= edge_.http.connections_max;
  if (is_full) {
    stats.connections_refused.fetch_add(1, std::memory_order_relaxed);
    if (turned_away_.load(std::memory_order_relaxed) >= turned_away_max)
      return;
    turned_away_.fetch_add(1, std::memory_order_relaxed);
  } else {
    stats.connections_open.fetch_add(1, std::memory_order_relaxed);
  }
  asio::post(target.context(), [this, is_full, &target, s = std::move(socket)]() mutable {
    auto self = std::make_unique<session>(edge_, target, std::move(s));
    const auto ended = [this, is_full](std::exception_ptr thrown) {
      if (is_full)
        turned_away_.fetch_sub(1, std::memory_order_relaxed);
      if (!thrown)
        return;
      try {
        std::rethrow_exception(thrown);
      } catch (const std::exception& e) {
        log(log_level::error, "connection ended by a bug", {{"why", e.what()}});
      }
    };
    auto life = is_full ? session::turn_away(std::move(self)) : session::run(std::move(self));
    asio::co_spawn(target.context(), std::move(life), ended);
  });
}

void threaded_server::drain() {
  asio::post(lanes_.front()->context(), [this] {
    is_draining_ = true;
    error_code ignored;
    acceptor_->close(ignored);
    pause_->cancel();
  });
  const auto until = std::chrono::steady_clock::now() + milliseconds(edge_.http.drain_ms);
  for (auto& l : lanes_)
    l->drain(until);
  for (auto& l : lanes_)
    l->join();
}

} // namespace

result<std::unique_ptr<server>> server::listen(const settings& s, const clock& time,
                                               std::vector<route> routes, authenticate auth) {
  auto made = std::make_unique<threaded_server>(s, time, std::move(routes), std::move(auth));
  if (const auto bound = made->bind(s.listen); !bound)
    return bound.error();
  return std::unique_ptr<server>(std::move(made));
}

} // namespace dossier

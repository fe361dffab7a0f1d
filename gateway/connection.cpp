// SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <sys/sendfile.h>
#include <sys/socket.h>

namespace dossier {

namespace {

using boost::system::error_code;

// So much of a file goes out before other connections of the thread have their turn.
constexpr std::size_t file_turn_bytes = 1'048'576;

bool is_not_ready() {
  return errno == EAGAIN || errno == EWOULDBLOCK;
}

} // namespace

connection::connection(tcp::socket socket, http_stats& stats, std::uint32_t rest_ms)
  : socket_(std::move(socket))
  , stats_(stats)
  , rest_(milliseconds(rest_ms)) {
  error_code ignored;
  socket_.native_non_blocking(true, ignored);
  socket_.set_option(tcp::no_delay(true), ignored);
  rest();
}

awaitable<io_status> connection::wait(tcp::socket::wait_type what, patience& p) {
  const auto begin = std::chrono::steady_clock::now();
  deadline_ = begin + p.left();
  is_too_slow_ = false;
  if (p.left() <= steady_duration::zero()) {
    miss_deadline();
    co_return io_status::too_slow;
  }
  is_waiting_ = true;
  error_code error;
  co_await socket_.async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  is_waiting_ = false;
  const auto end = std::chrono::steady_clock::now();
  p.waited(end - begin);
  deadline_ = end + rest_;
  if (is_too_slow_)
    co_return io_status::too_slow;
  co_return error ? io_status::failed : io_status::ok;
}

awaitable<io_status> connection::wait_idle(patience& p) {
  is_idle_ = true;
  const auto status = co_await wait(tcp::socket::wait_read, p);
  is_idle_ = false;
  co_return status;
}

awaitable<received> connection::receive(std::span<char> into, patience& p) {
  for (;;) {
    const auto got = ::recv(socket_.native_handle(), into.data(), into.size(), 0);
    if (got > 0) {
      const auto bytes = static_cast<std::size_t>(got);
      stats_.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
      p.moved(bytes);
      co_return received{io_status::ok, bytes};
    }
    if (got == 0)
      co_return received{io_status::ended, 0};
    if (errno == EINTR)
      continue;
    if (!is_not_ready())
      co_return received{io_status::failed, 0};
    const auto status = co_await wait(tcp::socket::wait_read, p);
    if (status != io_status::ok)
      co_return received{status, 0};
  }
}

std::size_t connection::count_out(std::size_t bytes, patience& p) {
  stats_.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
  p.moved(bytes);
  return bytes;
}

awaitable<io_status> connection::send(std::string_view first, std::string_view second,
                                      bool is_more_coming, patience& p) {
  while (!first.empty() || !second.empty()) {
    std::array<iovec, 2> pieces{iovec{const_cast<char*>(first.data()), first.size()},
                                iovec{const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = pieces.data();
    message.msg_iovlen = second.empty() ? 1 : 2;
    const auto sent = ::sendmsg(socket_.native_handle(), &message,
                                MSG_NOSIGNAL | (is_more_coming ? MSG_MORE : 0));
    if (sent >= 0) {
      const auto bytes = count_out(static_cast<std::size_t>(sent), p);
      const auto of_first = std::min(bytes, first.size());
      first.remove_prefix(of_first);
      second.remove_prefix(bytes - of_first);
      continue;
    }
    if (errno == EINTR)
      continue;
    if (!is_not_ready())
      co_return io_status::failed;
    const auto status = co_await wait(tcp::socket::wait_write, p);
    if (status != io_status::ok)
      co_return status;
  }
  co_return io_status::ok;
}

awaitable<io_status> connection::send_file(int descriptor, std::uint64_t offset,
                                           std::uint64_t size_bytes, patience& p) {
  auto place = static_cast<off_t>(offset);
  auto turn = file_turn_bytes;
  while (size_bytes > 0) {
    const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(size_bytes, turn));
    const auto sent = ::sendfile(socket_.native_handle(), descriptor, &place, wanted);
    if (sent > 0) {
      const auto bytes = count_out(static_cast<std::size_t>(sent), p);
      size_bytes -= bytes;
      turn -= bytes;
      if (turn == 0) {
        turn = file_turn_bytes;
        rest();
        co_await asio::post(socket_.get_executor(), asio::use_awaitable);
      }
      continue;
    }
    if (sent < 0 && errno == EINTR)
      continue;
    // 0 is the end of a file that is shorter than it was said to be.
    if (sent == 0 || !is_not_ready())
      co_return io_status::failed;
    turn = file_turn_bytes;
    const auto status = co_await wait(tcp::socket::wait_write, p);
    if (status != io_status::ok)
      co_return status;
  }
  co_return io_status::ok;
}

void connection::miss_deadline() {
  is_too_slow_ = true;
  if (!is_idle_)
    stats_.deadlines_missed.fetch_add(1, std::memory_order_relaxed);
}

void connection::check(steady_time now) {
  if (now < deadline_ || is_too_slow_)
    return;
  miss_deadline();
  error_code ignored;
  // Nobody waits: a handler has overrun its time. It cannot be called off, but its peer can be let
  // go.
  if (is_waiting_)
    socket_.cancel(ignored);
  else
    socket_.close(ignored);
}

void connection::drain() {
  error_code ignored;
  if (is_idle_)
    socket_.cancel(ignored);
}

void connection::close() {
  error_code ignored;
  socket_.close(ignored);
}

void connection::shut_down_sending() {
  is_idle_ = true;
  error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

std::string connection::remote_address() const {
  error_code error;
  const auto peer = socket_.remote_endpoint(error);
  return error ? std::string() : peer.address().to_string();
}

} // namespace dossier

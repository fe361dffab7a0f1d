// SPDX-License-Identifier: Apache-2.0
// One peer's socket and its deadline. Waiting is the only thing that suspends; a deadline is a
// plain member that the thread's tick compares, so setting one costs an assignment.
#pragma once

#include "gateway/net.hpp"
#include "gateway/patience.hpp"
#include "gateway/server.hpp"

#include <boost/intrusive/list_hook.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace dossier {

enum class io_status : std::uint8_t {
  ok,
  ended,    ///< The peer will send no more.
  too_slow, ///< Its patience ran out.
  failed,   ///< The socket is of no use any more, or a drain ended an idle connection.
};

struct received {
  io_status status = io_status::ok;
  std::size_t bytes = 0; ///< At least 1 with io_status::ok.
};

/// All calls on the thread of the socket's io_context.
class connection : public boost::intrusive::list_base_hook<
                     boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
public:
  /// `rest_ms`: how long it may be before it waits for its peer again, which is how long a handler
  /// has.
  connection(tcp::socket socket, http_stats& stats, std::uint32_t rest_ms);

  /// Waits until the socket is readable or writable. Too slow wins over ready.
  awaitable<io_status> wait(tcp::socket::wait_type what, patience& p);
  /// As wait() for reading, but a drain may end it at once.
  awaitable<io_status> wait_idle(patience& p);

  /// Receives what is there, waiting for the first byte.
  awaitable<received> receive(std::span<char> into, patience& p);
  /// Sends all of both; `is_more_coming` lets the kernel hold a partial segment back.
  awaitable<io_status> send(std::string_view first, std::string_view second, bool is_more_coming,
                            patience& p);
  /// Sends a piece of a file, straight from the page cache.
  awaitable<io_status> send_file(int descriptor, std::uint64_t offset, std::uint64_t size_bytes,
                                 patience& p);

  /// Starts the time that a handler has until it waits for the peer or is done.
  void rest() { deadline_ = std::chrono::steady_clock::now() + rest_; }
  /// Called by the tick.
  void check(steady_time now);
  /// Called when the server starts to drain: ends the connection if it is idle.
  void drain();
  /// Ends it at once; whoever waits sees io_status::failed.
  void close();
  /// Tells the peer that nothing follows. After that nothing is expected of it, so it is idle.
  void shut_down_sending();

  std::string remote_address() const;

private:
  void miss_deadline();
  std::size_t count_out(std::size_t bytes, patience& p);

  tcp::socket socket_;
  http_stats& stats_;
  const steady_duration rest_;
  steady_time deadline_;
  bool is_waiting_ = false;
  bool is_idle_ = false; ///< A drain may end it, and its silence is not held against it.
  bool is_too_slow_ = false;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// One thread of the server with everything its connections use, so that no request crosses a thread
// or takes a lock on its way through the edge.
#pragma once

#include "gateway/connection.hpp"
#include "gateway/edge.hpp"
#include "gateway/net.hpp"
#include "gateway/read_buffer.hpp"

#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace dossier {

class lane {
public:
  lane(edge& shared, std::uint32_t number);
  ~lane();
  lane(const lane&) = delete;
  lane& operator=(const lane&) = delete;

  void start();
  /// Any thread: no idle connection stays, others may finish until `until` and are closed then. The
  /// thread ends when the last of them is gone, a moment after `until` at the latest.
  void drain(steady_time until);
  void join();
  /// Ends the thread as it is. Any thread but this.
  void stop();

  asio::io_context& context() { return context_; }

  // For sessions, on this thread.

  void add(connection& c) { connections_.push_back(c); }
  /// After a connection was destroyed.
  void removed();
  buffer_pool& buffers() { return buffers_; }
  /// A string to format a response in; give it back, so that its memory serves the next one.
  std::string take_text();
  void give_text(std::string text);
  /// Now, as the Date field says it; at most a tick old.
  std::string_view http_date() const { return http_date_; }
  /// A fresh request id, written over `into`.
  void name_request(std::string& into);
  bool is_draining() const { return is_draining_; }

private:
  void tick();
  void wait_for_tick();

  edge& edge_;
  buffer_pool buffers_;
  boost::intrusive::list<connection, boost::intrusive::constant_time_size<false>> connections_;
  std::vector<std::string> texts_;
  std::string http_date_;
  timestamp dated_at_{};
  std::string id_prefix_;
  std::uint64_t next_id_ = 0;
  bool is_draining_ = false;
  steady_time drain_until_;
  // Destroying the context destroys sessions that never finished, which use what stands above.
  asio::io_context context_{1};
  asio::steady_timer ticker_{context_};
  std::thread thread_;
};

} // namespace dossier

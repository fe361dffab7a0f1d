// SPDX-License-Identifier: Apache-2.0
// The HTTP server: threads, each with its own io_context and its own connections, one acceptor that
// deals connections out, and the limits that hold for all of them together.
#pragma once

#include "config/settings.hpp"
#include "gateway/http.hpp"
#include "protocol/time.hpp"

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace dossier {

/// Turns a request's fields into a principal; a failure is unauthenticated. Must not block.
/// Thread-safe.
using authenticate = std::function<result<principal>(const request&)>;

/// Counted by the sessions, read by /metrics.
struct http_stats {
  std::atomic<std::uint64_t> connections_accepted{0};
  std::atomic<std::uint64_t> connections_open{0};
  std::atomic<std::uint64_t> connections_refused{0}; ///< Above http.connections_max: 503, closed.
  std::atomic<std::uint64_t> requests_in_flight{0};
  std::atomic<std::uint64_t> requests_shed{0};      ///< Above http.in_flight_max: 503.
  std::atomic<std::uint64_t> requests_malformed{0}; ///< Refused by the request guard.
  std::atomic<std::uint64_t> deadlines_missed{0};   ///< Closed because the peer was too slow.
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> bytes_out{0};
  std::atomic<std::uint64_t> responses_by_class[6] = {}; ///< [2] counts 2xx, and so on.
};

/// Destroy it after the core: handlers that overran a drain may still be waited for there, and
/// their answers must find the threads' queues.
class server {
public:
  virtual ~server() = default;
  /// Listens at once (so the port is known and bind errors are seen); accepts after start().
  static result<std::unique_ptr<server>> listen(const settings& s, const clock& time,
                                                std::vector<route> routes, authenticate auth);
  virtual void start() = 0;
  /// Stops accepting, lets requests in flight finish for http.drain_ms, closes idle connections at
  /// once and all others then, joins the threads. Call once, not from a server thread.
  virtual void drain() = 0;
  virtual std::uint16_t port() const = 0;
  virtual const http_stats& stats() const = 0;
  /// The table that is served, for the OpenAPI test.
  virtual const std::vector<route>& routes() const = 0;
};

} // namespace dossier

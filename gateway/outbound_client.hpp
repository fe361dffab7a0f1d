// SPDX-License-Identifier: Apache-2.0
// Calls to the outside over HTTP/1.1 and TLS, on a thread of its own. It follows no redirect, keeps
// no connection and no cookie, uses no proxy, and reads no more of an answer than it has to.
#pragma once

#include "actors/outbound.hpp"
#include "config/settings.hpp"
#include "gateway/name_lookup.hpp"
#include "gateway/outbound_attempt.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <thread>

namespace dossier {

/// Read by metrics.
struct outbound_stats {
  std::atomic<std::uint64_t> calls{0};    ///< Since the start.
  std::atomic<std::uint64_t> failures{0}; ///< Those of them without an answer.
  std::atomic<std::uint64_t> open{0};     ///< Under way now.
  std::atomic<std::uint64_t> waiting{0};  ///< For one of those to end.
};

class outbound_client final : public outbound {
public:
  /// unavailable if webhooks.ca_file cannot be read. `time` outlives the client; `look_up` is
  /// called on threads of its own.
  static result<std::unique_ptr<outbound_client>> start(const webhook_settings& settings,
                                                        const clock& time,
                                                        look_up_function look_up = look_up_name);
  ~outbound_client() override;

  /// Under way are at most webhooks.connections_max calls, in order of arrival; at most
  /// webhooks.calls_waiting_max wait, which counts towards their deadline.
  void call(outbound_request what, called done) override;
  /// Breaks off what is under way and forgets it; later calls are forgotten. Waits for a look-up
  /// that the system's resolver has begun. No thread may be inside of call().
  void stop();

  const outbound_stats& stats() const { return stats_; }

private:
  struct pending_call {
    outbound_request what;
    called done;
    steady_time until;
  };

  outbound_client(const webhook_settings& settings, const clock& time, look_up_function look_up);
  void begin(std::shared_ptr<pending_call> next);
  void begin_what_may();
  void finish(const pending_call& ended, result<outbound_answer> answer);

  const webhook_settings settings_;
  outbound_stats stats_;
  asio::ssl::context tls_{asio::ssl::context::tls_client};
  std::optional<asio::thread_pool> lookups_;
  outbound_parts parts_;
  std::deque<std::shared_ptr<pending_call>> waiting_; ///< On the client's thread only.
  std::atomic<std::uint64_t> held_{0};                ///< Under way or waiting.
  std::atomic<bool> is_stopped_{false};
  std::unique_ptr<asio::io_context> context_;
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work_;
  std::thread thread_;
};

} // namespace dossier

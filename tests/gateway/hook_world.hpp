// SPDX-License-Identifier: Apache-2.0
// The edge with its core, and a receiver on the loopback interface that webhooks deliver to.
#pragma once

#include "tests/gateway/edge_world.hpp"
#include "tests/gateway/receiver.hpp"

#include <nlohmann/json_fwd.hpp>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace dossier::test {

/// Everything quick, and destinations on the loopback interface allowed.
settings hook_settings(bool handshake);

/// Notes every POST; answers what it is told to.
class hook_server {
public:
  std::uint16_t port() const { return server_.port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()) + "/hook"; }

  void answer_with(unsigned status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
  }
  void agree_to(std::string origin) {
    const std::lock_guard lock(mutex_);
    origin_ = std::move(origin);
  }
  /// Waits until so many were answered 2xx; false after 20 s.
  bool wait_for(std::size_t taken) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] { return taken_.size() >= taken; });
  }
  bool wait_for_posts(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds{20}, [&] { return posts_ >= count; });
  }
  std::vector<received_request> taken() {
    const std::lock_guard lock(mutex_);
    return taken_;
  }
  std::vector<received_request> handshakes() {
    const std::lock_guard lock(mutex_);
    return handshakes_;
  }

private:
  void serve(receiver::connection& c);

  std::mutex mutex_;
  std::condition_variable changed_;
  unsigned status_ = 200;
  std::string origin_ = "*";
  std::size_t posts_ = 0;
  std::vector<received_request> taken_;
  std::vector<received_request> handshakes_;
  receiver server_{[this](receiver::connection& c) {
    serve(c);
  }};
};

struct hook_world : edge_world {
  explicit hook_world(bool handshake = false)
    : hook_world(hook_settings(handshake)) {}
  explicit hook_world(settings s)
    : edge_world(std::move(s)) {}

  /// The answer to a webhook that is made with these members besides.
  nlohmann::json make(const std::string& url, const std::string& more = R"(,"customerId":"acme")");
  nlohmann::json read(const std::string& id);
  /// Asks until it is so; fails after 20 s.
  void await(const std::function<bool()>& is_so);
  void await_status(const std::string& id, const std::string& status);
  /// A document that is changed `times` times: times + 1 events.
  std::string live(int times, const std::string& customer = "acme");

  hook_server there;
};

} // namespace dossier::test

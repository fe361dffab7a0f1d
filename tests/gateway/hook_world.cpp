// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/hook_world.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>

namespace dossier::test {

settings hook_settings(bool handshake) {
  auto s = edge_world::small_settings();
  s.webhooks.private_destinations = true;
  s.webhooks.handshake = handshake;
  s.webhooks.attempts_max = 100;
  s.webhooks.retry_ms_min = 10;
  s.webhooks.retry_ms_max = 20;
  s.webhooks.breaker_open_ms = 300;
  s.webhooks.attempt_ms_max = 2'000;
  return s;
}

void hook_server::serve(receiver::connection& c) {
  const auto request = c.read();
  if (!request)
    return;
  std::string head;
  {
    const std::lock_guard lock(mutex_);
    if (request->line.starts_with("OPTIONS ")) {
      handshakes_.push_back(*request);
      head = "HTTP/1.1 200 OK\r\n"
             + (origin_.empty() ? "" : "WebHook-Allowed-Origin: " + origin_ + "\r\n");
    } else {
      ++posts_;
      head = "HTTP/1.1 " + std::to_string(status_) + " Told\r\n";
      if (status_ < 300)
        taken_.push_back(*request);
    }
  }
  c.send(head + "Content-Length: 0\r\n\r\n");
  changed_.notify_all();
}

nlohmann::json hook_world::make(const std::string& url, const std::string& more) {
  const auto made = send({verb::post, "/api/webhooks", {}, R"({"url":")" + url + '"' + more + '}'});
  BOOST_REQUIRE_MESSAGE(made.status == 201, made.body);
  return json_of(made);
}

nlohmann::json hook_world::read(const std::string& id) {
  return json_of(send({verb::get, "/api/webhooks/" + id}));
}

void hook_world::await(const std::function<bool()>& is_so) {
  const auto until = std::chrono::steady_clock::now() + seconds{20};
  while (!is_so()) {
    BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
    std::this_thread::sleep_for(milliseconds{10});
  }
}

void hook_world::await_status(const std::string& id, const std::string& status) {
  await([&] { return read(id)["status"] == status; });
}

std::string hook_world::live(int times, const std::string& customer) {
  const auto id = create(R"({"documentType":"invoice","fileName":"a.pdf"})", customer).id;
  for (int i = 0; i < times; ++i) {
    const auto body = R"({"expiryDate":")" + to_rfc3339(time.now() + seconds{1'000 + i}) + R"("})";
    const auto changed = send({verb::patch, "/api/documents/" + id, {{"If-Match", "*"}}, body});
    BOOST_REQUIRE_MESSAGE(changed.status == 200, changed.body);
  }
  return id;
}

} // namespace dossier::test

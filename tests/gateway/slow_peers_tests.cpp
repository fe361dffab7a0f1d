// SPDX-License-Identifier: Apache-2.0
// Peers that are slow or silent: each is waited for until its deadline and no longer.
#include "tests/gateway/client.hpp"
#include "tests/gateway/loopback.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>

using namespace dossier;
using namespace dossier::test;
using namespace std::string_literals;

BOOST_AUTO_TEST_SUITE(slow_peers_tests)

BOOST_AUTO_TEST_CASE(a_head_that_dribbles_in_is_ended_at_its_deadline) {
  served s;
  client peer(s.port());
  // Each byte comes in time after the one before it: only a deadline of the whole head ends this.
  const auto head = get("/hello", "X-Long: " + std::string(2'000, 'x') + "\r\n");
  const auto begin = std::chrono::steady_clock::now();
  asio::io_context context;
  for (const char byte : head) {
    if (!peer.send({&byte, 1}))
      break;
    asio::steady_timer(context, milliseconds(5)).wait();
    if (std::chrono::steady_clock::now() - begin > seconds(3))
      break;
  }
  BOOST_TEST(peer.receive().status == 408u);
  BOOST_TEST(peer.is_ended());
  BOOST_TEST((std::chrono::steady_clock::now() - begin < seconds(10)));
  // One who goes on dribbling after the answer misses the deadline of the farewell too.
  BOOST_TEST(s.server().stats().deadlines_missed >= 1u);
}

BOOST_AUTO_TEST_CASE(a_head_that_stops_is_ended_at_its_deadline) {
  served s;
  client peer(s.port());
  peer.send("GET / HTTP/1.1\r\nHost: te");
  BOOST_TEST(peer.receive().status == 408u);
  BOOST_TEST(peer.is_ended());
}

BOOST_AUTO_TEST_CASE(a_body_that_stops_is_ended_at_its_deadline) {
  served s;
  for (const auto& bytes :
       {"PUT /content HTTP/1.1\r\nHost: test\r\nContent-Length: 1000\r\n\r\nhello"s,
        "PUT /content HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"s,
        "POST /echo HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
        "Content-Length: 9\r\n\r\n{"s}) {
    client peer(s.port());
    peer.send(bytes);
    BOOST_TEST(peer.receive().status == 408u, bytes);
    BOOST_TEST(peer.is_ended());
  }
}

BOOST_AUTO_TEST_CASE(a_reader_that_does_not_read_is_closed) {
  served s;
  for (const auto path : {"/large", "/file"}) {
    client peer(s.port(), 4'096);
    const auto before = s.server().stats().deadlines_missed.load();
    peer.send(get(path));
    // The server gives up by itself; nothing is read before it has.
    asio::io_context context;
    for (int i = 0; i < 1'000 && s.server().stats().deadlines_missed == before; ++i)
      asio::steady_timer(context, milliseconds(10)).wait();
    BOOST_TEST(s.server().stats().deadlines_missed == before + 1, path);
    const auto bytes = peer.read_to_end();
    BOOST_REQUIRE_MESSAGE(bytes.has_value(), path);
    BOOST_TEST(*bytes < file_bytes);
  }
}

BOOST_AUTO_TEST_CASE(an_idle_connection_is_ended_without_a_word) {
  auto settings = quick_settings();
  settings.http.idle_deadline_ms = 300;
  served s(settings);
  client peer(s.port());
  BOOST_TEST(peer.is_ended());
  client other(s.port());
  other.send(get("/hello"));
  BOOST_TEST(other.receive().status == 200u);
  BOOST_TEST(other.is_ended());
}

BOOST_AUTO_TEST_SUITE_END()

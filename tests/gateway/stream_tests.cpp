// SPDX-License-Identifier: Apache-2.0
// Bodies that are made while they are sent, over a socket.
#include "tests/gateway/client.hpp"
#include "tests/gateway/loopback.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace dossier;
using namespace dossier::test;

BOOST_AUTO_TEST_SUITE(stream_tests)

BOOST_AUTO_TEST_CASE(a_stream_is_sent_in_chunks_and_the_connection_stays) {
  served s;
  client peer(s.port());
  peer.send(get("/streams/3") + get("/hello"));
  const auto head = peer.receive();
  BOOST_TEST(head.status == 200u);
  BOOST_TEST(head.field("transfer-encoding") == "chunked");
  BOOST_TEST(head.field("content-length") == "");
  BOOST_TEST(peer.receive_chunks().value() == "1.2.3.");
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_stream_without_pieces_is_an_empty_body) {
  served s;
  client peer(s.port());
  peer.send(get("/streams/0"));
  BOOST_TEST(peer.receive().status == 200u);
  BOOST_TEST(peer.receive_chunks().value() == "");
}

BOOST_AUTO_TEST_CASE(a_long_stream_arrives_whole) {
  served s;
  client peer(s.port());
  peer.send(get("/streams/20000"));
  peer.receive();
  const auto body = peer.receive_chunks().value();
  BOOST_TEST(body.ends_with("19999.20000."));
  BOOST_TEST(std::count(body.begin(), body.end(), '.') == 20'000);
}

BOOST_AUTO_TEST_CASE(
  an_old_client_gets_it_without_chunks_and_the_end_of_the_connection_as_its_end) {
  served s;
  client peer(s.port());
  peer.send("GET /streams/3 HTTP/1.0\r\n\r\n");
  const auto head = peer.receive();
  BOOST_TEST(head.field("transfer-encoding") == "");
  BOOST_TEST(head.field("connection") == "close");
  BOOST_TEST(peer.receive_rest() == "1.2.3.");
}

BOOST_AUTO_TEST_CASE(a_stream_that_fails_ends_the_connection_before_its_last_chunk) {
  served s;
  for (const auto* how : {"fails", "throws"}) {
    client peer(s.port());
    peer.send(get("/streams/5?" + std::string{how} + "=1") + get("/hello"));
    BOOST_TEST(peer.receive().status == 200u);
    BOOST_TEST(peer.receive_rest() == "2\r\n1.\r\n2\r\n2.\r\n");
  }
}

BOOST_AUTO_TEST_CASE(head_asks_for_no_piece) {
  served s;
  client peer(s.port());
  peer.send("HEAD /streams/3 HTTP/1.1\r\nHost: a\r\n\r\n" + get("/hello"));
  BOOST_TEST(peer.receive(true).status == 200u);
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_listener_that_goes_away_costs_nobody_anything) {
  served s;
  {
    client gone(s.port(), 4'096);
    gone.send(get("/streams/100000000"));
    gone.receive();
  }
  client peer(s.port());
  peer.send(get("/hello"));
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_SUITE_END()

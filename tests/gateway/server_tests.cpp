// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/client.hpp"
#include "tests/gateway/loopback.hpp"

#include "gateway/read_buffer.hpp"
#include "gateway/response_writer.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <thread>

using namespace dossier;
using namespace dossier::test;
using namespace std::string_literals;

namespace server_tests {

std::string post(const std::string& fields, const std::string& body,
                 const std::string& type = "Content-Type: application/json\r\n") {
  return "POST /echo HTTP/1.1\r\nHost: test\r\n" + type + fields
         + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

received_answer ask(const served& s, const std::string& bytes, bool is_head = false) {
  client peer(s.port());
  peer.send(bytes);
  return peer.receive(is_head);
}

} // namespace server_tests

BOOST_AUTO_TEST_SUITE(server_tests)

BOOST_AUTO_TEST_CASE(a_request_is_answered_with_all_that_a_response_needs) {
  served s;
  const auto reply = ask(s, get("/hello"));
  BOOST_TEST(reply.status == 200u);
  BOOST_TEST(reply.body == "hello");
  BOOST_TEST(reply.field("content-length") == "5");
  BOOST_TEST(reply.field("content-type") == "text/plain");
  BOOST_TEST(reply.field("x-content-type-options") == "nosniff");
  BOOST_TEST(reply.field("cache-control") == "no-store");
  BOOST_TEST(parse_http_date(reply.field("date")).has_value());
  BOOST_TEST(!reply.field("x-request-id").empty());
  BOOST_TEST(reply.field("server") == "");
}

BOOST_AUTO_TEST_CASE(a_sane_request_id_is_kept_and_others_are_replaced) {
  served s;
  BOOST_TEST(ask(s, get("/hello", "X-Request-Id: abc-1\r\n")).field("x-request-id") == "abc-1");
  for (const auto& id : {"a b"s, "a;b"s, ""s, std::string(65, 'a')})
    BOOST_TEST(ask(s, get("/hello", "X-Request-Id: " + id + "\r\n")).field("x-request-id") != id);
}

BOOST_AUTO_TEST_CASE(one_connection_serves_many_requests) {
  served s;
  client peer(s.port());
  for (int i = 1; i <= 50; ++i) {
    peer.send(get("/canary"));
    BOOST_TEST(peer.receive().body == std::to_string(i));
  }
  BOOST_TEST(s.server().stats().connections_accepted == 1u);
}

BOOST_AUTO_TEST_CASE(pipelined_requests_are_answered_in_order) {
  served s;
  client peer(s.port());
  std::string bytes;
  for (int i = 0; i < 500; ++i)
    bytes += i % 3 == 2 ? post("", std::to_string(i)) : get("/things/" + std::to_string(i));
  std::thread sender([&] { peer.send(bytes); });
  for (int i = 0; i < 500; ++i)
    BOOST_TEST(peer.receive().body == std::to_string(i) + (i % 3 == 2 ? "" : "?"));
  sender.join();
}

BOOST_AUTO_TEST_CASE(a_client_that_asks_for_the_end_gets_it) {
  served s;
  client peer(s.port());
  peer.send(get("/hello", "Connection: close\r\n") + get("/canary"));
  BOOST_TEST(peer.receive().field("connection") == "close");
  BOOST_TEST(peer.is_ended());
  BOOST_TEST(s.canaries() == 0);
  client old(s.port());
  old.send("GET /hello HTTP/1.0\r\n\r\n");
  BOOST_TEST(old.receive().body == "hello");
  BOOST_TEST(old.is_ended());
}

BOOST_AUTO_TEST_CASE(a_connection_has_a_last_request) {
  auto settings = quick_settings();
  settings.http.requests_per_connection_max = 2;
  served s(settings);
  client peer(s.port());
  peer.send(get("/hello") + get("/hello") + get("/canary"));
  BOOST_TEST(peer.receive().field("connection") == "");
  BOOST_TEST(peer.receive().field("connection") == "close");
  BOOST_TEST(peer.is_ended());
  BOOST_TEST(s.canaries() == 0);
}

BOOST_AUTO_TEST_CASE(head_is_get_without_the_body) {
  served s;
  client peer(s.port());
  peer.send("HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /file HTTP/1.1\r\nHost: a\r\n\r\n"
            "HEAD /none HTTP/1.1\r\nHost: a\r\n\r\n"
            + get("/hello"));
  BOOST_TEST(peer.receive(true).field("content-length") == "5");
  BOOST_TEST(peer.receive(true).field("content-length")
             == std::to_string(6 + 20 + 7 + file_bytes + 3));
  BOOST_TEST(peer.receive(true).status == 404u);
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_json_body_reaches_its_route_however_it_is_framed) {
  served s;
  client peer(s.port());
  peer.send(post("", "{\"a\":1}"));
  BOOST_TEST(peer.receive().body == "{\"a\":1}");
  peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n2\r\n{\"\r\n5\r\na\":1}\r\n0\r\n\r\n"
            + get("/hello"));
  BOOST_TEST(peer.receive().body == "{\"a\":1}");
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_large_body_streams_however_it_is_framed) {
  served s;
  client peer(s.port());
  const std::string body(1'000'000, 'b');
  peer.send("PUT /content HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + body);
  BOOST_TEST(peer.receive().body == "1000000");
  std::string chunked = "PUT /content HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  for (int i = 0; i < 1'000; ++i)
    chunked += "3e7\r\n" + body.substr(0, 999) + "\r\n1\r\nx\r\n";
  peer.send(chunked + "0\r\n\r\n" + get("/hello"));
  BOOST_TEST(peer.receive().body == "1000000");
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(continue_is_said_just_before_the_body_is_read) {
  served s;
  client peer(s.port());
  peer.send(
    "PUT /content HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  BOOST_TEST(peer.receive().status == 100u);
  peer.send("hello" + get("/hello"));
  BOOST_TEST(peer.receive().body == "5");
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_refused_body_is_not_asked_for) {
  served s;
  const auto expect = "Expect: 100-continue\r\n\r\n"s;
  for (const auto& [bytes, status] : std::vector<std::pair<std::string, unsigned>>{
         {"PUT /content HTTP/1.1\r\nHost: a\r\nContent-Length: 9999999\r\n", 413},
         {"PUT /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n", 404},
         {"PUT /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n", 200}}) {
    client peer(s.port());
    peer.send(bytes + expect);
    const auto reply = peer.receive();
    BOOST_TEST(reply.status == status, bytes);
    BOOST_TEST(reply.field("connection") == "close");
    BOOST_TEST(peer.is_ended());
  }
}

BOOST_AUTO_TEST_CASE(a_body_above_its_limit_is_refused_without_being_read) {
  served s;
  client peer(s.port());
  peer.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            "Content-Length: 1025\r\n\r\n");
  BOOST_TEST(peer.receive().status == 413u);
  BOOST_TEST(peer.is_ended());
  BOOST_TEST(ask(s, post("", std::string(1'024, '1'))).status == 200u);
}

BOOST_AUTO_TEST_CASE(a_body_nobody_read_does_not_become_a_request) {
  served s;
  client peer(s.port());
  const auto smuggled = get("/canary");
  const auto fields = "Host: a\r\nContent-Length: " + std::to_string(smuggled.size()) + "\r\n\r\n";
  peer.send("PUT /ignored HTTP/1.1\r\n" + fields + smuggled + get("/hello"));
  BOOST_TEST(peer.receive().body == "ignored");
  BOOST_TEST(peer.receive().body == "hello");
  peer.send("PUT /nowhere HTTP/1.1\r\n" + fields + smuggled + get("/hello"));
  BOOST_TEST(peer.receive().status == 404u);
  BOOST_TEST(peer.receive().body == "hello");
  peer.send("PUT /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: 65537\r\n\r\n" + smuggled);
  BOOST_TEST(peer.receive().field("connection") == "close");
  BOOST_TEST(peer.is_ended());
  BOOST_TEST(s.canaries() == 0);
}

BOOST_AUTO_TEST_CASE(json_is_what_a_json_route_takes) {
  served s;
  for (const auto& type :
       {""s, "text/plain"s, "application/jsonx"s, "application/json; charset=latin1"s,
        "application/+json"s, "text/json"s, "application/json, text/plain"s})
    BOOST_TEST(ask(s, post("", "{}", type.empty() ? "" : "Content-Type: " + type + "\r\n")).status
                 == 415u,
               type);
  BOOST_TEST(ask(s, post("Content-Encoding: gzip\r\n", "{}")).status == 415u);
  BOOST_TEST(ask(s, post("Content-Encoding: identity\r\n", "{}")).status == 200u);
}

BOOST_AUTO_TEST_CASE(a_path_without_the_verb_says_what_it_allows) {
  served s;
  const auto wrong = ask(s, "POST /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(wrong.status == 405u);
  BOOST_TEST(wrong.field("allow") == "GET, HEAD, DELETE, OPTIONS");
  const auto options = ask(s, "OPTIONS /hello HTTP/1.1\r\nHost: a\r\n\r\n");
  BOOST_TEST(options.status == 204u);
  BOOST_TEST(options.field("allow") == "GET, HEAD, DELETE, OPTIONS");
  BOOST_TEST(options.field("content-length") == "");
  BOOST_TEST(ask(s, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n").status == 204u);
  BOOST_TEST(ask(s, get("/none")).status == 404u);
  BOOST_TEST(ask(s, get("/hello/")).status == 404u);
}

BOOST_AUTO_TEST_CASE(parameters_are_decoded_and_signed_targets_are_not) {
  served s;
  BOOST_TEST(ask(s, get("/things/a%20b?q=%C3%A4+")).body == "a b?\xc3\xa4+");
  BOOST_TEST(ask(s, get("/signed?sig=%zz&a=%41")).body == "/signed?sig=%zz&a=%41");
  const auto bad = nlohmann::json::parse(ask(s, get("/things/a?q=%zz")).body);
  BOOST_TEST(bad["status"] == 400);
  BOOST_TEST(bad["pointer"] == "q");
}

BOOST_AUTO_TEST_CASE(keys_are_asked_for_where_they_are_needed) {
  served s;
  const auto nobody = ask(s, get("/key"));
  BOOST_TEST(nobody.status == 401u);
  BOOST_TEST(nobody.field("www-authenticate") == "Bearer");
  BOOST_TEST(ask(s, get("/key", "x-functions-key: me\r\n")).body == "me");
  BOOST_TEST(ask(s, get("/admin", "x-functions-key: me\r\n")).status == 403u);
  BOOST_TEST(ask(s, get("/admin", "x-functions-key: boss\r\n")).body == "yes");
}

BOOST_AUTO_TEST_CASE(a_route_that_throws_is_an_internal_error_and_nothing_more) {
  served s;
  client peer(s.port());
  peer.send(get("/throws") + get("/split") + get("/hello"));
  const auto thrown = peer.receive();
  BOOST_TEST(thrown.status == 500u);
  BOOST_TEST(thrown.body.find("planted") == std::string::npos);
  const auto split = peer.receive();
  BOOST_TEST(split.status == 500u);
  BOOST_TEST(split.field("set-cookie") == "");
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(a_file_is_sent_slice_by_slice) {
  served s;
  client peer(s.port());
  peer.send(get("/file") + get("/hello"));
  const auto body = peer.receive().body;
  BOOST_REQUIRE(body.size() == 6 + 20 + 7 + file_bytes + 3);
  BOOST_TEST(body.substr(0, 6) == "first:");
  BOOST_TEST(body.substr(26, 7) == "second:");
  BOOST_TEST(body.substr(body.size() - 3) == "end");
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < 20; ++i)
    wrong += static_cast<unsigned char>(body[6 + i]) != (10 + i) % 251 ? 1 : 0;
  for (std::size_t i = 0; i < file_bytes; ++i)
    wrong += static_cast<unsigned char>(body[33 + i]) != i % 251 ? 1 : 0;
  BOOST_TEST(wrong == 0u);
  BOOST_TEST(peer.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(above_the_requests_in_flight_the_next_is_told_to_come_back) {
  auto settings = quick_settings();
  settings.http.in_flight_max = 2;
  settings.http.retry_after_s = 3;
  served s(settings);
  client first(s.port());
  client second(s.port());
  client third(s.port());
  first.send(get("/wait"));
  second.send(get("/wait"));
  BOOST_REQUIRE(s.waiters().await_waiting(2));
  third.send(get("/hello"));
  const auto shed = third.receive();
  BOOST_TEST(shed.status == 503u);
  BOOST_TEST(shed.field("retry-after") == "3");
  BOOST_TEST(s.server().stats().requests_shed == 1u);
  s.waiters().open();
  BOOST_TEST(first.receive().body == "waited");
  BOOST_TEST(second.receive().body == "waited");
  third.send(get("/hello"));
  BOOST_TEST(third.receive().body == "hello");
}

BOOST_AUTO_TEST_CASE(above_the_connections_the_next_is_turned_away) {
  auto settings = quick_settings();
  settings.http.connections_max = 1;
  served s(settings);
  client first(s.port());
  first.send(get("/hello"));
  BOOST_TEST(first.receive().status == 200u);
  client second(s.port());
  const auto refused = second.receive();
  BOOST_TEST(refused.status == 503u);
  BOOST_TEST(!refused.field("retry-after").empty());
  BOOST_TEST(second.is_ended());
  BOOST_TEST(s.server().stats().connections_refused == 1u);
  first.send(get("/hello"));
  BOOST_TEST(first.receive().status == 200u);
}

BOOST_AUTO_TEST_CASE(a_handler_that_never_answers_loses_its_client) {
  auto settings = quick_settings();
  settings.http.handler_deadline_ms = 300;
  served s(settings);
  client peer(s.port());
  peer.send(get("/wait"));
  BOOST_TEST(peer.is_ended());
}

BOOST_AUTO_TEST_CASE(a_drain_finishes_what_is_in_flight_and_ends_what_is_idle) {
  // One thread: when the idle connection has ended, the busy one knows of the drain too.
  auto settings = quick_settings();
  settings.http.threads = 1;
  served s(settings);
  client idle(s.port());
  idle.send(get("/hello"));
  BOOST_TEST(idle.receive().status == 200u);
  client busy(s.port());
  busy.send(get("/wait"));
  BOOST_REQUIRE(s.waiters().await_waiting(1));
  std::thread draining([&] { s.drain(); });
  BOOST_TEST(idle.is_ended());
  s.waiters().open();
  const auto last = busy.receive();
  BOOST_TEST(last.body == "waited");
  BOOST_TEST(last.field("connection") == "close");
  BOOST_TEST(busy.is_ended());
  draining.join();
  BOOST_TEST(s.server().stats().connections_open == 0u);
  BOOST_CHECK_THROW(client(s.port()), std::runtime_error);
}

BOOST_AUTO_TEST_CASE(a_drain_does_not_wait_for_ever) {
  auto settings = quick_settings();
  settings.http.drain_ms = 300;
  served s(settings);
  client stuck(s.port());
  stuck.send(get("/wait"));
  BOOST_REQUIRE(s.waiters().await_waiting(1));
  const auto begin = std::chrono::steady_clock::now();
  s.drain();
  BOOST_TEST((std::chrono::steady_clock::now() - begin < seconds(10)));
  BOOST_TEST(stuck.is_ended());
}

BOOST_AUTO_TEST_CASE(an_address_in_use_is_refused_with_its_name) {
  served s;
  wall_clock time;
  auto settings = quick_settings();
  settings.listen.port = s.port();
  const auto second = dossier::server::listen(settings, time, {}, {});
  BOOST_REQUIRE(!second.has_value());
  BOOST_TEST(second.error().why.find("127.0.0.1:" + std::to_string(s.port())) != std::string::npos);
  settings.listen.address = "nowhere";
  BOOST_TEST(!dossier::server::listen(settings, time, {}, {}).has_value());
}

BOOST_AUTO_TEST_CASE(what_a_response_announces_counts_only_without_a_body) {
  response r;
  std::string head;
  r.body = "four";
  r.announced_size_bytes = 77;
  format_head(head, r, {});
  BOOST_TEST(head.find("Content-Length: 4\r\n") != std::string::npos);
  message_frame of_head;
  of_head.is_head = true;
  format_head(head, r, of_head);
  BOOST_TEST(head.find("Content-Length: 77\r\n") != std::string::npos);
  r = {};
  r.status = 304;
  format_head(head, r, {});
  BOOST_TEST(head.find("Content-Length") == std::string::npos);
  r.announced_size_bytes = 77;
  format_head(head, r, {});
  BOOST_TEST(head.find("Content-Length: 77\r\n") != std::string::npos);
  BOOST_TEST(head.starts_with("HTTP/1.1 304 Not Modified\r\n"));
  r.fields.emplace_back("cache-control", "private");
  format_head(head, r, {});
  BOOST_TEST(head.find("no-store") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_idle_buffer_holds_no_memory_and_a_head_stays_in_place) {
  buffer_pool pool(8'192);
  read_buffer buffer(pool);
  const auto fill = [&buffer](std::string_view text) {
    const auto space = buffer.space();
    BOOST_REQUIRE(space.size() >= text.size());
    std::copy(text.begin(), text.end(), space.begin());
    buffer.received(text.size());
  };
  fill("headbody");
  const auto head = buffer.take_head(4);
  buffer.consume(4);
  for (int i = 0; i < 100; ++i) {
    fill(std::string(1'000, 'x'));
    buffer.consume(1'000);
  }
  BOOST_TEST(head == "head");
  buffer.end_request();
  BOOST_TEST(buffer.unread().empty());
  buffer.release();
  BOOST_TEST((pool.take() != nullptr));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// Calls to the outside over the loopback interface, to a receiver that answers, fails, stalls and
// lies.
#include "gateway/outbound_client.hpp"

#include "gateway/system.hpp"
#include "tests/gateway/receiver.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <future>
#include <thread>

using namespace dossier;
using dossier::test::own_certificate;
using dossier::test::received_request;
using dossier::test::receiver;

namespace outbound_client_tests {

const system_clock wall;

webhook_settings open_settings() {
  webhook_settings s;
  s.private_destinations = true;
  s.answer_bytes_max = 10'000;
  return s;
}

std::unique_ptr<outbound_client> start(const webhook_settings& s,
                                       look_up_function look_up = look_up_name) {
  auto client = outbound_client::start(s, wall, std::move(look_up));
  BOOST_REQUIRE(client);
  return std::move(*client);
}

outbound_request post_to(const std::string& url, milliseconds deadline = milliseconds{10'000}) {
  auto to = destination::parse(url);
  BOOST_REQUIRE(to);
  outbound_request r;
  r.to = *to;
  r.body = "{\"a\":1}";
  r.fields = {{"Content-Type", "application/json"}, {"webhook-id", "one"}};
  r.deadline = deadline;
  return r;
}

std::string url_of(const receiver& r, const std::string& host = "127.0.0.1") {
  return "http://" + host + ':' + std::to_string(r.port()) + "/hook?a=1";
}

std::future<result<outbound_answer>> begin(outbound_client& client, outbound_request what) {
  auto promise = std::make_shared<std::promise<result<outbound_answer>>>();
  auto future = promise->get_future();
  client.call(std::move(what),
              [promise](result<outbound_answer> got) { promise->set_value(std::move(got)); });
  return future;
}

result<outbound_answer> ask(outbound_client& client, outbound_request what) {
  auto future = begin(client, std::move(what));
  BOOST_REQUIRE(future.wait_for(seconds{20}) == std::future_status::ready);
  return future.get();
}

/// What a receiver that reads the request and sends these bytes is understood to say.
result<outbound_answer> answered_with(const std::string& bytes,
                                      milliseconds deadline = milliseconds{10'000}) {
  receiver there([&](receiver::connection& c) {
    if (c.read())
      c.send(bytes);
  });
  const auto client = start(open_settings());
  return ask(*client, post_to(url_of(there), deadline));
}

std::string code_of(const result<outbound_answer>& got) {
  return got ? "status " + std::to_string(got->status) : std::string{to_string(got.error().code)};
}

} // namespace outbound_client_tests

BOOST_AUTO_TEST_SUITE(outbound_client_tests)

BOOST_AUTO_TEST_SUITE(outbound_calls)

BOOST_AUTO_TEST_CASE(a_request_arrives_as_it_was_given) {
  std::promise<received_request> seen;
  receiver there([&](receiver::connection& c) {
    seen.set_value(*c.read());
    c.send("HTTP/1.1 204 No Content\r\n\r\n");
  });
  const auto client = start(open_settings());
  const auto got = ask(*client, post_to(url_of(there)));
  BOOST_TEST(code_of(got) == "status 204");
  const auto request = seen.get_future().get();
  BOOST_TEST(request.line == "POST /hook?a=1 HTTP/1.1");
  BOOST_TEST(request.field("host") == "127.0.0.1:" + std::to_string(there.port()));
  BOOST_TEST(request.field("content-type") == "application/json");
  BOOST_TEST(request.field("webhook-id") == "one");
  BOOST_TEST(request.field("connection") == "close");
  BOOST_TEST(request.field("user-agent").starts_with("Dossier/"));
  BOOST_TEST(request.body == "{\"a\":1}");
}

BOOST_AUTO_TEST_CASE(an_answer_is_its_status_and_what_it_asks_for) {
  const auto got = answered_with("HTTP/1.1 503 Busy\r\nRetry-After: 7\r\nWebHook-Allowed-Origin: "
                                 "dossier.example\r\nContent-Length: 4\r\n\r\nbusy");
  BOOST_TEST(code_of(got) == "status 503");
  BOOST_TEST((got->retry_after == milliseconds{7'000}));
  BOOST_TEST(got->allowed_origin == "dossier.example");
}

BOOST_AUTO_TEST_CASE(interim_answers_are_passed_over) {
  BOOST_TEST(code_of(answered_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: "
                                   "a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
             == "status 200");
  std::string endless;
  for (int i = 0; i < 50; ++i)
    endless += "HTTP/1.1 100 Continue\r\n\r\n";
  BOOST_TEST(code_of(answered_with(endless)) == "malformed");
}

BOOST_AUTO_TEST_CASE(a_redirect_is_not_followed) {
  receiver elsewhere([](receiver::connection&) {});
  const auto got = answered_with("HTTP/1.1 302 Found\r\nLocation: " + url_of(elsewhere)
                                 + "\r\nContent-Length: 0\r\n\r\n");
  BOOST_TEST(code_of(got) == "status 302");
  BOOST_TEST(elsewhere.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(bodies_of_every_framing_are_read_and_thrown_away) {
  BOOST_TEST(code_of(answered_with("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "3\r\nabc\r\n0\r\n\r\n"))
             == "status 200");
  BOOST_TEST(code_of(answered_with("HTTP/1.1 200 OK\r\n\r\nuntil the end")) == "status 200");
  BOOST_TEST(code_of(answered_with("HTTP/1.0 200 OK\r\n\r\n")) == "status 200");
}

BOOST_AUTO_TEST_CASE(an_endless_body_is_left_at_its_bound) {
  std::atomic<std::size_t> sent{0};
  receiver there([&](receiver::connection& c) {
    c.read();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000000000\r\n\r\n");
    const std::string piece(10'000, 'x');
    while (c.send(piece))
      sent += piece.size();
  });
  const auto client = start(open_settings());
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there)))) == "status 200");
  // What the kernel's buffers took, and no more.
  BOOST_TEST(sent < 64'000'000u);
}

BOOST_AUTO_TEST_CASE(what_is_no_whole_answer_is_no_answer) {
  const std::string head = "HTTP/1.1 200 OK\r\n";
  for (const auto& bytes : {
         std::string{},
         std::string{"HTTP/1.1 200"},
         std::string{"SMTP ready\r\n\r\n"},
         std::string{"HTTP/2 200 OK\r\n\r\n"},
         std::string{"HTTP/1.1 20 OK\r\n\r\n"},
         std::string{"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"},
         std::string{"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n"},
         head + "Content-Length: 10\r\n\r\nshort",
         head + "Content-Length: -1\r\n\r\n",
         head + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nxx",
         head + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
         head + "Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
         head + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
         head + "A: " + std::string(40'000, 'a') + "\r\n\r\n",
       }) {
    const auto got = answered_with(bytes);
    BOOST_TEST(code_of(got) == "malformed", code_of(got) << " for " << bytes.substr(0, 80));
  }
}

BOOST_AUTO_TEST_CASE(a_receiver_that_stalls_is_left_at_the_deadline) {
  receiver there([](receiver::connection& c) { c.stall(); });
  const auto client = start(open_settings());
  const auto began = std::chrono::steady_clock::now();
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there), milliseconds{200}))) == "timed-out");
  BOOST_TEST((std::chrono::steady_clock::now() - began < seconds{5}));
}

BOOST_AUTO_TEST_CASE(slow_bytes_do_not_buy_time) {
  receiver there([](receiver::connection& c) {
    c.read();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
    while (c.send("x"))
      std::this_thread::sleep_for(milliseconds{10});
  });
  const auto client = start(open_settings());
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there), milliseconds{300}))) == "timed-out");
}

BOOST_AUTO_TEST_CASE(nobody_there_is_no_connection) {
  std::string url;
  {
    receiver there([](receiver::connection&) {});
    url = url_of(there);
  }
  const auto client = start(open_settings());
  BOOST_TEST(code_of(ask(*client, post_to(url))) == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_field_cannot_bring_another_one) {
  receiver there([](receiver::connection& c) { c.stall(); });
  const auto client = start(open_settings());
  auto request = post_to(url_of(there));
  request.fields.emplace_back("x", "1\r\nHost: elsewhere");
  BOOST_TEST(code_of(ask(*client, std::move(request))) == "invalid-argument");
  BOOST_TEST(there.accepted() == 0u);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outbound_destinations)

BOOST_AUTO_TEST_CASE(private_addresses_are_refused_unless_a_setting_allows_them) {
  receiver there([](receiver::connection& c) { c.stall(); });
  auto closed = open_settings();
  closed.private_destinations = false;
  const auto client = start(closed);
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there)))) == "forbidden");
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there, "localhost")))) == "forbidden");
  BOOST_TEST(code_of(ask(*client, post_to("http://[::ffff:127.0.0.1]/"))) == "forbidden");
  BOOST_TEST(there.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(one_private_address_among_others_is_enough_to_refuse) {
  receiver there([](receiver::connection& c) { c.stall(); });
  auto closed = open_settings();
  closed.private_destinations = false;
  const auto client = start(closed, [](const std::string&) -> result<std::vector<ip_address>> {
    return std::vector{ip_address::v4({93, 184, 216, 34}), ip_address::v4({127, 0, 0, 1})};
  });
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there, "two.example")))) == "forbidden");
  BOOST_TEST(there.accepted() == 0u);
}

BOOST_AUTO_TEST_CASE(a_name_is_looked_up_once_and_its_checked_address_is_called) {
  receiver there([](receiver::connection& c) {
    c.read();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  std::atomic<int> looks{0};
  const auto client
    = start(open_settings(), [&](const std::string& host) -> result<std::vector<ip_address>> {
        // Not checked on this thread: Boost.Test's checks are for one.
        looks += host == "rebinding.example" ? 1 : 100;
        return std::vector{ip_address::v4({127, 0, 0, 1})};
      });
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there, "rebinding.example")))) == "status 200");
  BOOST_TEST(looks == 1);
}

BOOST_AUTO_TEST_CASE(the_next_address_is_tried_when_one_refuses) {
  receiver there([](receiver::connection& c) {
    c.read();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const auto client
    = start(open_settings(), [](const std::string&) -> result<std::vector<ip_address>> {
        return std::vector{ip_address::v4({127, 0, 0, 2}), ip_address::v4({127, 0, 0, 1})};
      });
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there, "two.example")))) == "status 200");
}

BOOST_AUTO_TEST_CASE(a_slow_look_up_ends_at_the_deadline_and_costs_others_nothing) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  receiver there([](receiver::connection& c) {
    c.read();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  const auto client
    = start(open_settings(), [&](const std::string& host) -> result<std::vector<ip_address>> {
        if (host == "slow.example")
          released.wait();
        return std::vector{ip_address::v4({127, 0, 0, 1})};
      });
  auto slow = begin(*client, post_to(url_of(there, "slow.example"), milliseconds{200}));
  BOOST_TEST(code_of(ask(*client, post_to(url_of(there, "quick.example")))) == "status 200");
  BOOST_REQUIRE(slow.wait_for(seconds{20}) == std::future_status::ready);
  BOOST_TEST(code_of(slow.get()) == "timed-out");
  release.set_value();
}

BOOST_AUTO_TEST_CASE(a_name_without_an_address_is_said_to_have_none) {
  const auto client
    = start(open_settings(), [](const std::string& host) -> result<std::vector<ip_address>> {
        return fail(errc::not_found, "the name " + host + " has no address");
      });
  BOOST_TEST(code_of(ask(*client, post_to("http://nobody.example/"))) == "not-found");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outbound_tls)

struct tls_world {
  explicit tls_world(const std::string& names)
    : certificate(own_certificate::of(names)) {}

  /// A client that trusts the certificate, or the system's authorities only.
  std::unique_ptr<outbound_client> client(bool is_trusting) {
    auto s = open_settings();
    if (is_trusting) {
      s.ca_file = scratch.path() + "/ca.pem";
      std::ofstream(s.ca_file) << certificate.certificate_pem;
    }
    return start(s);
  }
  std::string url(const std::string& host) const {
    return "https://" + host + ':' + std::to_string(there.port()) + "/hook";
  }

  scratch_directory scratch;
  own_certificate certificate;
  receiver there{[](receiver::connection& c) {
                   if (c.read())
                     c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
                 },
                 &certificate};
};

BOOST_AUTO_TEST_CASE(a_certificate_that_holds_is_called) {
  tls_world w("DNS:localhost,IP:127.0.0.1");
  const auto client = w.client(true);
  BOOST_TEST(code_of(ask(*client, post_to(w.url("localhost")))) == "status 200");
  BOOST_TEST(code_of(ask(*client, post_to(w.url("127.0.0.1")))) == "status 200");
}

BOOST_AUTO_TEST_CASE(a_certificate_that_nobody_vouches_for_is_not_called) {
  tls_world w("DNS:localhost");
  const auto client = w.client(false);
  const auto got = ask(*client, post_to(w.url("localhost")));
  BOOST_TEST(code_of(got) == "unavailable");
  BOOST_TEST(got.error().why.find("certificate verify failed") != std::string::npos,
             got.error().why);
}

BOOST_AUTO_TEST_CASE(a_certificate_of_another_name_is_not_called) {
  tls_world w("DNS:elsewhere.example,IP:127.0.0.9");
  const auto client = w.client(true);
  BOOST_TEST(code_of(ask(*client, post_to(w.url("localhost")))) == "unavailable");
  BOOST_TEST(code_of(ask(*client, post_to(w.url("127.0.0.1")))) == "unavailable");
}

BOOST_AUTO_TEST_CASE(a_server_without_tls_is_not_called_over_tls) {
  receiver there([](receiver::connection& c) { c.send("HTTP/1.1 200 OK\r\n\r\n"); });
  const auto client = start(open_settings());
  const auto url = "https://127.0.0.1:" + std::to_string(there.port()) + '/';
  BOOST_TEST(code_of(ask(*client, post_to(url))) == "unavailable");
}

BOOST_AUTO_TEST_CASE(an_unreadable_file_of_authorities_is_said_at_the_start) {
  auto s = open_settings();
  s.ca_file = "/nonexistent/ca.pem";
  const auto client = outbound_client::start(s, wall);
  BOOST_REQUIRE(!client);
  BOOST_TEST(client.error().why.find("webhooks.ca_file") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(outbound_limits)

BOOST_AUTO_TEST_CASE(calls_beyond_the_connections_wait_and_beyond_that_are_refused) {
  std::promise<void> release;
  const auto released = release.get_future().share();
  receiver there([&](receiver::connection& c) {
    c.read();
    released.wait();
    c.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  });
  auto s = open_settings();
  s.connections_max = 2;
  s.calls_waiting_max = 1;
  const auto client = start(s);
  std::vector<std::future<result<outbound_answer>>> calls;
  for (int i = 0; i < 4; ++i)
    calls.push_back(begin(*client, post_to(url_of(there))));
  BOOST_REQUIRE(calls[3].wait_for(seconds{20}) == std::future_status::ready);
  BOOST_TEST(code_of(calls[3].get()) == "busy");
  release.set_value();
  for (int i = 0; i < 3; ++i) {
    BOOST_REQUIRE(calls[i].wait_for(seconds{20}) == std::future_status::ready);
    BOOST_TEST(code_of(calls[i].get()) == "status 200");
  }
  BOOST_TEST(client->stats().calls == 3u);
  BOOST_TEST(client->stats().open == 0u);
}

BOOST_AUTO_TEST_CASE(waiting_counts_towards_the_deadline) {
  receiver there([](receiver::connection& c) { c.stall(); });
  auto s = open_settings();
  s.connections_max = 1;
  const auto client = start(s);
  auto first = begin(*client, post_to(url_of(there), milliseconds{300}));
  auto second = begin(*client, post_to(url_of(there), milliseconds{100}));
  BOOST_REQUIRE(second.wait_for(seconds{20}) == std::future_status::ready);
  BOOST_TEST(code_of(second.get()) == "timed-out");
  BOOST_TEST(code_of(first.get()) == "timed-out");
  BOOST_TEST(there.accepted() == 1u);
}

BOOST_AUTO_TEST_CASE(a_stop_forgets_what_is_under_way) {
  receiver there([](receiver::connection& c) { c.stall(); });
  const auto client = start(open_settings());
  bool is_answered = false;
  client->call(post_to(url_of(there)), [&](const result<outbound_answer>&) { is_answered = true; });
  client->stop();
  client->call(post_to(url_of(there)), [&](const result<outbound_answer>&) { is_answered = true; });
  BOOST_TEST(!is_answered);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

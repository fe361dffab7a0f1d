// SPDX-License-Identifier: Apache-2.0
// Webhooks from end to end: made over the API, delivered over the loopback interface to a receiver
// that agrees or does not, verifies what it gets by a computation of its own, fails and comes back.
#include "tests/gateway/edge_world.hpp"
#include "tests/gateway/receiver.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <thread>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace {

settings quick_settings(bool handshake) {
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
  void serve(receiver::connection& c) {
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

std::string decoded(const std::string& base64) {
  std::string bytes(base64.size(), '\0');
  const auto size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                    reinterpret_cast<const unsigned char*>(base64.data()),
                                    static_cast<int>(base64.size()));
  BOOST_REQUIRE(size > 0);
  bytes.resize(static_cast<std::size_t>(size)
               - (base64.ends_with("==")  ? 2
                  : base64.ends_with('=') ? 1
                                          : 0));
  return bytes;
}

/// Standard Webhooks by the letter, with OpenSSL alone.
std::string signature_of(const std::string& secret, const received_request& r) {
  const auto key = decoded(secret.substr(std::string("whsec_").size()));
  const auto text = r.field("webhook-id") + '.' + r.field("webhook-timestamp") + '.' + r.body;
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac, &size);
  std::string base64(64, '\0');
  base64.resize(static_cast<std::size_t>(
    EVP_EncodeBlock(reinterpret_cast<unsigned char*>(base64.data()), mac, static_cast<int>(size))));
  return "v1," + base64;
}

struct hook_world : edge_world {
  explicit hook_world(bool handshake = false)
    : hook_world(quick_settings(handshake)) {}
  explicit hook_world(settings s)
    : edge_world(std::move(s)) {}

  json make(const std::string& url, const std::string& more = R"(,"customerId":"acme")") {
    const auto made
      = send({verb::post, "/api/webhooks", {}, R"({"url":")" + url + '"' + more + '}'});
    BOOST_REQUIRE_MESSAGE(made.status == 201, made.body);
    return json_of(made);
  }
  json read(const std::string& id) { return json_of(send({verb::get, "/api/webhooks/" + id})); }
  /// Asks until it is so; fails after 20 s.
  void await(const std::function<bool()>& is_so) {
    const auto until = std::chrono::steady_clock::now() + seconds{20};
    while (!is_so()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(milliseconds{10});
    }
  }
  void await_status(const std::string& id, const std::string& status) {
    await([&] { return read(id)["status"] == status; });
  }
  /// A document that is changed `times` times: times + 1 events.
  std::string live(int times, const std::string& customer = "acme") {
    const auto id = create(R"({"documentType":"invoice","fileName":"a.pdf"})", customer).id;
    for (int i = 0; i < times; ++i) {
      const auto body
        = R"({"expiryDate":")" + to_rfc3339(time.now() + seconds{1'000 + i}) + R"("})";
      const auto changed = send({verb::patch, "/api/documents/" + id, {{"If-Match", "*"}}, body});
      BOOST_REQUIRE_MESSAGE(changed.status == 200, changed.body);
    }
    return id;
  }

  hook_server there;
};

/// Of each document the sequences in the order of arrival.
std::map<std::string, std::vector<int>> sequences(const std::vector<received_request>& all) {
  std::map<std::string, std::vector<int>> found;
  for (const auto& r : all)
    found[r.field("ce-partitionkey")].push_back(std::stoi(r.field("ce-sequence")));
  return found;
}

std::vector<int> counted(int last) {
  std::vector<int> all;
  for (int i = 1; i <= last; ++i)
    all.push_back(i);
  return all;
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_delivery)

BOOST_AUTO_TEST_CASE(events_arrive_signed_and_in_order) {
  hook_world w;
  w.live(0);
  const auto hook = w.make(w.there.url());
  const auto secret = hook["secret"].get<std::string>();
  const auto one = w.live(4);
  const auto two = w.live(4);
  w.live(4, "other");
  BOOST_REQUIRE(w.there.wait_for(10));
  const auto taken = w.there.taken();
  // What was before the webhook, and what is another customer's, does not arrive.
  BOOST_TEST(taken.size() == 10u);
  const auto order = sequences(taken);
  BOOST_TEST(order.at(one) == counted(5), boost::test_tools::per_element());
  BOOST_TEST(order.at(two) == counted(5), boost::test_tools::per_element());
  for (const auto& r : taken) {
    BOOST_TEST(r.line == "POST /hook HTTP/1.1");
    BOOST_TEST(r.field("ce-specversion") == "1.0");
    BOOST_TEST(r.field("webhook-id") == r.field("ce-id"));
    BOOST_TEST(r.field("content-type") == "application/json");
    BOOST_TEST(r.field("webhook-signature") == signature_of(secret, r));
    BOOST_TEST(json::accept(r.body));
  }
  w.await([&] { return w.read(hook["webhookId"])["delivery"]["lagEvents"] == 0; });
  const auto seen = w.read(hook["webhookId"]);
  BOOST_TEST(seen["delivery"]["delivered"] == 10);
  BOOST_TEST(seen["delivery"]["breaker"] == "closed");
  BOOST_TEST(!seen.contains("secret"));
}

BOOST_AUTO_TEST_CASE(a_receiver_that_is_down_gets_everything_when_it_is_back) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  w.there.answer_with(503);
  std::vector<std::string> documents;
  for (int i = 0; i < 10; ++i)
    documents.push_back(w.live(5));
  BOOST_REQUIRE(w.there.wait_for_posts(5));
  w.await([&] { return w.read(hook["webhookId"])["delivery"]["breaker"] != "closed"; });
  BOOST_TEST(w.there.taken().empty());
  w.there.answer_with(204);
  BOOST_REQUIRE(w.there.wait_for(60));
  const auto order = sequences(w.there.taken());
  for (const auto& id : documents)
    BOOST_TEST(order.at(id) == counted(6), boost::test_tools::per_element());
  w.await([&] { return w.read(hook["webhookId"])["delivery"]["lagEvents"] == 0; });
  BOOST_TEST(w.there.taken().size() == 60u);
  const auto text = body_of(w.send({verb::get, "/metrics"}));
  BOOST_TEST(text.find("dossier_guard_opened_total{destination=\"127.0.0.1:"
                       + std::to_string(w.there.port()) + "\"}")
             != std::string::npos);
}

BOOST_AUTO_TEST_CASE(what_is_refused_becomes_one_letter_and_the_next_event_goes_on) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  w.there.answer_with(410);
  const auto id = w.live(0);
  w.await([&] { return w.read(hook["webhookId"])["delivery"]["givenUp"] == 1; });
  w.there.answer_with(200);
  w.live(0);
  BOOST_REQUIRE(w.there.wait_for(1));
  const auto page = w.core.letters().list({}, std::nullopt, 10);
  BOOST_REQUIRE(page);
  BOOST_REQUIRE(page->items.size() == 1u);
  const auto& dead = page->items.front().view;
  BOOST_TEST((dead.origin.channel == letter::channel::webhook));
  BOOST_TEST(dead.origin.topic == hook["webhookId"].get<std::string>());
  BOOST_TEST(dead.message.key.value() == id);
  BOOST_TEST(dead.last.why.find("status 410") != std::string::npos);
  // Redriven, it arrives, signed anew.
  std::promise<bool> told;
  w.core.letters().submit(
    page->items.front().id, letter::redrive{}, {},
    std::make_shared<reply<letter::view>>(
      [&](const result<answer<letter::view>>& got) { told.set_value(bool(got)); }));
  BOOST_REQUIRE(told.get_future().get());
  BOOST_REQUIRE(w.there.wait_for(2));
  const auto last = w.there.taken().back();
  BOOST_TEST(last.field("ce-partitionkey") == id);
  BOOST_TEST(last.field("webhook-signature") == signature_of(hook["secret"], last));
}

BOOST_AUTO_TEST_CASE(structured_mode_puts_all_into_the_body) {
  hook_world w;
  w.make(w.there.url(), R"(,"mode":"structured","types":["CustomerDocumentCreated*"])");
  w.live(3);
  w.live(0, "other");
  BOOST_REQUIRE(w.there.wait_for(2));
  const auto r = w.there.taken().front();
  BOOST_TEST(r.field("content-type").starts_with("application/cloudevents+json"));
  BOOST_TEST(json::parse(r.body)["type"] == "CustomerDocumentCreatedEvent");
  BOOST_TEST(json::parse(r.body)["id"] == r.field("webhook-id"));
}

BOOST_AUTO_TEST_CASE(nothing_is_delivered_before_the_destination_agrees) {
  hook_world w(true);
  w.there.agree_to("");
  const auto hook = w.make(w.there.url());
  const auto id = hook["webhookId"].get<std::string>();
  BOOST_TEST(hook["status"] == "pending");
  w.live(1);
  w.await([&] { return !w.read(id)["trouble"].is_null(); });
  BOOST_TEST(w.there.handshakes().front().line == "OPTIONS /hook HTTP/1.1");
  BOOST_TEST(w.there.handshakes().front().field("webhook-request-origin") == "dossier");
  BOOST_TEST(w.there.taken().empty());
  w.there.agree_to("dossier");
  w.time.pass(seconds{11});
  w.await_status(id, "active");
  BOOST_REQUIRE(w.there.wait_for(2));
}

BOOST_AUTO_TEST_CASE(a_paused_one_gets_what_it_missed) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  const auto path = "/api/webhooks/" + hook["webhookId"].get<std::string>();
  BOOST_TEST(w.send({verb::post, path + "/pause", {}, R"({"reason":"maintenance"})"}).status
             == 200u);
  w.await_status(hook["webhookId"], "paused");
  w.live(2);
  BOOST_TEST(w.send({verb::post, path + "/resume"}).status == 200u);
  BOOST_REQUIRE(w.there.wait_for(3));
}

BOOST_AUTO_TEST_CASE(a_replaced_secret_signs_beside_the_new_one_for_a_while) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  const auto path = "/api/webhooks/" + hook["webhookId"].get<std::string>();
  const auto rotated = json_of(w.send({verb::post, path + "/rotate-secret"}));
  BOOST_TEST(rotated["secret"] != hook["secret"]);
  const auto sign = [&](const json& by, const received_request& r) {
    return signature_of(by["secret"], r);
  };
  w.live(0);
  BOOST_REQUIRE(w.there.wait_for(1));
  const auto first = w.there.taken().front();
  // It may have been on its way before the deliverer heard of the new one.
  BOOST_TEST(first.field("webhook-signature").find(sign(hook, first)) != std::string::npos);
  w.time.pass(seconds{86'401});
  w.live(0);
  BOOST_REQUIRE(w.there.wait_for(2));
  const auto last = w.there.taken().back();
  BOOST_TEST(last.field("webhook-signature") == sign(rotated, last));
}

BOOST_AUTO_TEST_CASE(a_removed_one_hears_nothing_more) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  w.live(0);
  BOOST_REQUIRE(w.there.wait_for(1));
  const auto path = "/api/webhooks/" + hook["webhookId"].get<std::string>();
  BOOST_TEST(w.send({verb::del, path}).status == 204u);
  BOOST_TEST(w.send({verb::get, path}).status == 404u);
  BOOST_TEST(json_of(w.send({verb::get, "/api/webhooks"}))["items"].empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(webhook_routes)

BOOST_AUTO_TEST_CASE(a_key_sees_and_makes_only_its_own) {
  hook_world w;
  const auto hook = w.make(w.there.url());
  const auto everybody = w.make(w.there.url(), "");
  const auto path = "/api/webhooks/" + hook["webhookId"].get<std::string>();
  const auto ask = [&](verb v, const std::string& target, const std::string& customer,
                       const std::string& body = "") {
    return w.send({v, target, {}, body, customer_key(customer)});
  };
  BOOST_TEST(ask(verb::get, path, "acme").status == 200u);
  BOOST_TEST(ask(verb::get, path, "other").status == 404u);
  BOOST_TEST(ask(verb::del, path, "other").status == 404u);
  BOOST_TEST(ask(verb::post, path + "/rotate-secret", "other").status == 404u);
  const auto all = "/api/webhooks/" + everybody["webhookId"].get<std::string>();
  BOOST_TEST(ask(verb::get, all, "acme").status == 404u);
  BOOST_TEST(json_of(ask(verb::get, "/api/webhooks", "acme"))["items"].size() == 1u);
  BOOST_TEST(json_of(ask(verb::get, "/api/webhooks", "other"))["items"].empty());
  const auto body = R"({"url":"https://a.example/"})";
  BOOST_TEST(ask(verb::post, "/api/webhooks", "acme", body).status == 400u);
  const auto foreign = R"({"url":"https://a.example/","customerId":"acme"})";
  BOOST_TEST(ask(verb::post, "/api/webhooks", "other", foreign).status == 404u);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_delivered_to_is_refused) {
  auto s = quick_settings(false);
  s.webhooks.private_destinations = false;
  hook_world w(s);
  for (const auto* body :
       {R"({})", R"({"url":"ftp://a.example/"})", R"({"url":"http://127.0.0.1/"})",
        R"({"url":"http://[::1]/"})", R"({"url":"http://10.0.0.1/"})",
        R"({"url":"https://u@a.example/"})", R"({"url":"https://a.example/","mode":"batch"})",
        R"({"url":"https://a.example/","types":["*x"]})",
        R"({"url":"https://a.example/","more":1})"}) {
    const auto refused = w.send({verb::post, "/api/webhooks", {}, body});
    BOOST_TEST(refused.status == 400u, body);
  }
}

BOOST_AUTO_TEST_CASE(what_is_wrong_is_named_down_to_the_element) {
  hook_world w;
  const auto where = [&](const std::string& more) {
    const auto body = R"({"url":"https://a.example/",)" + more + '}';
    const auto refused = w.send({verb::post, "/api/webhooks", {}, body});
    BOOST_TEST(refused.status == 400u, more);
    return json_of(refused)["pointer"].get<std::string>();
  };
  BOOST_TEST(where(R"("types":"CustomerDocument*")") == "/types");
  BOOST_TEST(where(R"("types":["A",7])") == "/types/1");
  BOOST_TEST(where(R"("types":["A","B","x*y"])") == "/types/2");
  BOOST_TEST(where(R"("types":["A","B,C"])") == "/types/1");
  BOOST_TEST(where(R"("types":["A","A"])") == "/types/1");
  BOOST_TEST(where(R"("types":[""])") == "/types/0");
  BOOST_TEST(where(R"("filter":"document/")") == "/filter");
  BOOST_TEST(where(R"("filter":{"subject":["document/"]})") == "/filter/subject");
  BOOST_TEST(where(R"("filter":{"subject":"a\u0001"})") == "/filter/subject");
  BOOST_TEST(where(R"("filter":{"topic":"x"})") == "/filter/topic");
  BOOST_TEST(where(R"("subject":"document/")") == "/subject");
  BOOST_TEST(where(R"("customerId":"a b")") == "/customerId");
}

BOOST_AUTO_TEST_CASE(the_answer_shows_types_and_filter_as_they_were_given) {
  hook_world w;
  const auto all = w.make(w.there.url());
  BOOST_TEST(all["types"] == json::array());
  BOOST_TEST(all["filter"] == json::object());
  const auto some
    = w.make(w.there.url(), R"(,"types":["A.*","B"],"filter":{"subject":"document/"})");
  for (const auto& seen : {some, w.read(some["webhookId"])}) {
    BOOST_TEST(seen["types"] == (json{"A.*", "B"}));
    BOOST_TEST(seen["filter"] == (json{{"subject", "document/"}}));
  }
  BOOST_TEST(w.make(w.there.url(), R"(,"types":[],"filter":{})")["types"] == json::array());
  BOOST_TEST(w.make(w.there.url(), R"(,"types":null,"filter":null)")["filter"] == json::object());
}

BOOST_AUTO_TEST_CASE(a_subject_that_does_not_begin_so_is_not_delivered) {
  hook_world w;
  const auto wanted = w.live(0);
  w.make(w.there.url(), R"(,"filter":{"subject":"document/)" + wanted + R"("})");
  w.live(0);
  w.send({verb::patch,
          "/api/documents/" + wanted,
          {{"If-Match", "*"}},
          R"({"expiryDate":")" + to_rfc3339(w.time.now() + seconds{1'000}) + R"("})"});
  BOOST_REQUIRE(w.there.wait_for(1));
  BOOST_TEST(w.there.taken().size() == 1u);
  BOOST_TEST(w.there.taken().front().field("ce-partitionkey") == wanted);
}

BOOST_AUTO_TEST_CASE(a_customer_has_no_more_than_allowed) {
  auto s = quick_settings(false);
  s.webhooks.per_customer_max = 2;
  hook_world w(s);
  w.make(w.there.url());
  w.make(w.there.url());
  const auto body = R"({"url":")" + w.there.url() + R"(","customerId":"acme"})";
  BOOST_TEST(w.send({verb::post, "/api/webhooks", {}, body}).status == 409u);
  w.make(w.there.url(), R"(,"customerId":"other")");
}

BOOST_AUTO_TEST_CASE(a_customer_has_no_more_than_allowed_when_all_come_at_once) {
  auto s = quick_settings(false);
  s.webhooks.per_customer_max = 3;
  hook_world w(s);
  const auto body = R"({"url":")" + w.there.url() + R"(","customerId":"acme"})";
  for (int round = 0; round < 10; ++round) {
    std::array<unsigned, 12> statuses{};
    std::vector<std::thread> all;
    for (auto& status : statuses)
      all.emplace_back([&] { status = w.send({verb::post, "/api/webhooks", {}, body}).status; });
    for (auto& each : all)
      each.join();
    BOOST_TEST(std::ranges::count(statuses, 201u) <= 3);
    BOOST_TEST(std::ranges::count(statuses, 201u) >= 1);
    BOOST_TEST(std::ranges::count(statuses, 201u) + std::ranges::count(statuses, 409u) == 12);
    const auto items = json_of(w.send({verb::get, "/api/webhooks"}))["items"];
    BOOST_TEST(items.size() <= 3u);
    for (const auto& each : items)
      w.send({verb::del, "/api/webhooks/" + each["webhookId"].get<std::string>()});
  }
}

BOOST_AUTO_TEST_CASE(a_repeated_create_makes_one_and_tells_its_secret_again) {
  hook_world w;
  const auto post
    = [&](const std::string& body, const std::string& key, std::optional<principal> caller = {}) {
        return w.send({verb::post, "/api/webhooks", {{"Idempotency-Key", key}}, body, caller});
      };
  const auto body = R"({"url":")" + w.there.url() + R"(","customerId":"acme"})";
  const auto first = post(body, "k");
  BOOST_REQUIRE_MESSAGE(first.status == 201u, first.body);
  const auto path = field_of(first, "Location");
  BOOST_TEST(field_of(first, "Idempotent-Replayed").empty());
  w.live(1);
  BOOST_REQUIRE(w.there.wait_for(2));
  w.send({verb::post, path + "/rotate-secret"});
  w.send({verb::post, path + "/pause", {}, R"({"reason":"maintenance"})"});
  w.time.pass(seconds{5});
  const auto second = post(body, "k");
  BOOST_TEST(second.status == 201u);
  BOOST_TEST(second.body == first.body);
  BOOST_TEST(field_of(second, "Location") == path);
  BOOST_TEST(field_of(second, "Idempotent-Replayed") == "true");
  BOOST_TEST(json_of(w.send({verb::get, "/api/webhooks"}))["items"].size() == 1u);
  const auto other = post(R"({"url":")" + w.there.url() + R"(?2","customerId":"acme"})", "k");
  BOOST_TEST(other.status == 422u);
  BOOST_TEST(json_of(other)["type"] == "/problems/unprocessable");
  BOOST_TEST(field_of(post(body, "k", customer_key("acme")), "Location") != path);
  BOOST_TEST(post(body, "a b").status == 400u);
}

BOOST_AUTO_TEST_CASE(a_repetition_needs_no_place_and_a_refusal_is_not_stored) {
  auto s = quick_settings(false);
  s.webhooks.per_customer_max = 1;
  hook_world w(s);
  const auto post = [&](const std::string& key) {
    const auto body = R"({"url":")" + w.there.url() + R"(","customerId":"acme"})";
    return w.send({verb::post, "/api/webhooks", {{"Idempotency-Key", key}}, body});
  };
  const auto first = post("k1");
  BOOST_TEST(first.status == 201u);
  BOOST_TEST(post("k1").body == first.body);
  BOOST_TEST(post("k2").status == 409u);
  BOOST_TEST(w.send({verb::del, field_of(first, "Location")}).status == 204u);
  const auto second = post("k2");
  BOOST_TEST(second.status == 201u);
  BOOST_TEST(field_of(second, "Idempotent-Replayed").empty());
}

BOOST_AUTO_TEST_CASE(operators_open_and_close_a_breaker) {
  hook_world w;
  w.make(w.there.url());
  w.live(0);
  BOOST_REQUIRE(w.there.wait_for(1));
  const auto items = json_of(w.send({verb::get, "/admin/api/guards"}))["items"];
  BOOST_REQUIRE(items.size() == 1u);
  const auto name = items[0]["name"].get<std::string>();
  BOOST_TEST(name == "127.0.0.1:" + std::to_string(w.there.port()));
  const auto path = "/admin/api/guards/" + name;
  const auto tripped
    = json_of(w.send({verb::post, path + "/trip", {}, R"({"reason":"too much"})"}));
  BOOST_TEST(tripped["state"] == "open");
  BOOST_TEST(tripped["tripReason"] == "too much");
  w.live(0);
  w.await([&] {
    return json_of(w.send({verb::get, "/admin/api/guards"}))["items"][0]["waiting"] == 1;
  });
  BOOST_TEST(w.there.taken().size() == 1u);
  BOOST_TEST(json_of(w.send({verb::post, path + "/reset"}))["state"] == "closed");
  BOOST_REQUIRE(w.there.wait_for(2));
  BOOST_TEST(w.send({verb::post, "/admin/api/guards/nobody:1/reset"}).status == 404u);
  BOOST_TEST(w.send({verb::post, path + "/trip", {}, R"({"reason":""})"}).status == 400u);
}

BOOST_AUTO_TEST_SUITE_END()

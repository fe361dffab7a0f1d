// SPDX-License-Identifier: Apache-2.0
// Webhooks over the API: who may see and make them, what is refused, what is shown of them, and
// their repetitions; the breakers of their destinations for operators.
#include "tests/gateway/hook_world.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <optional>
#include <thread>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

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
  auto s = hook_settings(false);
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
  auto s = hook_settings(false);
  s.webhooks.per_customer_max = 2;
  hook_world w(s);
  w.make(w.there.url());
  w.make(w.there.url());
  const auto body = R"({"url":")" + w.there.url() + R"(","customerId":"acme"})";
  BOOST_TEST(w.send({verb::post, "/api/webhooks", {}, body}).status == 409u);
  w.make(w.there.url(), R"(,"customerId":"other")");
}

BOOST_AUTO_TEST_CASE(a_customer_has_no_more_than_allowed_when_all_come_at_once) {
  auto s = hook_settings(false);
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
  auto s = hook_settings(false);
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

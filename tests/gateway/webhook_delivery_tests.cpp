// SPDX-License-Identifier: Apache-2.0
// Webhooks from end to end: made over the API, delivered over the loopback interface to a receiver
// that agrees or does not, verifies what it gets by a computation of its own, fails and comes back.
#include "tests/gateway/hook_world.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <future>
#include <map>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace webhook_delivery {

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

} // namespace webhook_delivery

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

BOOST_AUTO_TEST_CASE(a_customers_jobs_are_told_in_order_and_those_of_others_are_not) {
  hook_world w;
  w.make(w.there.url(), R"(,"customerId":"acme","types":["Job*"])");
  const std::string file
    = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n"
      "44,,01/02/2024,10:00:00,60,1.250,R1,GBP\n";
  const auto send_file = [&](const std::string& customer) {
    const auto sent
      = w.send({verb::post, "/api/cdr/upload-large?customerId=" + customer, {}, file});
    BOOST_REQUIRE_MESSAGE(sent.status == 202, sent.body);
    return json_of(sent)["correlationId"].get<std::string>();
  };
  send_file(neighbour_of("acme", w.store->shard_count()));
  const auto job = send_file("acme");
  const auto is_told = [&] {
    const auto taken = w.there.taken();
    return !taken.empty() && taken.back().field("ce-type") == "JobFinishedEvent";
  };
  w.await(is_told);
  const auto order = sequences(w.there.taken());
  BOOST_REQUIRE(order.size() == 1u);
  BOOST_TEST(order.at(job) == counted(static_cast<int>(order.at(job).size())),
             boost::test_tools::per_element());
  BOOST_TEST(w.there.taken().front().field("ce-type") == "JobAcceptedEvent");
  BOOST_TEST(w.there.taken().front().field("ce-subject") == "job/" + job);
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

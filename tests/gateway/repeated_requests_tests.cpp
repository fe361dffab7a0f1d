// SPDX-License-Identifier: Apache-2.0
// What an Idempotency-Key promises: one effect, and the same answer for each repetition.
#include "tests/gateway/edge_world.hpp"

#include <nlohmann/json.hpp>

#include <thread>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace repeated_requests_tests {

struct fixture : edge_world {
  response post(const std::string& body, field_list fields = {},
                std::optional<principal> caller = {}) {
    return send(
      {verb::post, "/api/customers/acme/documents", std::move(fields), body, std::move(caller)});
  }
  std::string in(seconds time_from_now) { return to_rfc3339(time.now() + time_from_now); }
};

} // namespace repeated_requests_tests

BOOST_FIXTURE_TEST_SUITE(repeated_requests_tests, repeated_requests_tests::fixture)

BOOST_AUTO_TEST_CASE(a_repeated_create_is_answered_alike_and_creates_once) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  const auto first = post(body, {{"Idempotency-Key", "k1"}});
  time.pass(seconds{5});
  const auto second = post(body, {{"Idempotency-Key", "k1"}});
  BOOST_TEST(first.status == 201u);
  BOOST_TEST(second.status == 201u);
  BOOST_TEST(second.body == first.body);
  BOOST_TEST(field_of(second, "Location") == field_of(first, "Location"));
  BOOST_TEST(field_of(first, "Idempotent-Replayed").empty());
  BOOST_TEST(field_of(second, "Idempotent-Replayed") == "true");
  BOOST_TEST(json_of(send({verb::get, "/api/customers/acme/documents"}))["items"].size() == 1u);
}

BOOST_AUTO_TEST_CASE(the_same_key_with_another_body_is_refused) {
  BOOST_TEST(post(R"({"documentType":"t","fileName":"f"})", {{"Idempotency-Key", "k1"}}).status
             == 201u);
  const auto other = post(R"({"documentType":"t","fileName":"g"})", {{"Idempotency-Key", "k1"}});
  BOOST_TEST(other.status == 422u);
  BOOST_TEST(json_of(other)["type"] == "/problems/unprocessable");
}

BOOST_AUTO_TEST_CASE(a_key_means_something_for_one_caller_and_customer_only) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  const field_list key{{"Idempotency-Key", "k1"}};
  const auto first = json_of(post(body, key));
  const auto other_caller = json_of(post(body, key, customer_key("acme")));
  const auto other_customer
    = json_of(send({verb::post, "/api/customers/umbrella/documents", key, body}));
  BOOST_TEST(first["documentId"] != other_caller["documentId"]);
  BOOST_TEST(first["documentId"] != other_customer["documentId"]);
}

BOOST_AUTO_TEST_CASE(an_answer_that_got_lost_is_found_by_its_key) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  documents.loses_answers = true;
  BOOST_TEST(post(body, {{"Idempotency-Key", "k1"}}).status == 503u);
  documents.loses_answers = false;
  BOOST_TEST(post(body, {{"Idempotency-Key", "k1"}}).status == 201u);
  BOOST_TEST(json_of(send({verb::get, "/api/customers/acme/documents"}))["items"].size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_request_on_its_way_keeps_its_repetitions_out) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  std::optional<response> meanwhile;
  bool is_asked = false;
  documents.before_submit = [&] {
    if (std::exchange(is_asked, true))
      return;
    std::thread second{[&] {
      meanwhile = post(body, {{"Idempotency-Key", "k1"}});
    }};
    second.join();
  };
  const auto first = post(body, {{"Idempotency-Key", "k1"}});
  BOOST_TEST(first.status == 201u);
  BOOST_REQUIRE(meanwhile);
  BOOST_TEST(meanwhile->status == 409u);
}

BOOST_AUTO_TEST_CASE(a_repeated_confirmation_is_answered_alike_even_after_the_end) {
  const auto made
    = create(R"({"documentType":"t","fileName":"f","expiryDate":")" + in(seconds{3600}) + R"("})");
  BOOST_REQUIRE(put(made.upload_target, "content").status == 201u);
  const call confirm{verb::post,
                     "/api/documents/" + made.id + "/confirm-upload",
                     {{"Idempotency-Key", "c1"}},
                     R"({"uploaded":true})"};
  const auto first = send(confirm);
  BOOST_REQUIRE(first.status == 200u);
  time.pass(seconds{7});
  BOOST_TEST(send(confirm).body == first.body);
  BOOST_TEST(send({verb::del, "/api/documents/" + made.id}).status == 204u);
  const auto last = send(confirm);
  BOOST_TEST(last.status == 200u);
  BOOST_TEST(last.body == first.body);
  BOOST_TEST(field_of(last, "ETag") == field_of(first, "ETag"));
}

BOOST_AUTO_TEST_CASE(a_refusal_is_not_stored_under_the_key) {
  const auto made = create();
  const call confirm{verb::post,
                     "/api/documents/" + made.id + "/confirm-upload",
                     {{"Idempotency-Key", "c1"}},
                     R"({"uploaded":true})"};
  BOOST_TEST(send(confirm).status == 409u);
  BOOST_REQUIRE(put(made.upload_target, "content").status == 201u);
  BOOST_TEST(send(confirm).status == 200u);
}

BOOST_AUTO_TEST_CASE(a_bad_idempotency_key_is_refused) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  for (const auto& key :
       {std::string{}, std::string{"a b"}, std::string(256, 'k'), std::string{"\x80"}}) {
    const auto refused = post(body, {{"Idempotency-Key", key}});
    BOOST_TEST(refused.status == 400u);
    BOOST_TEST(json_of(refused)["pointer"] == "Idempotency-Key");
  }
  BOOST_TEST(post(body, {{"Idempotency-Key", "a"}, {"idempotency-key", "a"}}).status == 400u);
}

BOOST_AUTO_TEST_CASE(a_core_that_does_not_answer_is_waited_for_until_the_deadline) {
  config.http.handler_deadline_ms = 20;
  documents.keeps_silent = true;
  const field_list key{{"Idempotency-Key", "k1"}};
  const auto body = R"({"documentType":"t","fileName":"f"})";
  BOOST_TEST(post(body, key).status == 503u);
  // It may still take effect, so its repetition is kept out until it is answered.
  BOOST_TEST(post(body, key).status == 409u);
  documents.unanswered.clear();
  documents.keeps_silent = false;
  config.http.handler_deadline_ms = 30'000;
  BOOST_TEST(post(body, key).status == 201u);
}

BOOST_AUTO_TEST_SUITE_END()

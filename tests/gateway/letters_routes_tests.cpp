// SPDX-License-Identifier: Apache-2.0
// What operators are told of dead letters, and what they can do about them.
#include "tests/gateway/edge_world.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <mutex>
#include <thread>

using namespace dossier;
using namespace dossier::test;

namespace letters_routes_tests {

const std::string all = "/admin/api/dead-letters";

/// Answers every attempt as it is told to. Thread-safe.
class told_channel final : public letter_channel {
public:
  void attempt(const entity_id&, const letter::view& what, attempted done) override {
    attempt_outcome outcome;
    {
      const std::lock_guard lock(mutex_);
      last_value_ = what.message.value;
      outcome = outcome_;
    }
    done(std::move(outcome));
  }
  void answer(attempt_outcome outcome) {
    const std::lock_guard lock(mutex_);
    outcome_ = std::move(outcome);
  }
  std::string last_value() {
    const std::lock_guard lock(mutex_);
    return last_value_;
  }

private:
  std::mutex mutex_;
  attempt_outcome outcome_ = attempt::not_now{};
  std::string last_value_;
};

const letter::trouble wrong{errc::invalid_argument, "the expiry 12 is no date-time", "/expiryDate"};

struct fixture : edge_world {
  told_channel channel;

  ~fixture() { core.serve_letters(letter::channel::commands, nullptr); }

  std::string receive(std::string value = "{}", std::string type = "T", bool is_transient = false) {
    const auto id = core.letters().next_id(2);
    std::promise<result<answer<letter::view>>> answered;
    core.letters().submit(
      id,
      letter::receive{{letter::channel::commands, "commands", 2, 17, time.now()},
                      {"acme", {{"ce_id", "7"}, {"raw", "\xff"}}, std::move(value)},
                      std::move(type),
                      "document/x",
                      wrong,
                      is_transient},
      {}, std::make_shared<reply<letter::view>>([&answered](result<answer<letter::view>> got) {
        answered.set_value(std::move(got));
      }));
    BOOST_REQUIRE(answered.get_future().get());
    return id.text();
  }

  nlohmann::json get(const std::string& target) {
    const auto answer = send({verb::get, target});
    BOOST_REQUIRE_MESSAGE(answer.status == 200u, target << ": " << answer.body);
    return json_of(answer);
  }
  unsigned status(const std::string& target) { return send({verb::get, target}).status; }
  response post(const std::string& target, const std::string& body = "") {
    return send({verb::post, target, {}, body});
  }

  /// Waits until it holds, for at most ten seconds.
  bool comes_true(const std::function<bool()>& holds) {
    for (int i = 0; i < 500; ++i) {
      if (holds())
        return true;
      std::this_thread::sleep_for(milliseconds{20});
    }
    return false;
  }
  std::string status_of(const std::string& id) { return get(all + "/" + id)["status"]; }
};

} // namespace letters_routes_tests

BOOST_FIXTURE_TEST_SUITE(letters_routes_tests, letters_routes_tests::fixture)

BOOST_AUTO_TEST_CASE(dead_letters_are_listed_page_by_page) {
  for (int i = 0; i < 3; ++i) {
    receive();
    time.pass(milliseconds{5});
  }
  const auto first = get(all + "?limit=2");
  BOOST_REQUIRE(first["items"].size() == 2u);
  BOOST_TEST(first["items"][0]["receivedAt"].get<std::string>()
             > first["items"][1]["receivedAt"].get<std::string>());
  BOOST_TEST(!first["items"][0].contains("value"));
  const auto second = get(all + "?limit=2&cursor=" + first["next"].get<std::string>());
  BOOST_REQUIRE(second["items"].size() == 1u);
  BOOST_TEST(second["next"].is_null());
  // A cursor belongs to the letters of its status.
  BOOST_TEST(status(all + "?status=retrying&cursor=" + first["next"].get<std::string>()) == 400u);
}

BOOST_AUTO_TEST_CASE(a_list_is_filtered) {
  receive("{}", "A");
  time.pass(milliseconds{5});
  const auto between = to_rfc3339(time.now());
  time.pass(milliseconds{5});
  receive("{}", "B");
  receive("{}", "C", true);
  const auto count = [this](const std::string& query) {
    return get(all + "?" + query)["items"].size();
  };
  BOOST_TEST(count("type=A") == 1u);
  BOOST_TEST(count("type=C") == 0u);
  BOOST_TEST(count("status=retrying") == 1u);
  BOOST_TEST(count("status=dead&reason=invalid-argument") == 2u);
  BOOST_TEST(count("reason=conflict") == 0u);
  BOOST_TEST(get(all + "?olderThan=" + between)["items"][0]["type"] == "A");
  BOOST_TEST(get(all + "?newerThan=" + between)["items"][0]["type"] == "B");
  const std::string fingerprint = get(all + "?type=B")["items"][0]["fingerprint"];
  BOOST_TEST(count("fingerprint=" + fingerprint) == 1u);
  for (const auto* query : {"status=settled", "status=x", "reason=bad", "reason=unknown",
                            "fingerprint=12", "olderThan=soon", "newerThan=1", "limit=0",
                            "limit=201", "cursor=x", "x=1", "type=A&type=B"})
    BOOST_TEST(status(all + "?" + query) == 400u, query);
}

BOOST_AUTO_TEST_CASE(a_letter_is_shown_whole) {
  const auto id = receive("{\"a\":1}");
  const auto shown = get(all + "/" + id);
  BOOST_TEST(shown["id"] == id);
  BOOST_TEST(shown["status"] == "dead");
  BOOST_TEST(shown["origin"]["topic"] == "commands");
  BOOST_TEST(shown["origin"]["offset"] == 17);
  BOOST_TEST(shown["key"] == "acme");
  BOOST_TEST(shown["value"] == "{\"a\":1}");
  BOOST_TEST(shown["headers"][0]["name"] == "ce_id");
  BOOST_TEST(shown["headers"][0]["value"] == "7");
  BOOST_TEST(shown["headers"][1]["valueBase64"] == "/w==");
  BOOST_TEST(shown["attempts"] == 1);
  BOOST_TEST(shown["firstError"]["reason"] == "invalid-argument");
  BOOST_TEST(shown["lastError"]["where"] == "/expiryDate");
  const auto history = get(shown["history"].get<std::string>());
  BOOST_REQUIRE(history["items"].size() == 2u);
  BOOST_TEST(history["items"][0]["type"] == "MessageReceivedEvent");
  BOOST_TEST(history["items"][1]["type"] == "MessageDeadLetteredEvent");
  BOOST_TEST(history["next"].is_null());
  BOOST_TEST(get(all + "/" + id + "/events?after=1")["items"].size() == 1u);
  const auto binary = get(all + "/" + receive("\xff\xfe"));
  BOOST_TEST(binary["valueBase64"] == "//4=");
  BOOST_TEST(!binary.contains("value"));
}

BOOST_AUTO_TEST_CASE(a_letter_that_is_not_there_is_not_found) {
  const auto unknown = core.letters().next_id(1).text();
  for (const auto& id : {unknown, std::string("x")}) {
    BOOST_TEST(status(all + "/" + id) == 404u);
    BOOST_TEST(status(all + "/" + id + "/events") == 404u);
    BOOST_TEST(post(all + "/" + id + "/redrive").status == 404u);
    BOOST_TEST(post(all + "/" + id + "/discard").status == 404u);
  }
}

BOOST_AUTO_TEST_CASE(a_redriven_letter_is_attempted_with_the_value_that_was_given) {
  channel.answer(attempt::succeeded{});
  core.serve_letters(letter::channel::commands, &channel);
  const auto id = receive();
  const auto told = post(all + "/" + id + "/redrive", R"({"value":"{\"a\":2}"})");
  BOOST_REQUIRE_MESSAGE(told.status == 200u, told.body);
  BOOST_TEST(json_of(told)["redrives"] == 1);
  BOOST_TEST(comes_true([&] { return status_of(id) == "settled"; }));
  BOOST_TEST(channel.last_value() == "{\"a\":2}");
  BOOST_TEST(post(all + "/" + id + "/redrive").status == 409u);
  const auto history = get(all + "/" + id + "/events");
  BOOST_TEST(history["items"][2]["cause"]["by"] == "key:root");
  BOOST_TEST(history["items"][2]["cause"]["command"] == "redrive");

  const auto other = receive();
  BOOST_TEST(post(all + "/" + other + "/redrive", R"({"valueBase64":"//4="})").status == 200u);
  BOOST_TEST(comes_true([&] { return status_of(other) == "settled"; }));
  BOOST_TEST(channel.last_value() == "\xff\xfe");

  const auto third = receive("as it was");
  BOOST_TEST(post(all + "/" + third + "/redrive").status == 200u);
  BOOST_TEST(comes_true([&] { return status_of(third) == "settled"; }));
  BOOST_TEST(channel.last_value() == "as it was");
}

BOOST_AUTO_TEST_CASE(a_redrive_with_a_body_that_says_something_else_is_refused) {
  const auto id = receive();
  for (const auto* body : {"[]", "{\"valu\":\"x\"}", "{\"value\":1}", "{\"valueBase64\":\"/\"}",
                           "{\"value\":\"a\",\"valueBase64\":\"//4=\"}", "x"})
    BOOST_TEST(post(all + "/" + id + "/redrive", body).status == 400u, body);
  BOOST_TEST(status_of(id) == "dead");
}

BOOST_AUTO_TEST_CASE(a_discarded_letter_is_over_and_stays_readable) {
  const auto id = receive();
  BOOST_TEST(post(all + "/" + id + "/discard").status == 200u);
  BOOST_TEST(status_of(id) == "discarded");
  BOOST_TEST(get(all)["items"].empty());
  BOOST_TEST(post(all + "/" + id + "/discard").status == 200u);
  BOOST_TEST(post(all + "/" + id + "/redrive").status == 409u);
}

BOOST_AUTO_TEST_CASE(groups_say_how_many_died_of_what) {
  receive("{}", "A");
  receive("{}", "A");
  receive("{}", "B");
  const auto groups = get(all + "/groups");
  BOOST_TEST(groups["lookedAt"] == 3);
  BOOST_TEST(groups["isCut"] == false);
  BOOST_REQUIRE(groups["items"].size() == 2u);
  BOOST_TEST(groups["items"][0]["count"] == 2);
  BOOST_TEST(groups["items"][0]["type"] == "A");
  BOOST_TEST(groups["items"][0]["example"]["reason"] == "invalid-argument");
  BOOST_TEST(get(all + "/groups?status=retrying")["items"].empty());
  BOOST_TEST(status(all + "/groups?status=settled") == 400u);
}

BOOST_AUTO_TEST_CASE(all_letters_of_one_cause_are_redriven) {
  channel.answer(attempt::succeeded{});
  core.serve_letters(letter::channel::commands, &channel);
  for (int i = 0; i < 15; ++i)
    receive("{}", "A");
  receive("{}", "B");
  const std::string fingerprint = get(all + "?type=A")["items"][0]["fingerprint"];
  const auto begun = post(all + "/redrive", R"({"fingerprint":")" + fingerprint + "\"}");
  BOOST_REQUIRE_MESSAGE(begun.status == 202u, begun.body);
  BOOST_TEST(json_of(begun)["status"] == "running");
  BOOST_TEST(
    comes_true([&] { return get(all + "/redrives")["items"][0]["status"] == "finished"; }));
  const auto done = get(all + "/redrives")["items"][0];
  BOOST_TEST(done["redriven"] == 15);
  BOOST_TEST(done["settled"] == 15);
  BOOST_TEST(done["by"] == "key:root");
  BOOST_TEST(get(all)["items"].size() == 1u);
  BOOST_TEST(post(all + "/redrive", R"({"fingerprint":")" + fingerprint + "\"}").status == 404u);
  for (const auto* body : {"", "{}", R"({"fingerprint":"x"})", R"({"fingerprint":7})"})
    BOOST_TEST(post(all + "/redrive", body).status == 400u, body);
}

BOOST_AUTO_TEST_CASE(a_redrive_stops_at_the_first_death_and_says_so) {
  channel.answer(attempt::failed{wrong, false});
  core.serve_letters(letter::channel::commands, &channel);
  for (int i = 0; i < 5; ++i)
    receive();
  const std::string fingerprint = get(all)["items"][0]["fingerprint"];
  const auto body = R"({"fingerprint":")" + fingerprint + "\"}";
  BOOST_TEST(post(all + "/redrive", body).status == 202u);
  BOOST_TEST(comes_true([&] { return get(all + "/redrives")["items"][0]["status"] == "stopped"; }));
  const auto stopped = get(all + "/redrives")["items"][0];
  BOOST_TEST(stopped["diedAgain"] == 1);
  BOOST_TEST(stopped["why"].get<std::string>().find("died again") != std::string::npos);
  BOOST_TEST(get(all)["items"].size() == 5u);
}

BOOST_AUTO_TEST_CASE(one_redrive_of_a_cause_runs_at_a_time) {
  for (int i = 0; i < 3; ++i)
    receive();
  const std::string fingerprint = get(all)["items"][0]["fingerprint"];
  const auto body = R"({"fingerprint":")" + fingerprint + "\"}";
  BOOST_TEST(post(all + "/redrive", body).status == 202u);
  BOOST_TEST(post(all + "/redrive", body).status == 409u); // Nobody serves: the first one waits.
}

BOOST_AUTO_TEST_CASE(too_many_dead_letters_are_a_note_in_health_and_a_number_in_metrics) {
  for (int i = 0; i < 5; ++i)
    receive();
  BOOST_TEST(!get("/health").contains("notes"));
  receive();
  receive("{}", "T", true);
  const auto health = get("/health");
  BOOST_TEST(health["status"] == "ok");
  BOOST_REQUIRE(health["notes"].size() == 1u);
  BOOST_TEST(health["notes"][0].get<std::string>().starts_with("6 dead letters"));
  const auto text = send({verb::get, "/metrics"}).body;
  BOOST_TEST(text.find("\ndossier_letters_dead 6\n") != std::string::npos);
  BOOST_TEST(text.find("\ndossier_letters_retrying 1\n") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(letters_are_entities_like_others_and_no_news_for_listeners) {
  const auto id = receive();
  BOOST_TEST(get("/admin/api/actors?kind=letter")["items"].size() == 1u);
  BOOST_TEST(get("/admin/api/actors")["items"].empty());
  const auto info = get("/admin/api/actors/letter/" + id);
  BOOST_TEST(info["kind"] == "letter");
  BOOST_TEST(info["state"]["phase"] == "dead");
  BOOST_TEST(send({verb::post, "/admin/api/actors/letter/" + id + "/restart"}).status == 202u);
  const auto made = create();
  const auto events = get("/api/events");
  BOOST_REQUIRE(events["items"].size() == 1u);
  BOOST_TEST(events["items"][0]["type"] == "CustomerDocumentCreatedEvent");
  BOOST_TEST(events["isEnd"] == true);
  BOOST_TEST(get("/api/events?customerId=acme")["items"].size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "tests/gateway/edge_world.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <set>
#include <thread>

using namespace dossier;
using namespace dossier::test;

namespace events_routes_tests {

struct fixture : edge_world {
  nlohmann::json page(const std::string& query, std::optional<principal> caller = std::nullopt) {
    const auto answer = send({verb::get, "/api/events" + query, {}, {}, std::move(caller)});
    BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
    return json_of(answer);
  }

  /// All events behind `after`, page by page.
  std::vector<nlohmann::json> all(const std::string& filter, std::string after = {},
                                  int limit = 3) {
    std::vector<nlohmann::json> found;
    for (int pages_left = 100; pages_left > 0; --pages_left) {
      const auto got = page("?wait=0&limit=" + std::to_string(limit) + filter
                            + (after.empty() ? "" : "&after=" + after));
      for (const auto& item : got["items"])
        found.push_back(item);
      after = got["next"];
      if (got["isEnd"])
        return found;
    }
    BOOST_FAIL("the events never end");
    return found;
  }

  /// The id of a job that has ended.
  std::string ingest(const std::string& customer) {
    const std::string file
      = "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\n"
        "44,,01/02/2024,10:00:00,60,1.250,R1,GBP\n";
    const auto accepted
      = send({verb::post, "/api/cdr/upload-large?customerId=" + customer, {}, file});
    BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
    const std::string id = json_of(accepted)["correlationId"];
    const auto until = std::chrono::steady_clock::now() + seconds{20};
    while (json_of(send({verb::get, "/api/jobstatus/" + id}))["endedAt"].is_null()) {
      BOOST_REQUIRE(std::chrono::steady_clock::now() < until);
      std::this_thread::sleep_for(milliseconds{5});
    }
    return id;
  }

  /// The stream's next piece.
  std::optional<std::string> next(body_stream& stream) {
    auto piece = coroutines.run(stream.next());
    BOOST_REQUIRE(piece);
    return *piece;
  }

  std::shared_ptr<body_stream> open(const std::string& query, field_list fields = {}) {
    fields.emplace_back("Accept", "text/event-stream");
    const auto answer = send({verb::get, "/api/events" + query, std::move(fields)});
    BOOST_REQUIRE_MESSAGE(answer.status == 200, answer.body);
    BOOST_TEST(field_of(answer, "Content-Type") == "text/event-stream");
    BOOST_REQUIRE(answer.stream);
    BOOST_TEST(next(*answer.stream).value() == "retry: 2000\n\n");
    return answer.stream;
  }
};

/// The value of a line of the last message of a piece.
std::string line_of(const std::string& piece, const std::string& name) {
  const auto at = piece.rfind(name + ": ");
  BOOST_REQUIRE_MESSAGE(at != std::string::npos, piece);
  const auto begin = at + name.size() + 2;
  return piece.substr(begin, piece.find('\n', begin) - begin);
}

} // namespace events_routes_tests

BOOST_FIXTURE_TEST_SUITE(events_routes_tests, events_routes_tests::fixture)

BOOST_AUTO_TEST_CASE(every_event_is_there_once_and_those_of_an_entity_in_order) {
  std::set<std::string> wanted;
  for (const auto* customer : {"acme", "umbrella", "initech"})
    wanted.insert(create(R"({"documentType":"t","fileName":"f"})", customer).id);
  const auto id = upload("content");
  wanted.insert(id);
  std::set<std::string> heard;
  std::map<std::string, int> sequences;
  for (const auto& event : all("")) {
    BOOST_TEST(heard.insert(event["id"]).second, event["id"]);
    const auto subject = event["subject"].get<std::string>();
    BOOST_TEST(std::stoi(event["sequence"].get<std::string>()) == ++sequences[subject]);
  }
  BOOST_TEST(heard.size() == 6u);
  BOOST_TEST(sequences.size() == wanted.size());
  BOOST_TEST(sequences["document/" + id] == 3);
}

BOOST_AUTO_TEST_CASE(an_event_is_told_as_a_cloud_event) {
  const auto id = upload("content");
  const auto events = all("&types=CustomerDocumentUploadedEvent");
  BOOST_REQUIRE(events.size() == 1u);
  const auto& event = events.front();
  BOOST_TEST(event["specversion"] == "1.0");
  BOOST_TEST(event["id"] == id + "-3");
  BOOST_TEST(event["source"] == "/dossier");
  BOOST_TEST(event["type"] == "CustomerDocumentUploadedEvent");
  BOOST_TEST(event["subject"] == "document/" + id);
  BOOST_TEST(event["time"] == to_rfc3339(time.now()));
  BOOST_TEST(event["causationid"] == "request-1");
  BOOST_TEST(event["data"]["customerId"] == "acme");
}

BOOST_AUTO_TEST_CASE(filters_narrow_by_type_customer_and_subject) {
  const auto one = upload("content");
  const auto other = create(R"({"documentType":"t","fileName":"f"})", "umbrella").id;
  BOOST_TEST(all("&types=CustomerDocument*").size() == 4u);
  BOOST_TEST(all("&types=CustomerDocumentCreatedEvent").size() == 2u);
  BOOST_TEST(all("&customerId=umbrella").size() == 1u);
  BOOST_TEST(all("&customerId=acme").size() == 3u);
  BOOST_TEST(all("&subject=document/" + other).size() == 1u);
  BOOST_TEST(all("&subject=share/").empty());
  for (const auto* query : {"?types=,", "?limit=0", "?limit=1001", "?after=x", "?after=AAAA%3D",
                            "?customerId=.x", "?more=1", "?wait=21", "?wait=x"})
    BOOST_TEST(send({verb::get, std::string{"/api/events"} + query}).status == 400u, query);
}

BOOST_AUTO_TEST_CASE(a_customers_key_hears_its_own_customer_only) {
  upload("content");
  create(R"({"documentType":"t","fileName":"f"})", "umbrella");
  const auto key = customer_key("umbrella");
  BOOST_TEST(page("?customerId=umbrella", key)["items"].size() == 1u);
  BOOST_TEST(send({verb::get, "/api/events?customerId=acme", {}, {}, key}).status == 404u);
  BOOST_TEST(send({verb::get, "/api/events", {}, {}, key}).status == 400u);
}

BOOST_AUTO_TEST_CASE(what_happens_to_a_job_is_told_as_what_happens_to_a_document) {
  const auto job = ingest("acme");
  const auto events = all("&types=Job*");
  BOOST_REQUIRE(events.size() >= 3u);
  BOOST_TEST(events.front()["type"] == "JobAcceptedEvent");
  BOOST_TEST(events.front()["data"]["customerId"] == "acme");
  BOOST_TEST(events.back()["type"] == "JobFinishedEvent");
  int sequence = 0;
  for (const auto& event : events) {
    BOOST_TEST(event["id"] == job + "-" + std::to_string(++sequence));
    BOOST_TEST(event["source"] == "/dossier");
    BOOST_TEST(event["subject"] == "job/" + job);
    BOOST_TEST(event["partitionkey"] == job);
    BOOST_TEST(event["dataschema"]
               == "dossier:/schemas/" + event["type"].get<std::string>() + "/1");
  }
  BOOST_TEST(all("&subject=job/") == events);
  BOOST_TEST(all("&subject=document/").empty());
  BOOST_TEST(all("") == events);
}

BOOST_AUTO_TEST_CASE(the_events_of_a_job_are_those_of_its_customer) {
  const auto ours = ingest("acme");
  const auto neighbour = neighbour_of("acme", store->shard_count());
  const auto theirs = ingest(neighbour);
  const auto heard = page("?limit=1000&customerId=" + neighbour, customer_key(neighbour))["items"];
  BOOST_REQUIRE(!heard.empty());
  for (const auto& event : heard)
    BOOST_TEST(event["subject"] == "job/" + theirs);
  const auto of_acme = all("&customerId=acme");
  BOOST_REQUIRE(!of_acme.empty());
  for (const auto& event : of_acme)
    BOOST_TEST(event["subject"] == "job/" + ours);
}

BOOST_AUTO_TEST_CASE(a_stream_begins_with_now_and_tells_what_comes) {
  upload("before");
  const auto stream = open("");
  const auto id = create().id;
  const auto piece = next(*stream).value();
  BOOST_TEST(line_of(piece, "event") == "CustomerDocumentCreatedEvent");
  BOOST_TEST(nlohmann::json::parse(line_of(piece, "data"))["id"] == id + "-1");
  BOOST_TEST(piece.ends_with("\n\n"));
}

BOOST_AUTO_TEST_CASE(a_stream_goes_on_behind_the_last_id_that_was_heard) {
  const auto stream = open("");
  const auto first = create().id;
  const auto place = line_of(next(*stream).value(), "id");
  const auto second = create().id;
  // Somebody else's stream, later, from the same place; and the same as a page.
  const auto again = next(*open("", {{"Last-Event-ID", place}})).value();
  BOOST_TEST(nlohmann::json::parse(line_of(again, "data"))["id"] == second + "-1");
  BOOST_TEST(again.find(first) == std::string::npos);
  const auto rest = all("", place);
  BOOST_REQUIRE(rest.size() == 1u);
  BOOST_TEST(rest.front()["id"] == second + "-1");
}

BOOST_AUTO_TEST_CASE(every_message_of_a_piece_is_a_place_to_resume_from) {
  const auto stream = open("");
  const auto id = upload("content");
  auto piece = next(*stream).value();
  std::vector<std::string> places;
  for (std::size_t at = 0; (at = piece.find("id: ", at)) != std::string::npos; ++at)
    if (at == 0 || piece[at - 1] == '\n')
      places.push_back(piece.substr(at + 4, piece.find('\n', at) - at - 4));
  BOOST_REQUIRE(places.size() == 3u);
  for (std::size_t heard = 1; heard <= 3; ++heard) {
    const auto rest = all("", places[heard - 1]);
    BOOST_REQUIRE(rest.size() == 3 - heard);
    if (!rest.empty())
      BOOST_TEST(rest.front()["id"] == id + "-" + std::to_string(heard + 1));
  }
}

BOOST_AUTO_TEST_CASE(a_silent_stream_beats_and_a_drain_ends_it) {
  config.http.stream_heartbeat_ms = 120;
  const auto stream = open("?types=NothingEver");
  BOOST_TEST(next(*stream).value() == ": nothing new\n\n");
  create();
  BOOST_TEST(next(*stream).value() == ": nothing new\n\n");
  parts.is_draining = [] {
    return true;
  };
  BOOST_TEST(!next(*stream).has_value());
}

BOOST_AUTO_TEST_CASE(a_page_behind_everything_waits_for_what_comes) {
  upload("content");
  const auto end = page("?wait=0")["next"].get<std::string>();
  std::string id;
  parts.is_draining = [&, looks = 0]() mutable {
    if (++looks == 2)
      id = create().id; // While the page waits.
    return false;
  };
  const auto got = page("?types=CustomerDocument*&after=" + end);
  BOOST_REQUIRE(got["items"].size() == 1u);
  BOOST_TEST(got["items"][0]["id"] == id + "-1");
  // There is something, so nobody waits.
  parts.is_draining = {};
  BOOST_TEST(page("")["items"].size() == 4u);
  BOOST_TEST(page("?wait=20&after=" + end)["items"].size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_page_waits_no_longer_than_it_was_told) {
  const auto begun = std::chrono::steady_clock::now();
  const auto got = page("?wait=1&types=NothingEver");
  BOOST_TEST(got["items"].empty());
  BOOST_TEST((std::chrono::steady_clock::now() - begun >= seconds{1}));
  create();
  // What the filter leaves out need not be looked at again.
  BOOST_TEST(page("?wait=0&types=NothingEver")["next"] != got["next"]);
  parts.is_draining = [] {
    return true;
  };
  BOOST_TEST(page("?wait=20&types=NothingEver")["isEnd"] == true);
}

BOOST_AUTO_TEST_SUITE_END()

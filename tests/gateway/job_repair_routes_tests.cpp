// SPDX-License-Identifier: Apache-2.0
// Rejects over HTTP: repaired one by one, or as the list that was asked for.
#include "tests/gateway/job_world.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <thread>
#include <utility>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

BOOST_FIXTURE_TEST_SUITE(job_repair_routes_tests, job_world)

BOOST_AUTO_TEST_CASE(a_reject_is_repaired_by_its_corrected_text) {
  const auto id = ingest(three_rows);
  const auto repair = [&](const std::string& row, const std::string& text) {
    return send({verb::post,
                 "/api/jobs/" + id + "/rejects/" + row + "/repair",
                 {},
                 json{{"text", text}}.dump()});
  };
  const auto wrong = repair("2", "44,c,30/02/2024,10:00:00,60,1.250,R2,GBP");
  BOOST_TEST(wrong.status == 400u);
  BOOST_TEST(json_of(wrong)["pointer"] == "/text");
  BOOST_TEST(json_of(wrong)["detail"].get<std::string>().find("(cast): call_date: ")
             != std::string::npos);
  BOOST_TEST(repair("1", "x").status == 404u);
  BOOST_TEST(repair("99", "x").status == 404u);
  BOOST_TEST(repair("x", "x").status == 404u);
  const auto done = json_of(repair("2", "44,c,28/02/2024,10:00:00,60,1.250,R2,GBP"));
  BOOST_TEST(done == json::parse(R"({"repaired":1,"refused":0,"rejectsLeft":0,
                                     "status":"Succeeded","items":[]})"));
  BOOST_TEST(json_of(ask("/api/jobs/" + id + "/records/2"))["values"]["call_date"] == "2024-02-28");
  BOOST_TEST(json_of(ask("/api/jobs/" + id + "/rejects"))["items"].empty());
  BOOST_TEST(json_of(ask("/api/jobstatus/" + id))["processedRecordsCount"] == 3);
  BOOST_TEST(repair("2", "x").status == 404u);
}

BOOST_AUTO_TEST_CASE(the_list_of_rejects_comes_back_corrected) {
  std::string text = header;
  for (int i = 1; i <= 90; ++i)
    text += i % 3 == 0 ? "=1+1,\"b\nc\",bad,10:00:00,1,1,K" + std::to_string(i) + ",GBP\n"
                       : "a,b,01/02/2024,10:00:00,1,1,K" + std::to_string(i) + ",GBP\n";
  const auto id = ingest(text);
  auto list = text_of(ask("/api/jobs/" + id + "/rejects?format=csv"));
  for (auto at = list.find(",bad,"); at != list.npos; at = list.find(",bad,"))
    list.replace(at, 5, ",02/02/2024,");
  // One stays as it was, one is of no reject.
  list.replace(list.find(",02/02/2024,"), 12, ",worse,");
  list += "1,,,,,,,\"a,b\"\n";
  const auto target = "/api/jobs/" + id + "/rejects/repair";
  const std::vector<std::pair<std::string, std::string>> as_csv{{"Content-Type", "text/csv"}};
  const auto outcome = json_of(send({verb::post, target, as_csv, list}));
  BOOST_TEST(outcome["repaired"] == 29);
  BOOST_TEST(outcome["refused"] == 2);
  BOOST_TEST(outcome["rejectsLeft"] == 1);
  BOOST_TEST(outcome["items"][0]["row"] == 1);
  BOOST_TEST(outcome["items"][0]["kind"] == "no-reject");
  BOOST_TEST(outcome["items"][1]["row"] == 3);
  BOOST_TEST(outcome["items"][1]["kind"] == "cast");
  const auto row = json_of(ask("/api/jobs/" + id + "/records/6"))["values"];
  BOOST_TEST(row["caller_id"] == "=1+1");
  BOOST_TEST(row["recipient"] == "b\nc");
  BOOST_TEST(json_of(ask("/api/jobs/" + id + "/rejects"))["items"].size() == 1u);
  // What it says to bad files.
  const auto refused = [&](const std::string& file, unsigned status) {
    const auto answer = send({verb::post, target, as_csv, file});
    BOOST_TEST(answer.status == status, file << ": " << answer.body);
  };
  refused("", 400);
  refused("a,b\n1,2\n", 400);
  refused("row,text\nx,y\n", 400);
  refused("row,text\n3,y\n3,z\n", 400);
  refused("row,text\n\"3,y\n", 400);
  BOOST_TEST(send({verb::post, target, {}, list}).status == 415u);
}

// A job shows its end a moment before the turn is free again.
BOOST_AUTO_TEST_CASE(a_repair_waits_for_its_turn) {
  const auto id = ingest(three_rows);
  auto held = turn.take();
  while (!held) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
    held = turn.take();
  }
  const auto repair = [&] {
    return send({verb::post,
                 "/api/jobs/" + id + "/rejects/2/repair",
                 {},
                 json{{"text", "44,c,28/02/2024,10:00:00,60,1.250,R2,GBP"}}.dump()});
  };
  config.http.handler_deadline_ms = 50;
  const auto refused = repair();
  BOOST_TEST(refused.status == 503u);
  BOOST_TEST(field_of(refused, "Retry-After") == "1");
  config.http.handler_deadline_ms = 30'000;
  std::thread lets_go([held = std::move(held)]() mutable {
    std::this_thread::sleep_for(std::chrono::milliseconds(30));
    held = nullptr;
  });
  const auto done = repair();
  lets_go.join();
  BOOST_TEST(done.status == 200u);
}

BOOST_AUTO_TEST_CASE(others_cannot_repair) {
  const auto id = ingest(three_rows);
  const auto stranger = customer_key("umbrella");
  BOOST_TEST(
    send({verb::post, "/api/jobs/" + id + "/rejects/2/repair", {}, R"({"text":"x"})", stranger})
      .status
    == 404u);
}

BOOST_AUTO_TEST_SUITE_END()

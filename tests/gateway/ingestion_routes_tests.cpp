// SPDX-License-Identifier: Apache-2.0
// Files of records over HTTP: sent or named, watched, and what came of them.
#include "protocol/csv/dialect.hpp"
#include "tests/csv/stored_text.hpp"
#include "tests/gateway/job_world.hpp"

#include <nlohmann/json.hpp>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

BOOST_FIXTURE_TEST_SUITE(ingestion_routes_tests, job_world)

BOOST_AUTO_TEST_CASE(a_sent_file_becomes_rows_and_rejects) {
  const auto id = ingest(three_rows, "customerId=acme&fileName=calls.csv");
  const auto job = json_of(ask("/api/jobstatus/" + id));
  BOOST_TEST(job["status"] == "PartiallySucceeded");
  BOOST_TEST(job["type"] == "SingleFile");
  BOOST_TEST(job["originalFileName"] == "calls.csv");
  BOOST_TEST(job["processedRecordsCount"] == 2);
  BOOST_TEST(job["failedRecordsCount"] == 1);
  const auto rows = json_of(ask("/api/jobs/" + id + "/records"));
  BOOST_TEST(rows["nextAfter"].is_null());
  BOOST_TEST(rows["items"] == json::parse(R"([{"row":1,"offset":72,"values":{"caller_id":"44",
               "recipient":"a,\"b\"","call_date":"2024-02-01","end_time":"10:00:00","duration":60,
               "cost":1.250,"reference":"R1","currency":"GBP"}},
               {"row":3,"offset":162,"values":{"caller_id":"45","recipient":null,
               "call_date":"2024-02-03","end_time":"10:00:00","duration":0,"cost":0.0,
               "reference":"R3","currency":"EUR"}}])"));
  const auto rejects = json_of(ask("/api/jobs/" + id + "/rejects"))["items"];
  BOOST_REQUIRE(rejects.size() == 1u);
  BOOST_TEST(rejects[0]["row"] == 2);
  BOOST_TEST(rejects[0]["kind"] == "cast");
  BOOST_TEST(rejects[0]["column"] == "call_date");
  BOOST_TEST(rejects[0]["text"] == "44,c,31/02/2024,10:00:00,60,1.250,R2,GBP");
}

BOOST_AUTO_TEST_CASE(a_large_file_is_read_in_chunks_that_can_be_looked_at) {
  const auto id = ingest(many_rows(200));
  const auto job = json_of(ask("/api/jobstatus/" + id));
  BOOST_TEST(job["type"] == "Master");
  BOOST_TEST(job["status"] == "Succeeded");
  BOOST_TEST(job["processedRecordsCount"] == 200);
  BOOST_TEST(job["totalChunks"].get<int>() > 5);
  const auto chunks = json_of(ask("/api/jobs/" + id + "/chunks?limit=2"));
  BOOST_TEST(chunks["items"].size() == 2u);
  BOOST_TEST(chunks["nextAfter"] == 2);
  const auto second = json_of(ask("/api/jobstatus/" + id + "-2"));
  BOOST_TEST(second == chunks["items"][1]);
  BOOST_TEST(second["parentCorrelationId"] == id);
  BOOST_TEST(ask("/api/jobstatus/" + id + "-999").status == 404u);
  BOOST_TEST(ask("/api/jobstatus/" + id + "-0").status == 404u);
}

BOOST_AUTO_TEST_CASE(rows_come_page_by_page_or_all_at_once) {
  const auto id = ingest(many_rows(120));
  std::vector<int> numbers;
  json after = 0;
  while (!after.is_null()) {
    const auto page = json_of(
      ask("/api/jobs/" + id + "/records?limit=50&after=" + std::to_string(after.get<int>())));
    for (const auto& item : page["items"])
      numbers.push_back(item["row"]);
    after = page["nextAfter"];
  }
  BOOST_REQUIRE(numbers.size() == 120u);
  for (int i = 0; i < 120; ++i)
    BOOST_TEST(numbers[static_cast<std::size_t>(i)] == i + 1);
  const auto lines = text_of(ask("/api/jobs/" + id + "/records?format=ndjson"));
  BOOST_TEST(std::count(lines.begin(), lines.end(), '\n') == 120);
  const auto csv = text_of(ask("/api/jobs/" + id + "/records?format=csv&after=119"));
  BOOST_TEST(csv
             == "caller_id,recipient,call_date,end_time,duration,cost,reference,currency\r\n"
                "44,\"x\ny\",2024-02-01,10:00:00,60,1.250,K119,GBP\r\n");
}

BOOST_AUTO_TEST_CASE(one_row_is_found_by_its_number_and_by_its_key) {
  const auto id = ingest(many_rows(120));
  const auto row = json_of(ask("/api/jobs/" + id + "/records/77"));
  BOOST_TEST(row["row"] == 77);
  BOOST_TEST(row["values"]["reference"] == "K76");
  for (const auto* none : {"0", "121", "x", "77x", "-1"})
    BOOST_TEST(ask("/api/jobs/" + id + "/records/" + none).status == 404u, none);
  const auto found = json_of(ask("/api/records/cdr?key=K76"))["items"];
  BOOST_REQUIRE(found.size() == 1u);
  BOOST_TEST(found[0]["correlationId"] == id);
  BOOST_TEST(found[0]["row"] == 77);
  BOOST_TEST(json_of(ask("/api/records/cdr?key=K1000"))["items"].empty());
  BOOST_TEST(ask("/api/records/nothing?key=K1").status == 404u);
}

BOOST_AUTO_TEST_CASE(the_same_file_again_is_the_same_job) {
  const auto text = many_rows(30);
  const auto id = ingest(text);
  BOOST_TEST(ingest(text) == id);
  BOOST_TEST(json_of(ask("/api/jobs?customerId=acme"))["items"].size() == 1u);
  BOOST_TEST(ingest(text, "customerId=acme&header=yes") != id);
  BOOST_TEST(ingest(text, "customerId=other") != id);
}

BOOST_AUTO_TEST_CASE(an_uploaded_document_is_ingested_by_its_id) {
  const auto document = edge_world::upload(three_rows);
  const auto accepted = send({verb::post,
                              "/api/ingestion/jobs",
                              {},
                              R"({"documentId":")" + document + R"(","schema":"cdr"})"});
  BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
  const auto job = wait_for(json_of(accepted)["correlationId"]);
  BOOST_TEST(job["customerId"] == "acme");
  BOOST_TEST(job["processedRecordsCount"] == 2);
}

BOOST_AUTO_TEST_CASE(how_a_document_is_read_is_said_in_its_options) {
  const auto document = edge_world::upload("44;x;01/02/2024;10:00:00;60;1.250;R1;GBP\n"
                                           "44;y;31/02/2024;10:00:00;60;1.250;R2;GBP\n");
  const auto create = [&](const std::string& options) {
    return send(
      {verb::post,
       "/api/ingestion/jobs",
       {},
       R"({"documentId":")" + document + R"(","schema":"cdr","options":)" + options + '}'});
  };
  const auto tried = json_of(
    create(R"({"delimiter":";","header":false,"columns":"position","keep":true,"dryRun":5})"));
  BOOST_TEST(tried["dialect"]["delimiter"] == ";");
  BOOST_TEST(tried["dialect"]["header"] == false);
  BOOST_TEST(tried["rows"] == 1);
  BOOST_TEST(tried["rejects"] == 1);
  const auto accepted = create(
    R"({"delimiter":";","header":false,"columns":"position","schemaVersion":1,"rejectsMax":7})");
  BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
  const auto job = wait_for(json_of(accepted)["correlationId"]);
  BOOST_TEST(job["status"] == "PartiallySucceeded");
  BOOST_TEST(job["limits"]["rejectsMax"] == 7);
  BOOST_TEST(create("null").status == 202u);
  const auto refused = [&](const std::string& options, const std::string& where) {
    const auto answer = create(options);
    BOOST_TEST(answer.status == 400u, answer.body);
    BOOST_TEST(answer.body.find('"' + where + '"') != std::string::npos, answer.body);
  };
  refused(R"({"header":"yes"})", "/options/header");
  refused(R"({"keep":1})", "/options/keep");
  refused(R"({"dryRun":0})", "/options/dryRun");
  refused(R"({"dryRun":"5"})", "/options/dryRun");
  refused(R"({"delimiter":"ab"})", "/options/delimiter");
  refused(R"({"columns":"guess"})", "/options/columns");
  refused(R"({"rejectsMax":999999999})", "/options/rejectsMax");
  refused(R"({"separator":";"})", "/options/separator");
  refused("[]", "/options");
  refused(R"({"schemaVersion":9})", "/schema");
  refused(R"({},"delimiter":";")", "/delimiter");
}

BOOST_AUTO_TEST_CASE(rows_are_published_of_jobs_that_ask_for_it) {
  const auto id = ingest(three_rows, "customerId=acme&publish=yes");
  BOOST_TEST(wait_for(id)["publish"] == true);
  // The job that is found again publishes whether it is asked for it or not.
  BOOST_TEST(ingest(three_rows) == id);
  const auto other = ingest(three_rows, "customerId=other");
  BOOST_TEST(wait_for(other)["publish"] == false);
  BOOST_TEST(ingest(three_rows, "customerId=other&publish=yes") == other);
  BOOST_TEST(wait_for(other)["publish"] == true);
  BOOST_TEST(upload(three_rows, "publish=true").status == 400u);
  const auto document = edge_world::upload("44;x;01/02/2024;10:00:00;60;1.250;R9;GBP\n");
  const auto create = [&](const std::string& options) {
    return send({verb::post,
                 "/api/ingestion/jobs",
                 {},
                 R"({"documentId":")" + document + R"(","options":)" + options + '}'});
  };
  const auto wrong = create(R"({"publish":"yes"})");
  BOOST_TEST(wrong.status == 400u);
  BOOST_TEST(wrong.body.find("/options/publish") != std::string::npos, wrong.body);
  const auto accepted = create(R"({"publish":true,"header":false,"columns":"position"})");
  BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
  BOOST_TEST(wait_for(json_of(accepted)["correlationId"])["publish"] == true);
}

BOOST_AUTO_TEST_CASE(what_cannot_be_asked_for_is_refused_by_name) {
  const auto refused = [&](const std::string& query, const std::string& where, unsigned status) {
    const auto answer = upload(three_rows, query);
    BOOST_TEST(answer.status == status, query << ": " << answer.body);
    BOOST_TEST(answer.body.find(where) != std::string::npos, query << ": " << answer.body);
  };
  refused("schema=none", "cdr version 1", 400);
  refused("schema=cdr&schemaVersion=2", "cdr version 1", 400);
  refused("delimiter=ab", "delimiter", 400);
  refused("header=maybe", "header", 400);
  refused("encoding=ebcdic", "encoding", 400);
  refused("columns=guess", "columns", 400);
  refused("keep=1", "keep", 400);
  refused("rejectsMax=999999999", "reject", 400);
  refused("rows=3", "rows", 400);
  refused("customerId=../etc", "customer", 400);
  const auto create = [&](const std::string& body) {
    return send({verb::post, "/api/ingestion/jobs", {}, body}).status;
  };
  BOOST_TEST(create("{}") == 400u);
  BOOST_TEST(create(R"({"documentId":"none"})") == 404u);
  const auto empty = edge_world::create();
  BOOST_TEST(create(R"({"documentId":")" + empty.id + R"("})") == 409u);
}

BOOST_AUTO_TEST_CASE(a_customer_sees_its_own_jobs_only) {
  const auto id = ingest(three_rows);
  const auto other = customer_key("other");
  for (const auto& path : {"/api/jobstatus/" + id, "/api/jobs/" + id + "/records",
                           "/api/jobs/" + id + "/rejects", "/api/jobs/" + id + "/chunks",
                           "/api/jobs/" + id + "/events", "/api/jobs/" + id + "/records/1"})
    BOOST_TEST(ask(path, other).status == 404u, path);
  BOOST_TEST(ask("/api/jobs", other).status == 400u);
  BOOST_TEST(ask("/api/jobs?customerId=acme", other).status == 404u);
  BOOST_TEST(ask("/api/records/cdr?key=R1", other).status == 400u);
  BOOST_TEST(json_of(ask("/api/jobs?customerId=other", other))["items"].empty());
  BOOST_TEST(json_of(ask("/api/records/cdr?key=R1&customerId=other", other))["items"].empty());
}

BOOST_AUTO_TEST_CASE(what_is_over_is_not_cancelled_and_its_history_is_told) {
  const auto id = ingest(three_rows);
  BOOST_TEST(send({verb::post, "/api/jobs/" + id + "/cancel"}).status == 409u);
  BOOST_TEST(send({verb::post, "/api/jobs/" + id + "/retry-failed-chunks"}).status == 409u);
  BOOST_TEST(send({verb::post, "/api/jobs/" + id + "/cancel", {}, R"({"why":"x"})"}).status
             == 400u);
  const auto events = json_of(ask("/api/jobs/" + id + "/events"))["items"];
  BOOST_REQUIRE(events.size() == 6u);
  BOOST_TEST(events[0]["type"] == "JobAcceptedEvent");
  BOOST_TEST(events[4]["type"] == "JobKeysComparedEvent");
  BOOST_TEST(events[5]["type"] == "JobFinishedEvent");
  BOOST_TEST(json_of(ask("/api/jobs?list=troubled&customerId=acme"))["items"][0]["correlationId"]
             == id);
  BOOST_TEST(json_of(ask("/api/jobs?list=open"))["items"].empty());
}

BOOST_AUTO_TEST_CASE(a_job_can_be_watched_to_its_end) {
  const auto accepted = upload(many_rows(200));
  const std::string id = json_of(accepted)["correlationId"];
  const auto events = text_of(ask("/api/jobs/" + id + "/stream"));
  BOOST_TEST(events.find("event: end\ndata: {\"correlationId\":\"" + id) != std::string::npos);
  BOOST_TEST(events.find("\"status\":\"Succeeded\"") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_file_may_come_in_a_form_but_not_in_any_coding) {
  const auto form = "--b\r\nContent-Disposition: form-data; name=f; filename=x.csv\r\n\r\n"
                    + three_rows + "\r\n--b--\r\n";
  const auto send_as = [&](const std::string& text, field_list fields) {
    return send({verb::post, "/api/cdr/upload-large?customerId=acme", std::move(fields), text});
  };
  const auto accepted = send_as(form, {{"Content-Type", "multipart/form-data; boundary=b"}});
  BOOST_REQUIRE_MESSAGE(accepted.status == 202, accepted.body);
  BOOST_TEST(json_of(accepted)["correlationId"] == ingest(three_rows));
  BOOST_TEST(send_as("x", {{"Content-Encoding", "br"}}).status == 415u);
  BOOST_TEST(send_as("x", {{"Content-Encoding", "gzip"}}).status == 400u);
  BOOST_TEST(
    send_as(form, {{"Content-Type", "multipart/form-data; boundary=b"}, {"Content-MD5", "x"}})
      .status
    == 400u);
}

BOOST_AUTO_TEST_CASE(a_dry_run_says_what_would_become_of_the_beginning_and_keeps_nothing) {
  const auto tried = upload(three_rows, "customerId=acme&dryRun=1");
  BOOST_REQUIRE_MESSAGE(tried.status == 200, tried.body);
  const auto found = json_of(tried);
  BOOST_TEST(found["rows"] == 1);
  BOOST_TEST(found["rejects"] == 0);
  BOOST_TEST(found["dialect"]["delimiter"] == ",");
  BOOST_TEST(found["dialect"]["reasons"].size() == 4u);
  BOOST_TEST(found["fields"][6]["column"] == "reference");
  const auto more = json_of(upload(three_rows, "customerId=acme&dryRun=100"));
  BOOST_TEST(more["rows"] == 2);
  BOOST_TEST(more["items"][0]["row"] == 2);
  BOOST_TEST(json_of(ask("/api/jobs?customerId=acme"))["items"].empty());
  BOOST_TEST(upload("a,b\n1,2\n", "customerId=acme&dryRun=5").status == 400u);
  BOOST_TEST(upload(three_rows, "customerId=acme&dryRun=0").status == 400u);
  bool is_there = false;
  BOOST_REQUIRE(blobs->each([&](const content_key&, std::uint64_t) { return is_there = true; }));
  BOOST_TEST(!is_there);
}

BOOST_AUTO_TEST_CASE(a_file_in_another_encoding_is_read_as_text_at_its_own_offsets) {
  int files = 0;
  const auto is_read = [&](csv::text_encoding stored_as, const std::string& mark,
                           const std::string& query, const std::string& name) {
    const auto text = header + "caf\xc3\xa9,c,01/02/2024,10:00:00,60,1.250,R"
                      + std::to_string(++files) + ",GBP\n\xc3\xa9\n";
    const csv::stored_text file(stored_as, mark + text);
    const auto tried = json_of(upload(file.bytes, "customerId=acme&dryRun=10" + query));
    BOOST_TEST(tried["dialect"]["encoding"] == name);
    BOOST_TEST(tried["rows"] == 1);
    const auto id = ingest(file.bytes, "customerId=acme" + query);
    const auto row = json_of(ask("/api/jobs/" + id + "/records"))["items"][0];
    BOOST_TEST(row["values"]["caller_id"] == "caf\xc3\xa9");
    BOOST_TEST(row["offset"] == file.offsets[mark.size() + header.size()]);
    const auto rejects = json_of(ask("/api/jobs/" + id + "/rejects"))["items"];
    BOOST_REQUIRE(rejects.size() == 1u);
    BOOST_TEST(tried["items"] == rejects);
    BOOST_TEST(rejects[0]["text"] == "\xc3\xa9");
    BOOST_TEST(rejects[0]["offset"] == file.offsets[file.text.size() - 3]);
    BOOST_TEST(rejects[0]["offset"].get<std::size_t>() + rejects[0]["sizeBytes"].get<std::size_t>()
               == file.bytes.size());
  };
  const std::string mark(csv::utf8_bom);
  is_read(csv::text_encoding::utf16le, mark, "", "UTF-16LE");
  is_read(csv::text_encoding::utf16be, mark, "", "UTF-16BE");
  is_read(csv::text_encoding::utf16be, "", "&encoding=utf-16be", "UTF-16BE");
  is_read(csv::text_encoding::latin1, "", "", "Latin-1");
  is_read(csv::text_encoding::latin1, "", "&encoding=latin-1", "Latin-1");
}

BOOST_AUTO_TEST_CASE(a_formula_in_a_reject_is_harmless_in_csv) {
  const auto id = ingest(header + "=1+1,x\n\"+2\",y\n");
  const auto csv = text_of(ask("/api/jobs/" + id + "/rejects?format=csv"));
  BOOST_TEST(csv.find(",\"'=1+1,x\"\r\n") != std::string::npos, csv);
  BOOST_TEST(csv.find("\n=") == std::string::npos, csv);
}

BOOST_AUTO_TEST_CASE(a_key_that_was_there_before_is_a_reject_of_its_own_kind) {
  const auto first = ingest(three_rows);
  const auto id = ingest(three_rows + "1,2,03/02/2024,10:00:00,1,0,R9,EUR\n");
  const auto rejects = json_of(ask("/api/jobs/" + id + "/rejects"))["items"];
  BOOST_REQUIRE(rejects.size() == 3u);
  BOOST_TEST(rejects[0]["kind"] == "duplicate-key");
  BOOST_TEST(rejects[0]["column"] == "reference");
  BOOST_TEST(rejects[0]["message"] == "row 1 of the job " + first + " has this key already");
  BOOST_TEST(rejects[0]["text"] == "44,\"a,\"\"b\"\"\",01/02/2024,10:00:00,60,1.250,R1,GBP");
  BOOST_TEST(json_of(ask("/api/jobs/" + id + "/records"))["items"].size() == 1u);
  BOOST_TEST(ask("/api/jobs/" + id + "/records/1").status == 404u);
  const auto found = json_of(ask("/api/records/cdr?key=R1"));
  BOOST_TEST(found["isComplete"] == true);
  BOOST_REQUIRE(found["items"].size() == 1u);
  BOOST_TEST(found["items"][0]["correlationId"] == first);
}

BOOST_AUTO_TEST_SUITE_END()

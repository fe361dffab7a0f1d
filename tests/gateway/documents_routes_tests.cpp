// SPDX-License-Identifier: Apache-2.0
// What the document routes promise their callers.
#include "tests/gateway/edge_world.hpp"

#include <nlohmann/json.hpp>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace documents_routes_tests {

const std::string acme_documents = "/api/customers/acme/documents";

struct fixture : edge_world {
  response post(const std::string& body, field_list fields = {},
                std::optional<principal> caller = {}) {
    return send({verb::post, acme_documents, std::move(fields), body, std::move(caller)});
  }

  response read(const std::string& id, std::optional<principal> caller = {},
                const std::string& query = "") {
    return send({verb::get, "/api/documents/" + id + query, {}, "", std::move(caller)});
  }

  response patch(const std::string& id, const std::string& body, const std::string& tag) {
    return send({verb::patch, "/api/documents/" + id, {{"If-Match", tag}}, body});
  }

  std::string in(seconds time_from_now) { return to_rfc3339(time.now() + time_from_now); }

  /// That a body is refused as `code`, pointing there.
  void check_refused(const std::string& body, std::string_view type, std::string_view pointer) {
    const auto refused = post(body);
    BOOST_TEST_CONTEXT(body) {
      const auto told = json_of(refused);
      BOOST_TEST(refused.status == 400u);
      BOOST_TEST(told["type"] == "/problems/" + std::string{type});
      BOOST_TEST(told.value("pointer", "") == pointer);
      BOOST_TEST(told["detail"].get<std::string>().size() > 10u);
    }
  }
};

} // namespace documents_routes_tests

BOOST_FIXTURE_TEST_SUITE(documents_routes_tests, documents_routes_tests::fixture)

BOOST_AUTO_TEST_CASE(a_created_document_is_answered_with_its_place_and_an_upload_url) {
  const auto made = post(R"({"documentType":"invoice","fileName":"May 2026.pdf"})");
  BOOST_REQUIRE(made.status == 201u);
  const auto answer = json_of(made);
  BOOST_TEST(answer.size() == 4u);
  const auto id = answer["documentId"].get<std::string>();
  BOOST_TEST(field_of(made, "Location") == "/api/documents/" + id);
  BOOST_TEST(
    answer["uploadSasUri"].get<std::string>().starts_with("http://h:1/content/" + id + "?se="));
  BOOST_TEST(answer["blobPath"].get<std::string>().ends_with("_May 2026.pdf"));
  const auto grant_ends = std::chrono::floor<seconds>(time.now() + seconds{900});
  BOOST_TEST(answer["uploadExpiresAt"] == to_rfc3339(grant_ends));
}

BOOST_AUTO_TEST_CASE(a_document_reads_as_it_was_declared) {
  const auto expiry = in(seconds{100});
  const auto made
    = create(R"({"documentType":"invoice","fileName":"ä\"b.pdf","expiryDate":")" + expiry
             + R"(","contentType":"application/pdf","sizeBytes":5,"sha256":")"
             + std::string(64, 'A') + R"("})");
  time.pass(milliseconds{1});
  const auto found = read(made.id);
  BOOST_REQUIRE(found.status == 200u);
  BOOST_TEST(field_of(found, "ETag") == "\"v1\"");
  const auto document = json_of(found);
  BOOST_TEST(document["id"] == made.id);
  BOOST_TEST(document["customerId"] == "acme");
  BOOST_TEST(document["documentType"] == "invoice");
  BOOST_TEST(document["fileName"] == "ä\"b.pdf");
  BOOST_TEST(document["contentType"] == "application/pdf");
  BOOST_TEST(document["sizeBytes"] == 5);
  BOOST_TEST(document["sha256"] == std::string(64, 'a'));
  BOOST_TEST(document["expiryDate"] == expiry);
  BOOST_TEST(document["ttl"] == 99); // 99.999 s are left: whole seconds, rounded down.
  BOOST_TEST(document["uploaded"] == false);
  BOOST_TEST(document["status"] == "pending");
  BOOST_TEST(document["version"] == 1);
  BOOST_TEST(document.size() == 15u);
}

BOOST_AUTO_TEST_CASE(what_is_not_known_reads_as_null) {
  const auto document = json_of(read(create().id));
  for (const auto* name : {"sizeBytes", "sha256", "expiryDate", "ttl"})
    BOOST_TEST(document[name].is_null(), name);
  BOOST_TEST(document["contentType"] == "application/octet-stream");
}

BOOST_AUTO_TEST_CASE(each_bad_member_is_refused_by_its_pointer) {
  const auto with = [](const std::string& more) {
    return R"({"documentType":"invoice","fileName":"a",)" + more + "}";
  };
  check_refused("{}", "invalid-argument", "/documentType");
  check_refused(R"({"documentType":"invoice"})", "invalid-argument", "/fileName");
  check_refused(R"({"documentType":"","fileName":"a"})", "invalid-argument", "/documentType");
  check_refused(R"({"documentType":"a b","fileName":"a"})", "invalid-argument", "/documentType");
  check_refused(R"({"documentType":7,"fileName":"a"})", "invalid-argument", "/documentType");
  for (const auto* name :
       {"", ".", "..", "a/b", "a\\\\b", "a\\u0000", "a\\n", "\\u007f", "\\u0085"})
    check_refused(R"({"documentType":"t","fileName":")" + std::string{name} + R"("})",
                  "invalid-argument", "/fileName");
  check_refused(R"({"documentType":"t","fileName":")" + std::string(256, 'a') + R"("})",
                "invalid-argument", "/fileName");
  check_refused(with(R"("expiryDate":"tomorrow")"), "invalid-argument", "/expiryDate");
  check_refused(with(R"("expiryDate":1800000000)"), "invalid-argument", "/expiryDate");
  check_refused(with(R"("expiryDate":")" + in(seconds{-1}) + R"(")"), "invalid-argument",
                "/expiryDate");
  check_refused(with(R"("contentType":"pdf")"), "invalid-argument", "/contentType");
  check_refused(with(R"("contentType":"text/plain; charset=utf-8")"), "invalid-argument",
                "/contentType");
  check_refused(with(R"("contentType":"a/b\r\nX: y")"), "invalid-argument", "/contentType");
  check_refused(with(R"("sizeBytes":-1)"), "invalid-argument", "/sizeBytes");
  check_refused(with(R"("sizeBytes":1.5)"), "invalid-argument", "/sizeBytes");
  check_refused(with(R"("sizeBytes":5497558138881)"), "invalid-argument", "/sizeBytes");
  check_refused(with(R"("sha256":"abc")"), "invalid-argument", "/sha256");
  check_refused(with(R"("sha256":")" + std::string(64, 'g') + R"(")"), "invalid-argument",
                "/sha256");
  check_refused(with(R"("owner":"me")"), "invalid-argument", "/owner");
  check_refused(with(R"("fileName":"b")"), "malformed", "/fileName");
}

BOOST_AUTO_TEST_CASE(all_problems_of_a_body_are_told_at_once) {
  const auto detail
    = json_of(post(R"({"fileName":"a/b","sizeBytes":"x","zzz":1})"))["detail"].get<std::string>();
  for (const auto* part : {"documentType is missing", "fileName must", "sizeBytes must", "\"zzz\""})
    BOOST_TEST(detail.find(part) != std::string::npos, detail);
}

BOOST_AUTO_TEST_CASE(a_body_above_the_limit_is_refused) {
  const auto refused = post(R"({"documentType":")" + std::string(70'000, 'a') + "\"}");
  BOOST_TEST(refused.status == 413u);
}

BOOST_AUTO_TEST_CASE(a_customer_key_sees_its_own_customers_only) {
  const auto made = create();
  BOOST_TEST(read(made.id, customer_key("acme")).status == 200u);
  const auto foreign = read(made.id, customer_key("umbrella"));
  auto unknown_id = made.id;
  unknown_id[3] = unknown_id[3] == '0' ? '1' : '0';
  const auto missing = read(unknown_id, customer_key("umbrella"));
  BOOST_TEST(foreign.status == 404u);
  BOOST_TEST(foreign.body == missing.body);
  BOOST_TEST((foreign.fields == missing.fields));
  const auto no_id = read("nonsense", customer_key("umbrella"));
  BOOST_TEST(no_id.body == missing.body);
}

BOOST_AUTO_TEST_CASE(every_route_hides_foreign_documents_alike) {
  const auto id = upload("content");
  const auto stranger = customer_key("umbrella");
  const std::string path = "/api/documents/" + id;
  const std::vector<call> calls{
    {verb::get, path, {}, "", stranger},
    {verb::patch, path, {{"If-Match", "*"}}, R"({"fileName":"x"})", stranger},
    {verb::del, path, {}, "", stranger},
    {verb::post, path + "/confirm-upload", {}, R"({"uploaded":true})", stranger},
    {verb::get, path + "/download", {}, "", stranger},
    {verb::get, path + "/events", {}, "", stranger},
  };
  const auto expected = read("nonsense", stranger).body;
  for (const auto& each : calls) {
    const auto refused = send(each);
    BOOST_TEST(refused.status == 404u);
    BOOST_TEST(refused.body == expected);
  }
  BOOST_TEST(json_of(read(id))["version"] == 3);
}

BOOST_AUTO_TEST_CASE(a_foreign_customer_is_not_found_whether_it_exists_or_not) {
  const auto body = R"({"documentType":"t","fileName":"f"})";
  const auto foreign = post(body, {}, customer_key("umbrella"));
  BOOST_TEST(foreign.status == 404u);
  const auto listed = send({verb::get, acme_documents, {}, "", customer_key("umbrella")});
  BOOST_TEST(listed.status == 404u);
  BOOST_TEST(foreign.body == listed.body);
  BOOST_TEST(send({verb::get, "/api/customers/.acme/documents"}).status == 400u);
}

BOOST_AUTO_TEST_CASE(the_customer_in_the_query_must_be_the_documents) {
  const auto id = create().id;
  BOOST_TEST(read(id, {}, "?customerId=acme").status == 200u);
  BOOST_TEST(read(id, {}, "?customerId=umbrella").status == 404u);
  BOOST_TEST(read(id, {}, "?customer=acme").status == 400u);
  BOOST_TEST(read(id, {}, "?customerId=acme&customerId=acme").status == 400u);
}

BOOST_AUTO_TEST_CASE(a_reader_who_knows_the_version_is_told_so) {
  const auto id = create().id;
  const auto same = send({verb::get, "/api/documents/" + id, {{"If-None-Match", "\"v1\""}}});
  BOOST_TEST(same.status == 304u);
  BOOST_TEST(same.body.empty());
  BOOST_TEST(field_of(same, "ETag") == "\"v1\"");
  BOOST_TEST(send({verb::get, "/api/documents/" + id, {{"If-None-Match", "\"v2\""}}}).status
             == 200u);
  BOOST_TEST(send({verb::get, "/api/documents/" + id, {{"If-None-Match", "v1"}}}).status == 400u);
}

BOOST_AUTO_TEST_CASE(an_upload_is_confirmed_once_its_content_is_there) {
  const auto made = create();
  const auto early = confirm(made.id);
  BOOST_TEST(early.status == 409u);
  BOOST_TEST(put(made.upload_target, "content").status == 201u);
  const auto done = confirm(made.id);
  BOOST_REQUIRE(done.status == 200u);
  const auto document = json_of(done);
  BOOST_TEST(document["uploaded"] == true);
  BOOST_TEST(document["status"] == "uploaded");
  BOOST_TEST(document["sizeBytes"] == 7);
  BOOST_TEST(field_of(done, "ETag") == "\"v3\"");
  const auto again = confirm(made.id);
  BOOST_TEST(again.status == 200u);
  BOOST_TEST(again.body == done.body);
}

BOOST_AUTO_TEST_CASE(content_that_vanished_cannot_be_confirmed) {
  const auto made = create();
  BOOST_REQUIRE(put(made.upload_target, "content").status == 201u);
  std::filesystem::remove_all(directory / "blobs");
  BOOST_TEST(confirm(made.id).status == 409u);
  BOOST_TEST(json_of(read(made.id))["status"] == "pending");
}

BOOST_AUTO_TEST_CASE(a_confirmation_says_true_and_nothing_else) {
  const auto path = "/api/documents/" + create().id + "/confirm-upload";
  for (const auto* body :
       {"{}", R"({"uploaded":false})", R"({"uploaded":"true"})", R"({"uploaded":null})",
        R"({"uploaded":true,"x":1})", "true", "[true]", ""})
    BOOST_TEST(send({verb::post, path, {}, body}).status == 400u, body);
}

BOOST_AUTO_TEST_CASE(a_change_needs_the_present_version) {
  const auto id = create().id;
  const auto body = R"({"fileName":"b.pdf"})";
  BOOST_TEST(send({verb::patch, "/api/documents/" + id, {}, body}).status == 428u);
  BOOST_TEST(patch(id, body, "\"v9\"").status == 412u);
  BOOST_TEST(patch(id, body, "W/\"v1\"").status == 412u);
  BOOST_TEST(patch(id, body, "\"1\"").status == 412u);
  BOOST_TEST(patch(id, body, "v1").status == 400u);
  const auto changed = patch(id, body, "\"v0\", \"v1\"");
  BOOST_REQUIRE(changed.status == 200u);
  BOOST_TEST(json_of(changed)["fileName"] == "b.pdf");
  BOOST_TEST(field_of(changed, "ETag") == "\"v2\"");
  BOOST_TEST(patch(id, R"({"documentType":"offer"})", "*").status == 200u);
}

BOOST_AUTO_TEST_CASE(an_expiry_is_set_moved_and_removed) {
  const auto id = create().id;
  const auto later = in(seconds{500});
  const auto set = json_of(patch(id, R"({"expiryDate":")" + later + R"("})", "*"));
  BOOST_TEST(set["expiryDate"] == later);
  BOOST_TEST(set["ttl"] == 500);
  BOOST_TEST(json_of(patch(id, R"({"expiryDate":null})", "*"))["expiryDate"].is_null());
  const auto past = patch(id, R"({"expiryDate":")" + in(seconds{0}) + R"("})", "*");
  BOOST_TEST(past.status == 400u);
  BOOST_TEST(json_of(past)["pointer"] == "/expiryDate");
}

BOOST_AUTO_TEST_CASE(a_change_changes_something_that_can_be_changed) {
  const auto id = create().id;
  for (const auto* body : {"{}", R"({"fileName":null})", R"({"status":"uploaded"})",
                           R"({"fileName":".."})", R"({"documentType":5})", R"({"expiryDate":5})"})
    BOOST_TEST(patch(id, body, "*").status == 400u, body);
  BOOST_TEST(json_of(read(id))["version"] == 1);
}

BOOST_AUTO_TEST_CASE(a_removed_document_is_gone_for_everything_but_its_history) {
  const auto id = upload("content");
  const auto path = "/api/documents/" + id;
  BOOST_TEST(send({verb::del, path}).status == 204u);
  BOOST_TEST(send({verb::del, path}).status == 204u);
  BOOST_TEST(read(id).status == 410u);
  BOOST_TEST(patch(id, R"({"fileName":"x"})", "*").status == 410u);
  BOOST_TEST(confirm(id).status == 410u);
  BOOST_TEST(send({verb::get, path + "/download"}).status == 410u);
  BOOST_TEST(read(id, customer_key("umbrella")).status == 404u);
  const auto history = json_of(send({verb::get, path + "/events"}));
  BOOST_TEST(history["items"].back()["type"] == "CustomerDocumentDeletedEvent");
  BOOST_TEST(json_of(send({verb::get, acme_documents}))["items"].empty());
}

BOOST_AUTO_TEST_CASE(only_the_named_version_is_removed) {
  const auto id = create().id;
  BOOST_TEST(send({verb::del, "/api/documents/" + id, {{"If-Match", "\"v7\""}}}).status == 412u);
  BOOST_TEST(read(id).status == 200u);
  BOOST_TEST(send({verb::del, "/api/documents/" + id, {{"If-Match", "\"v1\""}}}).status == 204u);
}

BOOST_AUTO_TEST_CASE(what_is_over_by_the_clock_is_over_before_its_timer_fires) {
  const auto id
    = create(R"({"documentType":"t","fileName":"f","expiryDate":")" + in(seconds{10}) + R"("})").id;
  BOOST_TEST(json_of(send({verb::get, acme_documents}))["items"].size() == 1u);
  time.pass(seconds{10});
  BOOST_TEST(read(id).status == 410u);
  BOOST_TEST(json_of(send({verb::get, acme_documents}))["items"].empty());
}

BOOST_AUTO_TEST_CASE(a_list_is_paged_newest_first) {
  std::vector<std::string> made;
  for (int i = 0; i < 5; ++i) {
    made.push_back(create().id);
    time.pass(milliseconds{5});
  }
  create(R"({"documentType":"t","fileName":"f"})", "umbrella");
  std::vector<std::string> seen;
  std::string cursor;
  int pages = 0;
  do {
    const auto query = cursor.empty() ? "?limit=2" : "?limit=2&cursor=" + cursor;
    const auto page = json_of(send({verb::get, acme_documents + query}));
    for (const auto& item : page["items"])
      seen.push_back(item["id"]);
    cursor = page["nextCursor"].is_null() ? "" : page["nextCursor"].get<std::string>();
  } while (!cursor.empty() && ++pages < 10);
  std::reverse(made.begin(), made.end());
  BOOST_TEST(seen == made, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_list_is_filtered) {
  create();
  upload("content", R"({"documentType":"offer","fileName":"o"})");
  const auto count = [&](const std::string& query) {
    return json_of(send({verb::get, acme_documents + query}))["items"].size();
  };
  BOOST_TEST(count("") == 2u);
  BOOST_TEST(count("?status=pending") == 1u);
  BOOST_TEST(count("?status=uploaded&documentType=offer") == 1u);
  BOOST_TEST(count("?documentType=none") == 0u);
}

BOOST_AUTO_TEST_CASE(a_bad_list_query_is_refused_by_name) {
  create();
  time.pass(milliseconds{5});
  create();
  const auto cursor
    = json_of(send({verb::get, acme_documents + "?limit=1"}))["nextCursor"].get<std::string>();
  const auto check = [&](const std::string& query, const std::string& name) {
    const auto refused = send({verb::get, acme_documents + query});
    BOOST_TEST(refused.status == 400u, query);
    BOOST_TEST(json_of(refused)["pointer"] == name, query);
  };
  for (const auto* limit : {"0", "201", "-1", "x", "1x", "", "99999999999999999999"})
    check("?limit=" + std::string{limit}, "limit");
  check("?status=lost", "status");
  check("?documentType=a%20b", "documentType");
  check("?sort=asc", "sort");
  for (const auto& bad :
       {std::string{"x"}, std::string{}, cursor + "A", cursor.substr(1), "B" + cursor.substr(1)})
    check("?cursor=" + bad, "cursor");
  const auto foreign = send({verb::get, "/api/customers/umbrella/documents?cursor=" + cursor});
  BOOST_TEST(foreign.status == 400u);
}

BOOST_AUTO_TEST_CASE(a_download_is_granted_for_what_is_uploaded) {
  const auto made = create();
  BOOST_TEST(send({verb::get, "/api/documents/" + made.id + "/download"}).status == 409u);
  const auto id = upload("content");
  const auto granted = json_of(send({verb::get, "/api/documents/" + id + "/download"}));
  BOOST_TEST(granted["expiresAt"]
             == to_rfc3339(std::chrono::floor<seconds>(time.now() + seconds{900})));
  BOOST_TEST(granted["downloadSasUri"].get<std::string>().starts_with("http://h:1/content/" + id));
}

BOOST_AUTO_TEST_CASE(no_grant_outlives_its_document) {
  const auto expiry = time.now() + milliseconds{90'500};
  const auto id = upload("content", R"({"documentType":"t","fileName":"f","expiryDate":")"
                                      + to_rfc3339(expiry) + R"("})");
  const auto granted = json_of(send({verb::get, "/api/documents/" + id + "/download"}));
  BOOST_TEST(granted["expiresAt"] == to_rfc3339(std::chrono::ceil<seconds>(expiry)));
}

BOOST_AUTO_TEST_CASE(a_history_is_paged_and_says_who_and_why) {
  const auto id = upload("content");
  const auto path = "/api/documents/" + id + "/events";
  const auto whole = json_of(send({verb::get, path}));
  BOOST_REQUIRE(whole["items"].size() == 3u);
  BOOST_TEST(whole["next"].is_null());
  const auto& first = whole["items"][0];
  BOOST_TEST(first["sequence"] == 1);
  BOOST_TEST(first["type"] == "CustomerDocumentCreatedEvent");
  BOOST_TEST(first["cause"]["command"] == "create");
  BOOST_TEST(first["cause"]["by"] == "key:root");
  BOOST_TEST(first["cause"]["requestId"] == "request-1");
  BOOST_TEST(first["data"].is_object());
  BOOST_TEST(whole["items"][1]["cause"]["by"] == "signed url");
  const auto page = json_of(send({verb::get, path + "?after=1&limit=1"}));
  BOOST_TEST(page["items"][0]["sequence"] == 2);
  BOOST_TEST(page["next"] == 2);
  BOOST_TEST(json_of(send({verb::get, path + "?after=3"}))["items"].empty());
  BOOST_TEST(send({verb::get, path + "?after=x"}).status == 400u);
}

BOOST_AUTO_TEST_CASE(a_sane_trace_is_kept_and_others_are_not) {
  const std::string good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  for (const auto& [sent, kept] : std::vector<std::pair<std::string, bool>>{
         {good, true}, {"00-xyz", false}, {good + "-more", false}}) {
    const auto made = post(R"({"documentType":"t","fileName":"f"})", {{"traceparent", sent}});
    const auto id = json_of(made)["documentId"].get<std::string>();
    const auto cause
      = json_of(send({verb::get, "/api/documents/" + id + "/events"}))["items"][0]["cause"];
    BOOST_TEST(cause.contains("traceparent") == kept, sent);
  }
}

BOOST_AUTO_TEST_CASE(a_busy_core_is_answered_with_a_time_to_come_back) {
  documents.refusal = fail(errc::busy, "as many commands wait as may");
  const auto refused = post(R"({"documentType":"t","fileName":"f"})");
  BOOST_TEST(refused.status == 503u);
  BOOST_TEST(field_of(refused, "Retry-After") == "1");
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The description of the API and the API are the same: routes, security, and what is answered.
#include "tests/gateway/edge_world.hpp"
#include "tests/support/json_schema.hpp"

#include "gateway/routes/description.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>
#include <map>
#include <set>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace openapi_tests {

std::string lower(std::string_view text) {
  std::string result{text};
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

struct fixture : edge_world {
  json document = json::parse(openapi_text());

  const json& operation(std::string_view pattern, verb v) const {
    return document["paths"].at(std::string{pattern}).at(lower(to_string(v)));
  }

  const json& resolved(const json& node) const {
    if (!node.contains("$ref"))
      return node;
    return document.at(json::json_pointer{node["$ref"].get<std::string>().substr(1)});
  }

  void check(const json& schema, const json& value, const std::string& what) {
    for (const auto& finding : schema_findings(document, schema, value))
      BOOST_ERROR(what << ": " << finding);
  }

  /// Sends the call; its answer must be one that the description names, in the form that it gives.
  response send_described(std::string_view pattern, const call& c) {
    auto answer = send(c);
    const auto status = std::to_string(answer.status);
    const auto& responses = operation(pattern, c.verb)["responses"];
    const std::string what = std::string{pattern} + " " + status;
    BOOST_REQUIRE_MESSAGE(responses.contains(status), what << " is not described");
    const auto& described = resolved(responses[status]);
    if (!described.contains("content")) {
      BOOST_TEST(answer.body.empty(), what);
      return answer;
    }
    const auto type = field_of(answer, "Content-Type");
    BOOST_REQUIRE_MESSAGE(described["content"].contains(type),
                          what << " does not describe " << type);
    check(described["content"][type]["schema"], json_of(answer), what);
    const auto headers = described.value("headers", json::object());
    for (const auto& [name, ignored] : headers.items())
      if (name != "Idempotent-Replayed")
        BOOST_TEST(!field_of(answer, name).empty(), what << " lacks " << name);
    return answer;
  }
};

const std::string customer_pattern = "/api/customers/{customerId}/documents";
const std::string document_pattern = "/api/documents/{id}";

} // namespace openapi_tests

BOOST_FIXTURE_TEST_SUITE(openapi_tests, openapi_tests::fixture)

BOOST_AUTO_TEST_CASE(every_route_is_described_and_every_description_is_a_route) {
  std::set<std::string> served;
  for (const auto& each : table->routes())
    served.insert(lower(to_string(each.verb)) + " " + each.pattern + " " + each.operation);
  std::set<std::string> described;
  for (const auto& [path, verbs] : document["paths"].items())
    for (const auto& [method, operation] : verbs.items())
      described.insert(method + " " + path + " " + operation["operationId"].get<std::string>());
  BOOST_TEST(served == described, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(operations_have_different_names) {
  std::set<std::string> names;
  for (const auto& each : table->routes())
    BOOST_TEST(names.insert(each.operation).second, each.operation);
}

BOOST_AUTO_TEST_CASE(security_is_described_as_it_is) {
  for (const auto& each : table->routes()) {
    const bool wants_key = each.access == access::key || each.access == access::admin;
    const auto& described = operation(each.pattern, each.verb);
    BOOST_TEST(described["security"].size() == (wants_key ? 2u : 0u), each.operation);
    BOOST_TEST(described["responses"].contains("401") == wants_key, each.operation);
  }
}

BOOST_AUTO_TEST_CASE(bodies_are_described_as_they_are) {
  for (const auto& each : table->routes()) {
    const auto& described = operation(each.pattern, each.verb);
    BOOST_TEST(described.contains("requestBody") == (each.body != body_kind::none), each.operation);
    if (each.body == body_kind::json)
      BOOST_TEST(described["requestBody"]["content"].contains("application/json"), each.operation);
  }
}

BOOST_AUTO_TEST_CASE(path_parameters_are_described) {
  for (const auto& [path, verbs] : document["paths"].items()) {
    std::set<std::string> wanted;
    for (auto at = path.find('{'); at != std::string::npos; at = path.find('{', at + 1))
      wanted.insert(path.substr(at + 1, path.find('}', at) - at - 1));
    for (const auto& [method, operation] : verbs.items()) {
      std::set<std::string> described;
      for (const auto& each : operation.value("parameters", json::array()))
        if (const auto& parameter = resolved(each); parameter["in"] == "path")
          described.insert(parameter["name"]);
      BOOST_TEST(described == wanted, boost::test_tools::per_element());
    }
  }
}

BOOST_AUTO_TEST_CASE(every_reference_leads_somewhere) {
  const auto flat = document.flatten();
  for (const auto& [pointer, value] : flat.items())
    if (pointer.ends_with("/$ref"))
      BOOST_TEST(document.contains(json::json_pointer{value.get<std::string>().substr(1)}), value);
}

BOOST_AUTO_TEST_CASE(every_schema_has_an_example_that_fits) {
  for (const auto& [name, schema] : document["components"]["schemas"].items()) {
    BOOST_REQUIRE_MESSAGE(schema.contains("examples"), name);
    for (const auto& example : schema["examples"])
      check(schema, example, name);
  }
}

BOOST_AUTO_TEST_CASE(the_example_of_a_new_document_creates_one) {
  const auto example = document["components"]["schemas"]["CreateDocument"]["examples"][0];
  time.set(*parse_rfc3339("2026-11-21T05:53:50.123Z"));
  send_described(customer_pattern,
                 {verb::post, "/api/customers/acme/documents", {}, example.dump()});
}

BOOST_AUTO_TEST_CASE(the_life_of_a_document_is_answered_as_described) {
  const call create{
    verb::post, "/api/customers/acme/documents", {}, R"({"documentType":"t","fileName":"f"})"};
  const auto id
    = json_of(send_described(customer_pattern, create))["documentId"].get<std::string>();
  const auto path = "/api/documents/" + id;
  send_described(customer_pattern, {verb::get, "/api/customers/acme/documents"});
  send_described(document_pattern, {verb::get, path});
  send_described(document_pattern, {verb::get, path, {{"If-None-Match", "\"v1\""}}});
  const call confirm{verb::post, path + "/confirm-upload", {}, R"({"uploaded":true})"};
  send_described(document_pattern + "/confirm-upload", confirm); // 409
  const auto target
    = signer.sign({permission::upload, *entity_id::parse(id), time.now() + seconds{9}});
  BOOST_REQUIRE(put(target, "content").status == 201u);
  send_described(document_pattern + "/confirm-upload", confirm);
  send_described(document_pattern + "/download", {verb::get, path + "/download"});
  send_described(document_pattern + "/events", {verb::get, path + "/events"});
  const auto soon = to_rfc3339(time.now() + seconds{300});
  const auto change = R"({"expiryDate":")" + soon + R"("})";
  send_described(document_pattern, {verb::patch, path, {}, change});
  send_described(document_pattern, {verb::patch, path, {{"If-Match", "\"v1\""}}, change});
  send_described(document_pattern, {verb::patch, path, {{"If-Match", "*"}}, change});
  send_described("/api/events", {verb::get, "/api/events"});
  send_described("/admin/api/actors", {verb::get, "/admin/api/actors"});
  send_described("/admin/api/actors/{kind}/{id}", {verb::get, "/admin/api/actors/document/" + id});
  send_described("/admin/api/actors/{kind}/{id}/restart",
                 {verb::post, "/admin/api/actors/document/" + id + "/restart"});
  send_described("/admin/api/timers", {verb::get, "/admin/api/timers?limit=1"});
  send_described("/admin/api/outbox", {verb::get, "/admin/api/outbox"});
  send_described(document_pattern, {verb::del, path});
  send_described(document_pattern, {verb::get, path});
  send_described(document_pattern, {verb::get, "/api/documents/x"});
  send_described(document_pattern, {verb::get, path + "?x=1"});
}

BOOST_AUTO_TEST_CASE(letters_are_answered_as_described) {
  const std::string all = "/admin/api/dead-letters";
  const auto receive = [this](bool is_transient) {
    const auto id = core.letters().next_id(1);
    std::promise<bool> answered;
    core.letters().submit(id,
                          letter::receive{{letter::channel::commands, "t", 1, 2, time.now()},
                                          {"\xff", {{"a", "b"}, {"\xfe", "\xff"}}, "{}"},
                                          "T",
                                          "",
                                          {errc::conflict, "it is taken", "/a"},
                                          is_transient},
                          {}, std::make_shared<reply<letter::view>>([&answered](const auto& got) {
                            answered.set_value(got.has_value());
                          }));
    BOOST_REQUIRE(answered.get_future().get());
    return id.text();
  };
  const auto id = receive(false);
  receive(true);
  send_described(all, {verb::get, all});
  send_described(all, {verb::get, all + "?status=retrying"});
  send_described(all, {verb::get, all + "?status=none"});
  send_described(all + "/groups", {verb::get, all + "/groups"});
  send_described(all + "/{id}", {verb::get, all + "/x"});
  const auto whole = json_of(send_described(all + "/{id}", {verb::get, all + "/" + id}));
  send_described(all + "/{id}/events", {verb::get, all + "/" + id + "/events"});
  const std::string cause = whole["fingerprint"];
  const call begin{verb::post, all + "/redrive", {}, R"({"fingerprint":")" + cause + "\"}"};
  send_described(all + "/redrive", begin);
  send_described(all + "/redrive", begin); // 409: nobody serves, the first one waits.
  send_described(all + "/redrives", {verb::get, all + "/redrives"});
  const auto other = "/" + receive(false);
  send_described(all + "/{id}/redrive", {verb::post, all + other + "/redrive", {}, "[]"});
  send_described(all + "/{id}/redrive", {verb::post, all + other + "/redrive"});
  send_described(all + "/{id}/redrive", {verb::post, all + other + "/redrive"}); // 409
  const auto third = "/" + receive(false);
  send_described(all + "/{id}/discard", {verb::post, all + third + "/discard"});
}

BOOST_AUTO_TEST_CASE(health_is_answered_as_described) {
  for (const std::string path : {"/health", "/health/live", "/health/ready"})
    send_described(path, {verb::get, path});
  journal_health = fail(errc::unavailable, "the disk is full");
  send_described("/health", {verb::get, "/health"});
  send_described("/health/ready", {verb::get, "/health/ready"});
}

BOOST_AUTO_TEST_CASE(the_description_is_served_as_it_is_written) {
  const auto served = send({verb::get, "/openapi.json"});
  BOOST_TEST(json_of(served) == document);
  BOOST_TEST(document["openapi"] == "3.1.0");
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// What is published about events is what is written: each event against the schema that its
// dataschema names, and the AsyncAPI document against both.
#include "tests/gateway/edge_world.hpp"
#include "tests/support/json_schema.hpp"

#include "actors/row_walk.hpp"
#include "gateway/routes/description.hpp"
#include "protocol/cloud_event.hpp"
#include "protocol/document.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>
#include <map>
#include <set>

using namespace dossier;
using namespace dossier::test;
using nlohmann::json;

namespace event_schema_tests {

constexpr timestamp t0 = from_ms(1'795'240'430'123);

/// Each event bare and with everything it can have.
std::vector<document::event> events() {
  using namespace document;
  const sha256_digest sha256 = sha256_of("abc");
  const std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  const std::string path = "20261121055350_0badcafe_r\u00e9sum\u00e9 \"1\".pdf";
  return {
    created{"acme", "invoice", "a", "text/plain", path, {}, {}, {}, t0, timestamp_max, {}},
    created{"a.B_c-9",
            "in.vo_i-ce",
            "r\u00e9sum\u00e9 \"1\".pdf",
            "application/pdf",
            path,
            t0,
            most,
            sha256,
            t0,
            t0,
            {3600, 60, 0}},
    content_stored{sha256, 0},
    content_stored{sha256, most},
    uploaded{"acme", "invoice", path, sha256, 3},
    changed{t0, {}, {}},
    changed{std::optional<timestamp>{}, {}, {}},
    changed{{}, "b.pdf", {}},
    changed{{}, {}, "receipt"},
    changed{t0, "b.pdf", "receipt"},
    expiring{"acme", "invoice", t0, 0},
    expiring{"acme", "invoice", t0, std::numeric_limits<std::int64_t>::max()},
    expired{"acme", "invoice", t0, true},
    expired{"acme", "invoice", t0, false},
    abandoned{"acme", "invoice"},
    removed{"acme", "invoice", true},
    removed{"acme", "invoice", false},
  };
}

std::set<std::string> event_types() {
  std::set<std::string> types;
  for (const auto& e : events())
    types.emplace(document::encode(e).type);
  return types;
}

std::set<std::string> names_of(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, ignored] : object.items())
    names.insert(name);
  return names;
}

/// The event as it is announced.
cloud_event announced(const document::event& e) {
  const auto encoded = document::encode(e);
  const entity_ref entity{entity_kind::document, entity_id::make(t0, 1, {})};
  return make_cloud_event(
    entity, 1, {std::string{encoded.type}, encoded.version, t0, {"c", "k", "r", "t"}, encoded.data},
    "/dossier");
}

struct fixture : edge_world {
  json asyncapi = json::parse(asyncapi_text());
  json commands{
    {"dossier.document.create", {{"customerId", "acme"}, {"documentType", "t"}, {"fileName", "f"}}},
    {"dossier.document.confirm-upload", {{"customerId", "acme"}}},
    {"dossier.document.delete", {{"customerId", "acme"}}},
    {"dossier.document.change-expiry", {{"customerId", "acme"}, {"expiryDate", {}}}},
    {"dossier.ingestion.start", json::object()}};

  fixture() {
    for (auto& [type, data] : commands.items())
      if (type != "dossier.document.create")
        data["documentId"] = entity_id::make(t0, 1, {}).text();
  }

  /// The schema as it is served there.
  /// As it is named by an event, or by a path.
  json schema_at(std::string path) {
    if (path.starts_with("dossier:"))
      path.erase(0, std::string_view{"dossier:"}.size());
    const auto answer = send({verb::get, path});
    BOOST_REQUIRE_MESSAGE(answer.status == 200u, path << ": " << answer.body);
    BOOST_TEST(field_of(answer, "Content-Type") == "application/schema+json");
    return json_of(answer);
  }

  static std::vector<std::string> findings(const json& schema, const json& value) {
    return schema_findings(schema, schema, value);
  }

  void fits(const json& schema, const json& value) {
    for (const auto& finding : findings(schema, value))
      BOOST_ERROR(schema["title"] << ": " << finding << " in " << value);
  }

  void does_not_fit(const json& schema, const json& value) {
    BOOST_TEST(!findings(schema, value).empty(), schema["title"] << " is met by " << value);
  }

  const json& resolved(const json& node) const {
    if (!node.contains("$ref"))
      return node;
    return resolved(asyncapi.at(json::json_pointer{node["$ref"].get<std::string>().substr(1)}));
  }

  const json& messages_of(const std::string& channel) const {
    return asyncapi["channels"].at(channel)["messages"];
  }
};

} // namespace event_schema_tests

BOOST_FIXTURE_TEST_SUITE(event_schema_tests, event_schema_tests::fixture)

BOOST_AUTO_TEST_CASE(every_event_adheres_to_the_schema_that_it_names) {
  std::set<std::size_t> seen;
  for (const auto& e : events()) {
    seen.insert(e.index());
    const auto said = announced(e);
    fits(schema_at(said.dataschema), json::parse(said.data));
  }
  BOOST_TEST(seen.size() == std::variant_size_v<document::event>);
}

BOOST_AUTO_TEST_CASE(schemas_know_every_member_and_which_are_required) {
  std::map<std::string, std::set<std::string>> always;
  std::map<std::string, std::set<std::string>> ever;
  for (const auto& e : events()) {
    const auto encoded = document::encode(e);
    const std::string type{encoded.type};
    const auto names = names_of(json::parse(encoded.data));
    ever[type].insert(names.begin(), names.end());
    const bool is_first = !always.contains(type);
    auto& required = always[type];
    if (is_first)
      required = names;
    else
      std::erase_if(required, [&](const std::string& name) { return !names.contains(name); });
  }
  for (const auto& [type, names] : ever) {
    const auto schema = schema_at("/schemas/" + type + "/1");
    BOOST_TEST(names_of(schema["properties"]) == names, boost::test_tools::per_element());
    BOOST_TEST(schema["required"].get<std::set<std::string>>() == always[type],
               boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(what_an_event_never_says_is_not_described) {
  for (const auto& e : events()) {
    const auto said = announced(e);
    const auto schema = schema_at(said.dataschema);
    const auto data = json::parse(said.data);
    auto more = data;
    more["surprise"] = 1;
    does_not_fit(schema, more);
    for (const auto& [name, value] : data.items()) {
      auto other = data;
      other[name] = json::object();
      does_not_fit(schema, other);
      auto less = data;
      less.erase(name);
      // A change may say anything, but not nothing.
      const bool is_needed = schema["required"] == json::array()
                               ? less.empty()
                               : std::ranges::count(schema["required"], json(name)) > 0;
      BOOST_TEST(findings(schema, less).empty() == !is_needed, said.type << " without " << name);
    }
  }
}

BOOST_AUTO_TEST_CASE(leads_are_described_as_distinct) {
  const auto schema = schema_at("/schemas/CustomerDocumentCreatedEvent/1");
  auto data = json::parse(document::encode(events()[1]).data);
  data["leadsSeconds"] = {60, 60};
  does_not_fit(schema, data);
}

BOOST_AUTO_TEST_CASE(every_schema_says_what_it_is_and_has_examples_that_fit) {
  std::set<std::string> seen;
  for (const auto& published : published_schemas()) {
    const auto path
      = "/schemas/" + std::string{published.type} + "/" + std::string{published.version};
    BOOST_TEST(seen.insert(path).second, path);
    const auto schema = schema_at(path);
    BOOST_TEST(schema == json::parse(published.text));
    BOOST_TEST(schema["$schema"] == "https://json-schema.org/draft/2020-12/schema");
    BOOST_TEST(schema["$id"] == path);
    BOOST_TEST(schema["title"] == published.type);
    BOOST_TEST(schema["type"] == "object");
    BOOST_TEST(schema["additionalProperties"] == false);
    BOOST_REQUIRE(!schema["examples"].empty());
    for (const auto& example : schema["examples"])
      fits(schema, example);
  }
}

BOOST_AUTO_TEST_CASE(other_types_and_versions_are_not_found) {
  for (const std::string path :
       {"/schemas/CustomerDocumentCreatedEvent/2", "/schemas/CustomerDocumentCreatedEvent/01",
        "/schemas/customerdocumentcreatedevent/1", "/schemas/x/1",
        "/schemas/CustomerDocumentCreatedEvent/x"})
    BOOST_TEST(send({verb::get, path}).status == 404u, path);
}

BOOST_AUTO_TEST_CASE(commands_are_described_strictly) {
  BOOST_TEST(names_of(commands) == names_of(messages_of("dossier.commands.v1")),
             boost::test_tools::per_element());
  for (const auto& [type, least] : commands.items()) {
    const auto schema = schema_at("/schemas/" + type + "/1");
    fits(schema, least);
    auto more = least;
    more["surprise"] = 1;
    does_not_fit(schema, more);
    BOOST_TEST(schema["required"].get<std::set<std::string>>() == names_of(least),
               boost::test_tools::per_element());
    for (const auto& name : names_of(least)) {
      auto less = least;
      less.erase(name);
      does_not_fit(schema, less);
      auto other = least;
      other[name] = 1;
      does_not_fit(schema, other);
    }
  }
  auto create = commands["dossier.document.create"];
  create.update({{"expiryDate", "2026-12-21T05:53:50.123Z"},
                 {"contentType", "application/pdf"},
                 {"sizeBytes", 3},
                 {"sha256", std::string(64, 'A')}});
  fits(schema_at("/schemas/dossier.document.create/1"), create);
}

BOOST_AUTO_TEST_CASE(the_document_is_served_as_it_is_written) {
  const auto served = send({verb::get, "/asyncapi.json"});
  BOOST_TEST(json_of(served) == asyncapi);
  BOOST_TEST(asyncapi["asyncapi"] == "3.0.0");
  BOOST_TEST(names_of(asyncapi["channels"])
               == (std::set<std::string>{"dossier.documents.v1", "dossier.ingestion.v1",
                                         "dossier.commands.v1", "dossier.replies.v1",
                                         "dossier.rows.cdr", "dossier.dlq.v1"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(the_channel_of_documents_lists_exactly_the_events) {
  BOOST_TEST(names_of(messages_of("dossier.documents.v1")) == event_types(),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_of_jobs_adhere_to_their_schemas) {
  std::set<std::string> types;
  const std::filesystem::path golden = DOSSIER_SOURCE_DIR "/tests/golden";
  for (const auto& entry : std::filesystem::directory_iterator(golden)) {
    const auto name = entry.path().filename().string();
    const auto type = name.substr(0, name.find('.'));
    if (!type.starts_with("Job"))
      continue;
    types.insert(type);
    std::ifstream file(entry.path());
    const auto data = json::parse(file);
    const auto schema = schema_at("/schemas/" + type + "/1");
    fits(schema, data);
    // A member that came later is in no golden file, and is not required.
    const auto names = names_of(data);
    const auto known = names_of(schema["properties"]);
    const auto required = schema["required"].get<std::set<std::string>>();
    BOOST_TEST(std::ranges::includes(known, names), type);
    BOOST_TEST(std::ranges::includes(names, required), type);
    for (const auto& [member, value] : data.items()) {
      auto other = data;
      other[member] = json::object();
      does_not_fit(schema, other);
    }
  }
  BOOST_TEST(names_of(messages_of("dossier.ingestion.v1")) == types,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(messages_point_to_the_schemas_that_are_served) {
  std::set<std::string> named;
  for (const auto& [channel, description] : asyncapi["channels"].items()) {
    BOOST_TEST(description["address"] == channel);
    for (const auto& [name, reference] : description["messages"].items()) {
      const auto& message = resolved(reference);
      BOOST_TEST(message["name"] == name);
      if (channel == "dossier.dlq.v1")
        continue;
      const auto path = message["payload"]["$ref"].get<std::string>();
      BOOST_TEST(path == "/schemas/" + name + "/1");
      const auto schema = schema_at(path);
      // Schemas of rows are made of those that files are ingested with.
      if (!name.starts_with(row_event_type))
        named.insert(path);
      for (const auto& example : message["examples"])
        fits(schema, example["payload"]);
    }
  }
  BOOST_TEST(named.size() == published_schemas().size());
}

BOOST_AUTO_TEST_CASE(rows_adhere_to_the_schema_that_they_name) {
  const auto schema = schema_at("/schemas/dossier.ingestion.row.cdr/1");
  BOOST_TEST(schema["title"] == "dossier.ingestion.row.cdr");
  auto row = resolved(
    messages_of("dossier.rows.cdr")["dossier.ingestion.row.cdr"])["examples"][0]["payload"];
  fits(schema, row);
  row["values"]["recipient"] = nullptr;
  fits(schema, row);
  const std::vector<std::pair<std::string, json>> wrong{{"reference", nullptr},
                                                        {"reference", std::string(65, 'x')},
                                                        {"duration", "1"},
                                                        {"cost", "1.5"},
                                                        {"call_date", 1}};
  for (const auto& [name, value] : wrong) {
    auto other = row;
    other["values"][name] = value;
    does_not_fit(schema, other);
  }
  row["values"].erase("currency");
  does_not_fit(schema, row);
  BOOST_TEST(send({verb::get, "/schemas/dossier.ingestion.row.cdr/2"}).status == 404u);
  BOOST_TEST(send({verb::get, "/schemas/dossier.ingestion.row.none/1"}).status == 404u);
}

BOOST_AUTO_TEST_CASE(events_have_the_headers_that_are_described) {
  const json& message
    = resolved(messages_of("dossier.documents.v1")["CustomerDocumentCreatedEvent"]);
  const json& described = resolved(message["headers"]);
  std::set<std::string> written;
  for (const auto& [name, value] : to_binary(announced(events()[0])).headers)
    written.insert(name);
  BOOST_TEST(names_of(described["properties"]) == written, boost::test_tools::per_element());
  auto uncaused = announced(events()[0]);
  uncaused.traceparent.clear();
  uncaused.causationid.clear();
  json headers;
  for (const auto& [name, value] : to_binary(uncaused).headers)
    headers[name] = value;
  BOOST_TEST(described["required"].get<std::set<std::string>>() == names_of(headers),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(operations_use_the_messages_of_their_channels) {
  std::set<std::string> used;
  const auto check = [&](const json& part) {
    const auto channel = part["channel"]["$ref"].get<std::string>();
    const auto& messages = resolved(part["channel"])["messages"];
    BOOST_TEST(part["messages"].size() == messages.size());
    for (const auto& each : part["messages"])
      BOOST_TEST(each["$ref"].get<std::string>().starts_with(channel + "/messages/"));
    used.insert(channel.substr(std::string_view{"#/channels/"}.size()));
  };
  for (const auto& [name, operation] : asyncapi["operations"].items()) {
    check(operation);
    if (operation.contains("reply"))
      check(operation["reply"]);
  }
  BOOST_TEST(used == names_of(asyncapi["channels"]), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(every_reference_inside_leads_somewhere) {
  const auto flat = asyncapi.flatten();
  for (const auto& [pointer, value] : flat.items()) {
    const auto text = value.is_string() ? value.get<std::string>() : "";
    if (pointer.ends_with("/$ref") && text.starts_with('#'))
      BOOST_TEST(asyncapi.contains(json::json_pointer{text.substr(1)}), text);
  }
}

BOOST_AUTO_TEST_SUITE_END()

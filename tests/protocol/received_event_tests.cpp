// SPDX-License-Identifier: Apache-2.0
// What others send is read one way only, and refused by the attribute that is wrong.
#include "protocol/cloud_event.hpp"

#include "protocol/digest.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;

namespace dossier {

namespace received_event_tests {

using nlohmann::json;

/// The least that is an event, in binary mode.
event_headers binary_headers() {
  return {{"ce_specversion", "1.0"}, {"ce_id", "1"}, {"ce_source", "/s"}, {"ce_type", "t"}};
}

event_headers binary_headers_with(const std::string& name, const std::string& value) {
  auto headers = binary_headers();
  const auto found = std::ranges::find(headers, name, &event_headers::value_type::first);
  if (found == headers.end())
    headers.emplace_back(name, value);
  else
    found->second = value;
  return headers;
}

const event_headers structured_headers{{"content-type", "application/cloudevents+json"}};

/// The least that is an event, in structured mode, with these members changed.
std::string structured_with(const json& changes = json::object()) {
  json event{{"specversion", "1.0"}, {"id", "1"}, {"source", "/s"}, {"type", "t"}};
  event.update(changes);
  return event.dump();
}

received_event must_read(const event_headers& headers, std::string_view value) {
  auto read = read_cloud_event(headers, value);
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().why) << " in " << value);
  return *read;
}

void refuses(const event_headers& headers, std::string_view value, std::string_view where) {
  const auto read = read_cloud_event(headers, value);
  BOOST_REQUIRE_MESSAGE(!read, where << " was accepted in " << value.substr(0, 200));
  BOOST_TEST(to_string(read.error().code) == to_string(errc::malformed));
  BOOST_TEST(read.error().where == where, read.error().why << " at " << read.error().where);
  BOOST_TEST(read.error().why.starts_with("cannot read a CloudEvent: "), read.error().why);
}

/// The same attribute in both modes.
void refuses_attribute(const std::string& name, const std::string& value) {
  refuses(binary_headers_with("ce_" + name, value), "", name);
  refuses(structured_headers, structured_with({{name, value}}), name);
}

} // namespace received_event_tests

BOOST_AUTO_TEST_SUITE(received_event_tests)

BOOST_AUTO_TEST_CASE(the_mode_is_picked_by_the_content_type) {
  const std::string value = structured_with({{"id", "inside"}});
  for (const auto* type :
       {"application/cloudevents+json", "APPLICATION/CloudEvents+JSON",
        "application/cloudevents+json; charset=UTF-8", "application/cloudevents+json;charset=utf-8",
        "application/cloudevents+json ; charset=\"utf-8\"", "application/cloudevents+json;"}) {
    BOOST_TEST(must_read({{"content-type", type}}, value).id == "inside", type);
    BOOST_TEST(must_read({{"content-type", type}, {"ce_id", "outside"}}, value).id == "inside");
  }
  auto headers = binary_headers();
  BOOST_TEST(must_read(headers, value).id == "1");
  headers.emplace_back("content-type", "application/json");
  BOOST_TEST(must_read(headers, value).id == "1");
  BOOST_TEST(read_structured({}, value).has_value());
}

BOOST_AUTO_TEST_CASE(other_formats_and_batches_are_refused_by_name) {
  const auto why_not = [](const std::string& type) {
    const event_headers headers{{"content-type", type}};
    refuses(headers, "[]", "content-type");
    return read_cloud_event(headers, "[]").error().why;
  };
  BOOST_TEST(why_not("application/cloudevents-batch+json").find("batch") != std::string::npos);
  BOOST_TEST(why_not("application/cloudevents-batch").find("batch") != std::string::npos);
  BOOST_TEST(why_not("Application/CloudEvents-Batch+json; x=y").find("batch") != std::string::npos);
  for (const auto* type : {"application/cloudevents", "application/cloudevents+avro",
                           "application/cloudevents+jsonx", "application/cloudevents+xml"})
    BOOST_TEST(why_not(type).find("application/cloudevents+json") != std::string::npos);
  why_not("application/cloudevents+json; charset=iso-8859-1");
  why_not("application/cloudevents+json; charset=utf-8; x=y");
  refuses({{"content-type", "application/cloudevents+json"}, {"content-type", "text/plain"}}, "{}",
          "content-type");
  refuses(structured_headers, "[" + structured_with() + "]", "value");
}

BOOST_AUTO_TEST_CASE(required_attributes_are_required_and_not_empty) {
  for (const std::string name : {"specversion", "id", "source", "type"}) {
    auto headers = binary_headers();
    std::erase_if(headers, [&](const auto& h) { return h.first == "ce_" + name; });
    refuses(headers, "", name);
    auto event = json::parse(structured_with());
    event.erase(name);
    refuses(structured_headers, event.dump(), name);
    refuses(structured_headers, structured_with({{name, nullptr}}), name);
    refuses_attribute(name, "");
  }
  for (const std::string name : {"subject", "time", "dataschema"})
    refuses_attribute(name, "");
  refuses({}, "", "specversion");
  refuses({{"traceparent", "x"}}, "{}", "specversion");
}

BOOST_AUTO_TEST_CASE(only_version_1_0_is_spoken) {
  for (const auto* version : {"0.3", "1", "1.0.2", "1.1", " 1.0", "1.0 "})
    refuses_attribute("specversion", version);
}

BOOST_AUTO_TEST_CASE(attributes_are_bounded) {
  const std::pair<const char*, std::size_t> bounds[]
    = {{"id", 256},       {"source", 1024},     {"type", 256},
       {"subject", 1024}, {"dataschema", 1024}, {"anextension", 1024}};
  for (const auto& [name, max] : bounds) {
    refuses_attribute(name, std::string(max + 1, 'a'));
    const std::string longest(max, 'a');
    const auto from_binary = must_read(binary_headers_with("ce_"s + name, longest), "");
    BOOST_TEST((from_binary == must_read(structured_headers, structured_with({{name, longest}}))));
  }
  refuses_attribute("time", "2026-11-21T05:53:50." + std::string(60, '0') + "Z");
  const auto add = [](int count) {
    auto headers = binary_headers();
    for (int i = 0; i < count; ++i)
      headers.emplace_back("ce_x" + std::to_string(i), "");
    return headers;
  };
  BOOST_TEST(must_read(add(60), "").extensions.size() == 60U);
  refuses(add(61), "", "x60");
}

BOOST_AUTO_TEST_CASE(times_are_rfc_3339) {
  const auto read = must_read(binary_headers_with("ce_time", "2026-11-21T06:53:50.1234+01:00"), "");
  BOOST_REQUIRE(read.time.has_value());
  BOOST_TEST(to_rfc3339(*read.time) == "2026-11-21T05:53:50.123Z");
  BOOST_TEST(!must_read(binary_headers(), "").time.has_value());
  for (const auto* time : {"2026-11-21", "2026-02-30T00:00:00Z", "2026-11-21T05:53:50",
                           "1795240430", "1969-12-31T23:59:59Z"})
    refuses_attribute("time", time);
}

BOOST_AUTO_TEST_CASE(attribute_names_are_small_letters_and_digits) {
  for (const std::string name : {"Id", "trace_parent", "my-name", "a.b", " id", "x\xc3\xa9"}) {
    refuses(binary_headers_with("ce_" + name, "v"), "",
            name == "x\xc3\xa9" ? "x??" : std::string_view(name));
    refuses(structured_headers, structured_with({{name, "v"}}),
            name == "x\xc3\xa9" ? "x??" : std::string_view(name));
  }
  refuses(binary_headers_with("ce_", "v"), "", "");
  refuses(structured_headers, structured_with({{"", "v"}}), "");
  refuses(binary_headers_with("ce_\xff\x01", "v"), "", "??");
  refuses(binary_headers_with("ce_" + std::string(65, 'a'), "v"), "", std::string(64, 'a'));
  BOOST_TEST(must_read(binary_headers_with("ce_" + std::string(64, 'a'), "v"), "")
               .extension(std::string(64, 'a'))
             == "v");
  BOOST_TEST(must_read(binary_headers_with("CE_ID", "v"), "").id == "1");
  refuses(binary_headers_with("ce_data", "v"), "", "data");
  refuses(binary_headers_with("ce_datacontenttype", "text/plain"), "", "datacontenttype");
  auto twice_the_same = binary_headers_with("ce_datacontenttype", "application/json");
  twice_the_same.emplace_back("content-type", "application/json");
  BOOST_TEST(must_read(twice_the_same, "{}").datacontenttype == "application/json");
}

BOOST_AUTO_TEST_CASE(an_attribute_stands_there_once) {
  for (const std::string name : {"id", "specversion", "anextension"}) {
    auto headers = binary_headers_with("ce_" + name, name == "specversion" ? "1.0" : "1");
    headers.emplace_back("ce_" + name, "1.0");
    refuses(headers, "", name);
    auto value = structured_with({{name, name == "specversion" ? "1.0" : "1"}});
    value.insert(1, "\"" + name + "\":\"1.0\",");
    refuses(structured_headers, value, name);
    value = structured_with({{name, name == "specversion" ? "1.0" : "1"}});
    value.insert(1, "\"" + name + "\":null,");
    refuses(structured_headers, value, name);
  }
  auto twice = binary_headers();
  twice.emplace_back("content-type", "application/json");
  twice.emplace_back("content-type", "application/json");
  refuses(twice, "{}", "content-type");
  auto value = structured_with({{"data", 1}});
  value.insert(1, "\"data\":2,");
  refuses(structured_headers, value, "data");
}

BOOST_AUTO_TEST_CASE(values_are_characters_in_utf8) {
  for (const std::string name : {"id", "type", "subject", "anextension"}) {
    for (const auto& bad : {"\xff"s, "a\xc3"s, "\xed\xa0\x80"s}) {
      refuses(binary_headers_with("ce_" + name, bad), "", name);
      auto value = structured_with({{name, "@"}});
      value.replace(value.find('@'), 1, bad);
      refuses(structured_headers, value, name);
    }
    for (const auto& bad :
         {"a\nb"s, "\x7f"s, "\0"s, "\xc2\x85"s, "\xef\xb7\x90"s, "\xef\xb7\xaf"s, "\xef\xbf\xbe"s,
          "\xef\xbf\xbf"s, "\xf0\x9f\xbf\xbf"s, "\xf4\x8f\xbf\xbe"s})
      refuses_attribute(name, bad);
    for (const auto& good : {"\xc3\xa9"s, "\xc2\xa0"s, "\xef\xb7\x8f"s, "\xef\xb7\xb0"s,
                             "\xef\xbf\xbd"s, "\xf0\x9f\x98\x80"s, "\xf0\x9f\xbf\xbd"s})
      BOOST_TEST((must_read(binary_headers_with("ce_" + name, good), "")
                  == must_read(structured_headers, structured_with({{name, good}}))));
  }
}

BOOST_AUTO_TEST_CASE(sources_and_schemas_are_uri_references) {
  for (const std::string name : {"source", "dataschema"}) {
    for (const auto* bad : {"a b", "a%", "a%2", "a%zz", "<a>", "a\"", "a\\b", "a^b", "\xc3\xa9"})
      refuses_attribute(name, bad);
    for (const std::string good : {"https://example.com/a?b=c#d", "urn:uuid:1", "a%20b", "1-2"})
      BOOST_TEST((must_read(binary_headers_with("ce_" + name, good), "")
                  == must_read(structured_headers, structured_with({{name, good}}))));
  }
}

BOOST_AUTO_TEST_CASE(kafka_values_are_not_percent_decoded) {
  const auto read = must_read(binary_headers_with("ce_subject", "a%20b%c3%a9"), "");
  BOOST_TEST(read.subject == "a%20b%c3%a9");
}

BOOST_AUTO_TEST_CASE(json_values_of_attributes_become_their_canonical_text) {
  const auto read = must_read(structured_headers, structured_with({{"yes", true},
                                                                   {"no", false},
                                                                   {"most", 2147483647},
                                                                   {"least", -2147483648LL},
                                                                   {"text", "x"},
                                                                   {"unset", nullptr},
                                                                   {"subject", nullptr},
                                                                   {"time", nullptr}}));
  const std::map<std::string, std::string, std::less<>> expected{{"yes", "true"},
                                                                 {"no", "false"},
                                                                 {"most", "2147483647"},
                                                                 {"least", "-2147483648"},
                                                                 {"text", "x"}};
  BOOST_TEST((read.extensions == expected));
  BOOST_TEST(read.subject == "");
  for (const json& bad : {json(2147483648LL), json(-2147483649LL), json(1.5), json(1e3),
                          json::array(), json::object(), json(18446744073709551615ULL)})
    refuses(structured_headers, structured_with({{"anextension", bad}}), "anextension");
  for (const std::string name :
       {"id", "source", "type", "subject", "time", "specversion", "dataschema", "datacontenttype"})
    for (const json& bad : {json(1), json(true), json::object(), json::array({"1.0"})})
      refuses(structured_headers, structured_with({{name, bad}}), name);
}

BOOST_AUTO_TEST_CASE(data_is_json_unless_it_is_declared_as_something_else) {
  const std::string compact = R"({"b":1.10,"a":[true,null,"\"\né"],"big":18446744073709551616})";
  const std::string loose = "\n{ \"b\" : 1.10,\t\"a\":[true, null, \"\\u0022\\n\\u00e9\"],"
                            " \"big\":18446744073709551616 } ";
  for (const std::string type :
       {"application/json", "Application/JSON", "text/json; charset=utf-8", "application/a+json"})
    BOOST_TEST(must_read(binary_headers_with("content-type", type), loose).data == compact, type);
  BOOST_TEST(must_read(binary_headers(), loose).data == compact);
  BOOST_TEST(must_read(binary_headers(), loose).datacontenttype == "application/json");
  auto value = structured_with({{"data", 1}});
  value.replace(value.find("\"data\":1"), 8, "\"data\": " + loose);
  BOOST_TEST(must_read(structured_headers, value).data == compact);
  BOOST_TEST(must_read(structured_headers, structured_with({{"data", "{}"}})).data == "\"{}\"");
  BOOST_TEST(must_read(structured_headers, structured_with({{"data", nullptr}})).data == "null");
  BOOST_TEST(must_read(structured_headers, structured_with()).data == "");
  BOOST_TEST(must_read(binary_headers(), "").data == "");

  const std::string bytes = "\xff\0{"s;
  const auto binary = must_read(binary_headers_with("content-type", "image/png"), bytes);
  BOOST_TEST(binary.data == bytes);
  BOOST_TEST(binary.datacontenttype == "image/png");
  const json text{{"datacontenttype", "text/plain"}, {"data", "hi {"}};
  BOOST_TEST(must_read(structured_headers, structured_with(text)).data == "hi {");
  for (const json& bad : {json(1), json::object(), json(nullptr)})
    refuses(structured_headers, structured_with({{"datacontenttype", "text/plain"}, {"data", bad}}),
            "data");
  for (const std::string bad : {"json", "/json", "text/", "a b/c", "application/json x"}) {
    refuses(binary_headers_with("content-type", bad), "{}", "datacontenttype");
    refuses(structured_headers, structured_with({{"datacontenttype", bad}}), "datacontenttype");
  }
}

BOOST_AUTO_TEST_CASE(base64_data_is_decoded) {
  const std::string bytes = "\0\xff\x10 any"s;
  for (std::size_t size = 0; size <= bytes.size(); ++size) {
    const std::string part = bytes.substr(0, size);
    const auto text = to_base64({reinterpret_cast<const std::uint8_t*>(part.data()), part.size()});
    const json members{{"datacontenttype", "image/png"}, {"data_base64", text}};
    BOOST_TEST(must_read(structured_headers, structured_with(members)).data == part);
  }
  const json as_json{{"data_base64", "eyAiYSI6MSB9"}};
  BOOST_TEST(must_read(structured_headers, structured_with(as_json)).data == R"({"a":1})");
  refuses(structured_headers, structured_with({{"data_base64", "eyAi"}}), "data");
  for (const json& bad : {json("a"), json("ab"), json("ab="), json("abc"), json("ab\n="),
                          json("ab*="), json("===="), json("a==="), json("ab=="), json("eyAi eyAi"),
                          json("_-8="), json(1), json(nullptr), json::object()})
    refuses(structured_headers, structured_with({{"data_base64", bad}}), "data_base64");
  refuses(structured_headers, structured_with({{"data", 1}, {"data_base64", "AAAA"}}),
          "data_base64");
}

BOOST_AUTO_TEST_CASE(json_is_taken_strictly) {
  const std::string deep = std::string(33, '[') + std::string(33, ']');
  for (const std::string& bad : {"{"s,
                                 "nul"s,
                                 "{}{}"s,
                                 "{} x"s,
                                 "{\"a\":1,}"s,
                                 "[1,]"s,
                                 "01"s,
                                 "1."s,
                                 "'a'"s,
                                 "NaN"s,
                                 "1e999"s,
                                 "{\"a\":1}\0{}"s,
                                 "\"\xff\""s,
                                 "\"\\ud800\""s,
                                 "\"\n\""s,
                                 "// a\n1"s,
                                 R"({"a":1,"a":2})"s,
                                 R"({"b":{"a":1,"\u0061":2}})"s,
                                 R"([{"a":1,"a":1}])"s,
                                 deep}) {
    refuses(binary_headers(), bad, "data");
    auto value = structured_with({{"data", 1}});
    value.replace(value.find("\"data\":1"), 8, "\"data\":" + bad);
    BOOST_TEST(!read_cloud_event(structured_headers, value), value);
  }
  const std::string deepest = deep.substr(1, 64);
  BOOST_TEST(must_read(binary_headers(), deepest).data == deepest);
  for (const std::string& bad : {""s, "1"s, "null"s, "\"{}\""s, "[]"s})
    refuses(structured_headers, bad, "value");
  const auto broken = structured_with();
  for (std::size_t size = 1; size < broken.size(); ++size)
    BOOST_TEST(!read_cloud_event(structured_headers, broken.substr(0, size)));
}

BOOST_AUTO_TEST_CASE(values_are_bounded) {
  const std::string longest = "\"" + std::string(received_bytes_max - 2, 'a') + "\"";
  BOOST_TEST((must_read(binary_headers(), longest).data == longest));
  refuses(binary_headers(), longest + " ", "data");
  refuses(structured_headers, std::string(received_bytes_max + 1, ' '), "data");
}

BOOST_AUTO_TEST_CASE(other_headers_are_not_looked_at) {
  auto headers = binary_headers();
  headers.insert(headers.begin(), {{"traceparent", "\xff"}, {"x", ""}, {"x", ""}, {"", "y"}});
  BOOST_TEST((must_read(headers, "{}") == must_read(binary_headers(), "{}")));
}

BOOST_AUTO_TEST_CASE(blanks_in_a_structured_event_say_nothing) {
  const auto spaced = json::parse(structured_with()).dump(2);
  BOOST_TEST(
    (must_read(structured_headers, spaced) == must_read(structured_headers, structured_with())));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// What we announce is CloudEvents 1.0 to the letter.
#include "protocol/cloud_event.hpp"

#include "protocol/assert.hpp"
#include "protocol/digest.hpp"
#include "protocol/json_text.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

using namespace std::string_literals;

namespace dossier {

namespace cloud_event_tests {

using nlohmann::json;

const std::string trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

const entity_ref entity{entity_kind::document, entity_id::make(from_ms(1'795'240'430'123), 7,
                                                               {1, 2, 3, 4, 5, 6, 7, 8, 9, 10})};

cloud_event some_event() {
  const envelope recorded{"CustomerDocumentExpiredEvent", 3, from_ms(1'795'240'430'123),
                          cause{"timer expired", "timer", "req-1", trace},
                          R"({"customerId":"acme","big":18446744073709551615,"a":[1.50,null]})"};
  return make_cloud_event(entity, 42, recorded, "/dossier");
}

} // namespace cloud_event_tests

BOOST_AUTO_TEST_SUITE(cloud_event_tests)

BOOST_AUTO_TEST_CASE(an_event_says_what_happened_to_whom_and_why) {
  const auto e = some_event();
  const std::string id = entity.id.text();
  BOOST_TEST(e.id == id + "-42");
  BOOST_TEST(e.source == "/dossier");
  BOOST_TEST(e.type == "CustomerDocumentExpiredEvent");
  BOOST_TEST(e.subject == "document/" + id);
  BOOST_TEST(to_rfc3339(e.time) == "2026-11-21T05:53:50.123Z");
  BOOST_TEST(e.sequence == 42U);
  BOOST_TEST(e.dataschema == "dossier:/schemas/CustomerDocumentExpiredEvent/3");
  BOOST_TEST(e.partitionkey == id);
  BOOST_TEST(e.traceparent == trace);
  BOOST_TEST(e.causationid == "req-1");
  BOOST_TEST(e.data == R"({"customerId":"acme","big":18446744073709551615,"a":[1.50,null]})");
}

BOOST_AUTO_TEST_CASE(events_are_counted_from_one) {
  BOOST_CHECK_THROW(make_cloud_event(entity, 0, envelope{}, "/dossier"), broken_invariant);
}

BOOST_AUTO_TEST_CASE(binary_mode_is_headers_and_the_data_as_it_is) {
  const auto e = some_event();
  const auto message = to_binary(e);
  const std::string id = entity.id.text();
  const event_headers expected{{"ce_specversion", "1.0"},
                               {"ce_id", id + "-42"},
                               {"ce_source", "/dossier"},
                               {"ce_type", "CustomerDocumentExpiredEvent"},
                               {"ce_subject", "document/" + id},
                               {"ce_time", "2026-11-21T05:53:50.123Z"},
                               {"ce_dataschema", "dossier:/schemas/CustomerDocumentExpiredEvent/3"},
                               {"ce_sequence", "00000000000000000042"},
                               {"ce_partitionkey", id},
                               {"ce_traceparent", trace},
                               {"ce_causationid", "req-1"},
                               {"content-type", "application/json"}};
  BOOST_TEST((message.headers == expected));
  BOOST_TEST(message.value == e.data);
}

BOOST_AUTO_TEST_CASE(structured_mode_is_one_object_with_the_data_in_it) {
  const auto e = some_event();
  const auto message = to_structured(e);
  const event_headers expected{{"content-type", "application/cloudevents+json; charset=UTF-8"}};
  BOOST_TEST((message.headers == expected));
  auto value = json::parse(message.value);
  BOOST_TEST(value["data"] == json::parse(e.data));
  BOOST_TEST(message.value.find("\"data\":" + e.data) != std::string::npos);
  value.erase("data");
  const std::string id = entity.id.text();
  const json attributes{{"specversion", "1.0"},
                        {"id", id + "-42"},
                        {"source", "/dossier"},
                        {"type", "CustomerDocumentExpiredEvent"},
                        {"subject", "document/" + id},
                        {"time", "2026-11-21T05:53:50.123Z"},
                        {"dataschema", "dossier:/schemas/CustomerDocumentExpiredEvent/3"},
                        {"sequence", "00000000000000000042"},
                        {"partitionkey", id},
                        {"traceparent", trace},
                        {"causationid", "req-1"},
                        {"datacontenttype", "application/json"}};
  BOOST_TEST(value == attributes);
}

BOOST_AUTO_TEST_CASE(what_no_request_caused_has_no_trace_and_no_cause) {
  auto e = some_event();
  e.traceparent.clear();
  e.causationid.clear();
  for (const auto& [name, value] : to_binary(e).headers)
    BOOST_TEST((name != "ce_traceparent" && name != "ce_causationid"));
  const auto value = json::parse(to_structured(e).value);
  BOOST_TEST(!value.contains("traceparent"));
  BOOST_TEST(!value.contains("causationid"));
}

BOOST_AUTO_TEST_CASE(of_what_was_in_an_event_and_in_a_message_before_nothing_stays) {
  auto event = some_event();
  auto [headers, value] = to_binary(event);
  headers.emplace_back("longer", "than any of ours");
  const envelope bare{"E", 1, from_ms(0), {}, "{}"};
  make_cloud_event(entity, 1, bare, "/", event);
  BOOST_TEST((event == make_cloud_event(entity, 1, bare, "/")));
  to_binary(event, headers, value);
  const auto anew = to_binary(event);
  BOOST_TEST((headers == anew.headers));
  BOOST_TEST(value == anew.value);
}

BOOST_AUTO_TEST_CASE(sequences_sort_as_texts) {
  const auto text_of = [](std::uint64_t sequence) {
    auto e = some_event();
    e.sequence = sequence;
    const auto read = read_cloud_event(to_binary(e).headers, "{}").value();
    return std::string(read.extension("sequence"));
  };
  BOOST_TEST(text_of(9) < text_of(10));
  BOOST_TEST(text_of(99) < text_of(100));
  BOOST_TEST(text_of(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(our_own_events_read_back_the_same_in_both_modes) {
  const auto e = some_event();
  for (const auto& message : {to_binary(e), to_structured(e)}) {
    const auto read = read_cloud_event(message.headers, message.value).value();
    BOOST_TEST(read.id == e.id);
    BOOST_TEST(read.source == e.source);
    BOOST_TEST(read.type == e.type);
    BOOST_TEST(read.subject == e.subject);
    BOOST_TEST((read.time == e.time));
    BOOST_TEST(read.datacontenttype == "application/json");
    BOOST_TEST(read.dataschema == e.dataschema);
    BOOST_TEST(read.extension("sequence") == "00000000000000000042");
    BOOST_TEST(read.extension("partitionkey") == e.partitionkey);
    BOOST_TEST(read.extension("traceparent") == e.traceparent);
    BOOST_TEST(read.extension("causationid") == e.causationid);
    BOOST_TEST(read.extension("absent") == "");
    BOOST_TEST(read.data == e.data);
  }
}

RC_BOOST_PROP(both_modes_say_the_same, ()) {
  const auto text = [](const std::string& characters, int max) {
    return *rc::gen::resize(
      max, rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(characters))));
  };
  const std::string uri = "abcXYZ019-._~:/?#[]@!$&'()*+,;=";
  const std::string printable = "aZ0 \"\\/%\x7e{}<>,:";
  const std::vector<std::string> pieces = {"\xc3\xa9", "\xf0\x9f\x98\x80", "%c3%a9", "\"", "z"};
  cloud_event e;
  e.id = text(printable, 60);
  e.source = text(uri, 60) + *rc::gen::elementOf(std::vector<std::string>{"", "%20", "%fF"});
  e.type = text(printable, 60);
  e.subject = text(printable, 60) + *rc::gen::elementOf(pieces);
  e.time = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max)));
  e.sequence = *rc::gen::arbitrary<std::uint64_t>();
  e.dataschema = text(uri, 60);
  e.partitionkey = text(printable, 30);
  e.traceparent = *rc::gen::elementOf(std::vector<std::string>{"", trace});
  e.causationid = *rc::gen::elementOf(pieces);
  json_writer w;
  w.begin_object().key(*rc::gen::elementOf(pieces)).number(*rc::gen::arbitrary<std::int64_t>());
  w.key("list").begin_array().string(text(printable, 30)).null().raw("0.10").boolean(true);
  e.data = w.end_array().end_object().take();

  const auto binary = to_binary(e);
  const auto structured = to_structured(e);
  const auto from_binary = read_cloud_event(binary.headers, binary.value);
  const auto from_structured = read_cloud_event(structured.headers, structured.value);
  RC_ASSERT(from_binary.has_value());
  RC_ASSERT(from_structured.has_value());
  RC_ASSERT(*from_binary == *from_structured);
  RC_ASSERT(from_binary->data == e.data);
  RC_ASSERT(from_binary->id == e.id);
  RC_ASSERT(from_binary->source == e.source);
  RC_ASSERT(from_binary->subject == e.subject);
  RC_ASSERT(from_binary->time == e.time);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

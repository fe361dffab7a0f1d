// SPDX-License-Identifier: Apache-2.0
#include "protocol/webhook_message.hpp"

#include <boost/test/unit_test.hpp>

#include <map>

using namespace dossier;

namespace webhook_messages {

cloud_event sample() {
  cloud_event e;
  e.id = "06d-1";
  e.source = "/dossier";
  e.type = "CustomerDocumentCreatedEvent";
  e.subject = "document/06d";
  e.time = from_ms(1'795'240'430'000);
  e.sequence = 1;
  e.partitionkey = "06d";
  e.causationid = "50% \"off\" \xc3\xa9";
  e.data = "{}";
  return e;
}

} // namespace webhook_messages

BOOST_AUTO_TEST_SUITE(webhook_messages)

BOOST_AUTO_TEST_CASE(binary_mode_has_a_field_for_each_attribute) {
  const auto m = make_webhook_message(sample(), false);
  const std::map<std::string, std::string> fields(m.fields.begin(), m.fields.end());
  BOOST_TEST(m.id == "06d-1");
  BOOST_TEST(m.body == "{}");
  BOOST_TEST(fields.at("content-type") == "application/json");
  BOOST_TEST(fields.at("ce-specversion") == "1.0");
  BOOST_TEST(fields.at("ce-id") == "06d-1");
  BOOST_TEST(fields.at("ce-type") == "CustomerDocumentCreatedEvent");
  // HTTP binding 3.1.3.2.
  BOOST_TEST(fields.at("ce-causationid") == "50%25%20%22off%22%20%C3%A9");
}

BOOST_AUTO_TEST_CASE(structured_mode_has_it_all_in_the_body) {
  const auto m = make_webhook_message(sample(), true);
  BOOST_TEST(m.fields.size() == 1u);
  BOOST_TEST(m.fields.front().second.starts_with("application/cloudevents+json"));
  BOOST_TEST(m.body.find("\"specversion\":\"1.0\"") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

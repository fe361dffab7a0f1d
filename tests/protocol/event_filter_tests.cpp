// SPDX-License-Identifier: Apache-2.0
#include "protocol/event_filter.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <string_view>

namespace dossier {

namespace event_filter_tests {

cloud_event event_of(std::string type, std::string subject = "document/1") {
  cloud_event e;
  e.type = std::move(type);
  e.subject = std::move(subject);
  return e;
}

cloud_event_filter filter_of(std::string_view types, std::string_view subject = "",
                             std::string_view customer = "") {
  auto read = cloud_event_filter::parse(types, subject, customer);
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().why));
  return *read;
}

void refuses(std::string_view types, std::string_view subject, std::string_view customer,
             std::string_view where) {
  const auto read = cloud_event_filter::parse(types, subject, customer);
  BOOST_REQUIRE_MESSAGE(!read, types << "|" << subject << "|" << customer << " was accepted");
  BOOST_TEST(to_string(read.error().code) == to_string(errc::invalid_argument));
  BOOST_TEST(read.error().where == where, read.error().why);
  BOOST_TEST(read.error().why.starts_with("cannot filter events by "), read.error().why);
}

} // namespace event_filter_tests

BOOST_AUTO_TEST_SUITE(event_filter_tests)

BOOST_AUTO_TEST_CASE(an_empty_filter_matches_everything) {
  BOOST_TEST((filter_of("") == cloud_event_filter{}));
  BOOST_TEST(filter_of("").matches(event_of("a"), "acme"));
  BOOST_TEST(cloud_event_filter{}.matches(event_of("", ""), ""));
}

BOOST_AUTO_TEST_CASE(a_type_matches_itself_only) {
  const auto filter = filter_of("CustomerDocumentExpiredEvent");
  BOOST_TEST(filter.matches(event_of("CustomerDocumentExpiredEvent"), "acme"));
  for (const auto* other : {"CustomerDocumentExpiredEvent2", "CustomerDocumentExpired",
                            "customerdocumentexpiredevent", ""})
    BOOST_TEST(!filter.matches(event_of(other), "acme"), other);
}

BOOST_AUTO_TEST_CASE(a_star_at_the_end_matches_what_begins_so) {
  const auto filter = filter_of("CustomerDocumentExp*");
  for (const auto* type :
       {"CustomerDocumentExpiredEvent", "CustomerDocumentExpiringEvent", "CustomerDocumentExp"})
    BOOST_TEST(filter.matches(event_of(type), "acme"), type);
  BOOST_TEST(!filter.matches(event_of("CustomerDocumentEx"), "acme"));
  BOOST_TEST(filter_of("*").matches(event_of("any"), "acme"));
}

BOOST_AUTO_TEST_CASE(one_of_several_types_is_enough) {
  const auto filter = filter_of(" a , b.*,c-_9");
  for (const auto* type : {"a", "b.", "b.x", "c-_9"})
    BOOST_TEST(filter.matches(event_of(type), "acme"), type);
  for (const auto* type : {"b", " a", "c", ""})
    BOOST_TEST(!filter.matches(event_of(type), "acme"), type);
}

BOOST_AUTO_TEST_CASE(a_subject_must_begin_as_told) {
  const auto filter = filter_of("", "document/ab");
  BOOST_TEST(filter.matches(event_of("t", "document/ab"), "acme"));
  BOOST_TEST(filter.matches(event_of("t", "document/abc"), "acme"));
  for (const auto* subject : {"document/a", "Document/ab", "xdocument/ab", ""})
    BOOST_TEST(!filter.matches(event_of("t", subject), "acme"), subject);
}

BOOST_AUTO_TEST_CASE(a_customer_must_be_the_one) {
  const auto filter = filter_of("", "", "acme");
  BOOST_TEST(filter.matches(event_of("t"), "acme"));
  for (const auto* customer : {"acme2", "acm", "ACME", ""})
    BOOST_TEST(!filter.matches(event_of("t"), customer), customer);
}

BOOST_AUTO_TEST_CASE(all_parts_must_match) {
  const auto filter = filter_of("a,b", "document/", "acme");
  BOOST_TEST(filter.matches(event_of("b", "document/1"), "acme"));
  BOOST_TEST(!filter.matches(event_of("c", "document/1"), "acme"));
  BOOST_TEST(!filter.matches(event_of("b", "share/1"), "acme"));
  BOOST_TEST(!filter.matches(event_of("b", "document/1"), "other"));
}

BOOST_AUTO_TEST_CASE(types_that_cannot_be_are_refused) {
  for (const std::string bad : {",", "a,", ",a", "a,,b", " ", "a b", "a*b", "*a", "**", "a**",
                                "a/b", "a\tb", "\xc3\xa9", "a\n"})
    refuses(bad, "", "", "types");
  refuses("a,b,a", "", "", "types");
  refuses("a*, a*", "", "", "types");
  BOOST_TEST(filter_of("a,a*").matches(event_of("ab"), ""));
}

BOOST_AUTO_TEST_CASE(filters_are_bounded) {
  std::string most = "t0";
  for (int i = 1; i < 32; ++i)
    most += ",t" + std::to_string(i);
  BOOST_TEST(filter_of(most).matches(event_of("t31"), ""));
  refuses(most + ",t32", "", "", "types");
  const std::string longest(256, 'a');
  BOOST_TEST(filter_of(longest).matches(event_of(longest), ""));
  refuses(longest + "a", "", "", "types");
  const std::string longest_subject(1024, 's');
  BOOST_TEST(filter_of("", longest_subject).matches(event_of("t", longest_subject), ""));
  refuses("", longest_subject + "s", "", "subject");
}

BOOST_AUTO_TEST_CASE(subjects_and_customers_that_cannot_be_are_refused) {
  using namespace std::string_literals;
  for (const auto& bad : {"\xff"s, "a\nb"s, "\0"s, "\x7f"s})
    refuses("", bad, "", "subject");
  for (const auto& bad : {" "s, ".a"s, "a/b"s, "*"s, std::string(65, 'a')})
    refuses("", "", bad, "customer");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

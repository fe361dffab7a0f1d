// SPDX-License-Identifier: Apache-2.0
#include "protocol/time.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <string>

namespace dossier {

namespace time_tests {

void reads_as(std::string_view text, std::string_view expected) {
  const auto t = parse_rfc3339(text);
  BOOST_REQUIRE_MESSAGE(t, text << " was refused: " << t.error().why);
  BOOST_TEST(to_rfc3339(*t) == expected, text);
}

void is_refused(std::string_view text, std::string_view hint = "") {
  const auto t = parse_rfc3339(text);
  BOOST_REQUIRE_MESSAGE(!t, text << " was read");
  BOOST_TEST(to_string(t.error().code) == to_string(errc::invalid_argument));
  BOOST_TEST(t.error().why.find(hint) != std::string::npos, t.error().why);
}

} // namespace time_tests

BOOST_AUTO_TEST_SUITE(time_tests)

BOOST_AUTO_TEST_CASE(known_instants_are_written_in_utc_with_milliseconds) {
  BOOST_TEST(to_rfc3339(from_ms(0)) == "1970-01-01T00:00:00.000Z");
  BOOST_TEST(to_rfc3339(from_ms(1'795'240'430'123)) == "2026-11-21T05:53:50.123Z");
  BOOST_TEST(to_rfc3339(from_ms(951'827'696'789)) == "2000-02-29T12:34:56.789Z");
  BOOST_TEST(to_rfc3339(timestamp_max) == "9999-12-31T23:59:59.999Z");
  BOOST_TEST(to_rfc3339(from_ms(-1)) == "1969-12-31T23:59:59.999Z");
}

BOOST_AUTO_TEST_CASE(every_form_of_rfc_3339_is_read) {
  reads_as("2026-11-21T05:53:50Z", "2026-11-21T05:53:50.000Z");
  reads_as("2026-11-21t05:53:50z", "2026-11-21T05:53:50.000Z");
  reads_as("2026-11-21T05:53:50+01:00", "2026-11-21T04:53:50.000Z");
  reads_as("2026-11-21T05:53:50-23:59", "2026-11-22T05:52:50.000Z");
  reads_as("2026-11-21T05:53:50-00:00", "2026-11-21T05:53:50.000Z");
  reads_as("1969-12-31T23:30:00-01:00", "1970-01-01T00:30:00.000Z");
  reads_as("2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(fractions_are_cut_to_milliseconds) {
  reads_as("2026-11-21T05:53:50.1Z", "2026-11-21T05:53:50.100Z");
  reads_as("2026-11-21T05:53:50.12Z", "2026-11-21T05:53:50.120Z");
  reads_as("2026-11-21T05:53:50.1239999999999999999999999Z", "2026-11-21T05:53:50.123Z");
  reads_as("2026-11-21T05:53:59.9999Z", "2026-11-21T05:53:59.999Z");
}

BOOST_AUTO_TEST_CASE(a_leap_second_is_the_next_second_and_ends_a_month_in_utc) {
  reads_as("2016-12-31T23:59:60Z", "2017-01-01T00:00:00.000Z");
  reads_as("1990-12-31T15:59:60-08:00", "1991-01-01T00:00:00.000Z");
  reads_as("2015-06-30T23:59:60.5Z", "2015-07-01T00:00:00.500Z");
  is_refused("2016-12-31T22:59:60Z", "second 60");
  is_refused("2016-12-30T23:59:60Z", "second 60");
  is_refused("2016-12-31T23:59:60+01:00", "second 60");
  is_refused("2016-12-31T23:59:61Z", "time of day");
  is_refused("9999-12-31T23:59:60Z", "1970 to 9999");
}

BOOST_AUTO_TEST_CASE(what_is_not_rfc_3339_is_refused) {
  for (const char* text : {"",
                           "2026",
                           "2026-11-21",
                           "2026-11-21T05:53:50",
                           "2026-11-21 05:53:50Z",
                           "2026-11-21T05:53Z",
                           "2026-11-21T05:53:50.Z",
                           "2026-11-21T05:53:50,1Z",
                           "2026-11-21T05:53:50+0100",
                           "2026-11-21T05:53:50+01",
                           "2026-11-21T05:53:50Z ",
                           " 2026-11-21T05:53:50Z",
                           "2026-11-21T05:53:50ZZ",
                           "26-11-21T05:53:50Z",
                           "+2026-11-21T05:53:50Z",
                           "2026-1-21T05:53:50Z",
                           "2026-11-21T5:53:50Z",
                           "2026-11-21T05:53:50.1",
                           "20261121T055350Z",
                           "2026-11-21T05:53:5 Z",
                           "2026-11-21T-5:53:50Z",
                           "1795240430",
                           "tomorrow"})
    is_refused(text, "RFC 3339");
  is_refused(std::string_view("2026-11-21T05:53:50Z\0", 21), "RFC 3339");
}

BOOST_AUTO_TEST_CASE(days_and_times_that_do_not_exist_are_refused) {
  for (const char* text : {"2026-00-21T05:53:50Z", "2026-13-21T05:53:50Z", "2026-11-00T05:53:50Z",
                           "2026-11-31T05:53:50Z", "2026-02-29T05:53:50Z", "2100-02-29T05:53:50Z"})
    is_refused(text, "day");
  is_refused("2026-11-21T24:00:00Z", "time of day");
  is_refused("2026-11-21T05:60:00Z", "time of day");
  is_refused("2026-11-21T05:53:50+24:00", "offset");
  is_refused("2026-11-21T05:53:50-01:60", "offset");
}

BOOST_AUTO_TEST_CASE(years_outside_1970_to_9999_in_utc_are_refused) {
  is_refused("1969-12-31T23:59:59.999Z", "1970");
  is_refused("1970-01-01T00:00:00+00:01", "1970");
  is_refused("0000-01-01T00:00:00Z", "1970");
  is_refused("9999-12-31T23:59:59-00:01", "9999");
}

RC_BOOST_PROP(every_instant_reads_back_as_itself, ()) {
  const auto t = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) + 1));
  const auto read = parse_rfc3339(to_rfc3339(t));
  RC_ASSERT((read && *read == t));
}

RC_BOOST_PROP(every_http_date_reads_back_as_its_second, ()) {
  const auto t = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) + 1));
  const auto read = parse_http_date(to_http_date(t));
  RC_ASSERT((read && *read == std::chrono::floor<seconds>(t)));
}

RC_BOOST_PROP(texts_sort_as_the_instants_do, ()) {
  const auto a = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) + 1));
  const auto b = from_ms(*rc::gen::inRange<std::int64_t>(0, to_ms(timestamp_max) + 1));
  RC_ASSERT((a < b) == (to_rfc3339(a) < to_rfc3339(b)));
}

BOOST_AUTO_TEST_CASE(http_dates_are_written_and_read_in_whole_seconds) {
  const auto t = from_ms(784'111'777'999);
  BOOST_TEST(to_http_date(t) == "Sun, 06 Nov 1994 08:49:37 GMT");
  const auto read = parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT");
  BOOST_REQUIRE(read);
  BOOST_TEST(to_ms(*read) == 784'111'777'000);
  const auto leap = parse_http_date("Sat, 31 Dec 2016 23:59:60 GMT");
  BOOST_REQUIRE(leap);
  BOOST_TEST(to_rfc3339(*leap) == "2017-01-01T00:00:00.000Z");
}

BOOST_AUTO_TEST_CASE(other_http_dates_are_refused) {
  for (const char* text :
       {"", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37 +0000",
        "sun, 06 Nov 1994 08:49:37 GMT", "Sun, 6 Nov 1994 08:49:37 GMT",
        "Sun, 06 nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 GMT ",
        "Mon, 06 Nov 1994 08:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37", "Sun", "Sun, 06 N"}) {
    const auto t = parse_http_date(text);
    BOOST_TEST(!t, text);
    if (!t)
      BOOST_TEST(to_string(t.error().code) == to_string(errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

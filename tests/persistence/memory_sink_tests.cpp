// SPDX-License-Identifier: Apache-2.0
// The trouble that the sink in memory makes on demand, for those who test with it.
#include "persistence/memory_sink.hpp"

#include "tests/persistence/sink_samples.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::samples;

BOOST_AUTO_TEST_SUITE(memory_sink_tests)

BOOST_AUTO_TEST_CASE(so_many_offers_find_it_full) {
  memory_sink sink;
  sink.fail_offers(2);
  BOOST_CHECK(!sink.offer(message_of(1), 1));
  BOOST_CHECK(!sink.offer(message_of(1), 1));
  BOOST_CHECK(sink.offer(message_of(1), 1));
  BOOST_CHECK_EQUAL(sink.under_way(), 1u);
}

BOOST_AUTO_TEST_CASE(what_is_held_is_neither_delivered_nor_lost) {
  memory_sink sink;
  sink_report report;
  sink.hold(true);
  BOOST_REQUIRE(sink.offer(message_of(1), 1));
  sink.poll(milliseconds{0}, report);
  BOOST_CHECK(report.delivered.empty() && sink.messages(topic, 0).empty() && !sink.health());
  sink.hold(false);
  sink.poll(milliseconds{0}, report);
  BOOST_CHECK_EQUAL(report.delivered.size(), 1u);
  BOOST_CHECK(sink.health());
}

BOOST_AUTO_TEST_CASE(a_reset_may_have_delivered_some_unsaid) {
  memory_sink sink;
  for (const auto n : numbers(1, 5))
    BOOST_REQUIRE(sink.offer(message_of(n), n));
  sink.reset(2);
  BOOST_CHECK(!sink.offer(message_of(1), 1));
  sink_report report;
  sink.poll(milliseconds{0}, report);
  BOOST_CHECK(report.was_reset && report.delivered.empty());
  BOOST_TEST(values_of(sink.messages(topic, 0)) == sample_values(1, 2),
             boost::test_tools::per_element());
  BOOST_CHECK(sink.offer(message_of(1), 1));
}

BOOST_AUTO_TEST_CASE(a_reset_of_nothing_is_not_reported) {
  memory_sink sink;
  sink.reset();
  sink_report report;
  sink.poll(milliseconds{0}, report);
  BOOST_CHECK(!report.was_reset);
}

BOOST_AUTO_TEST_CASE(it_keeps_the_newest_of_what_was_delivered) {
  memory_sink sink({10, 3});
  sink_report report;
  for (const auto n : numbers(1, 5))
    BOOST_REQUIRE(sink.offer(message_of(n), n));
  sink.poll(milliseconds{0}, report);
  BOOST_TEST(values_of(sink.messages(topic, 0)) == sample_values(3, 5),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

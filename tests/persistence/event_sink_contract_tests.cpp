// SPDX-License-Identifier: Apache-2.0
// What every event sink promises, held against both: the one in memory and the one on Kafka, the
// latter against the development broker and read back by a plain consumer.
#include "persistence/event_sink.hpp"

#include "persistence/development_broker.hpp"
#include "persistence/kafka_sink.hpp"
#include "persistence/memory_sink.hpp"
#include "tests/persistence/kafka_reader.hpp"
#include "tests/persistence/sink_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <tuple>

using namespace dossier;
using namespace dossier::samples;

namespace event_sink_contract_tests {

constexpr std::uint32_t partitions = 3;

class in_memory {
public:
  explicit in_memory(std::uint32_t queue_messages_max = 10'000)
    : memory_({queue_messages_max, 100'000}) {}

  event_sink& sink() { return memory_; }
  void cut() { memory_.hold(true); }
  void mend() { memory_.hold(false); }
  std::vector<outgoing> read(std::uint32_t partition) const {
    return memory_.messages(topic, partition);
  }
  /// Whatever `offer` offers is forgotten.
  template <class Offer>
  void lose(Offer offer) {
    offer();
    memory_.reset(2);
  }
  outgoing refused_message(std::uint64_t token) {
    memory_.refuse(token, fail(errc::too_large, "publishing to memory: too large; send less"));
    return message_of(token);
  }

private:
  memory_sink memory_;
};

class on_kafka {
public:
  explicit on_kafka(std::uint32_t queue_messages_max = 10'000)
    : broker_(development_broker::start().value()) {
    BOOST_REQUIRE(broker_->create_topic(topic, partitions));
    kafka_settings s;
    s.bootstrap_servers = broker_->bootstrap_servers();
    s.queue_messages_max = queue_messages_max;
    s.stuck_after_ms = 100;
    sink_ = kafka_sink::open(s).value();
  }

  event_sink& sink() { return *sink_; }
  void cut() { broker_->take_down(); }
  void mend() { broker_->bring_up(); }
  std::vector<outgoing> read(std::uint32_t partition) const {
    return kafka_reader(broker_->bootstrap_servers()).read(topic, partition);
  }
  /// A fatal error: the producer and the broker disagree on what was sent.
  template <class Offer>
  void lose(Offer offer) {
    constexpr std::int16_t produce = 0;
    broker_->fail_requests(produce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
    offer();
  }
  outgoing refused_message(std::uint64_t token) {
    auto message = message_of(token);
    message.value.assign(1'000'001, 'x');
    return message;
  }

private:
  std::unique_ptr<development_broker> broker_;
  std::unique_ptr<kafka_sink> sink_;
};

using sinks = std::tuple<in_memory, on_kafka>;

} // namespace event_sink_contract_tests

BOOST_AUTO_TEST_SUITE(event_sink_contract_tests)

BOOST_AUTO_TEST_CASE_TEMPLATE(messages_arrive_byte_for_byte, Sink, sinks) {
  Sink given;
  std::string all_bytes;
  for (int byte = 0; byte < 256; ++byte)
    all_bytes += static_cast<char>(byte);
  const std::vector<outgoing> sent{
    {topic, 1, "key", {}, "no headers"},
    {topic, 1, all_bytes, {{"bytes", all_bytes}}, all_bytes},
    {topic, 1, "k", {{"twice", "1"}, {"empty", ""}, {"twice", "2"}}, std::string(100'000, 'x')},
    {topic, 1, "ümlaut", {{"ce_source", "/dossier"}}, ""},
  };
  sink_report report;
  for (std::size_t i = 0; i < sent.size(); ++i)
    BOOST_REQUIRE(given.sink().offer(sent[i], i));
  poll_until_delivered(given.sink(), report, sent.size());
  const auto kept = given.read(1);
  BOOST_REQUIRE_EQUAL(kept.size(), sent.size());
  for (std::size_t i = 0; i < sent.size(); ++i)
    BOOST_CHECK_MESSAGE(is_same(kept[i], sent[i]), "message " << i);
  BOOST_CHECK(given.read(0).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(each_partition_keeps_the_order_of_its_offers, Sink, sinks) {
  Sink given;
  constexpr std::uint64_t count = 900;
  sink_report report;
  for (const auto n : numbers(0, count - 1))
    BOOST_REQUIRE(given.sink().offer(message_of(n, n % partitions), n));
  poll_until_delivered(given.sink(), report, count);
  BOOST_CHECK_EQUAL(report.delivered.size(), count);
  BOOST_CHECK(report.refused.empty() && !report.was_reset);
  for (std::uint32_t partition = 0; partition < partitions; ++partition) {
    std::vector<std::uint64_t> offered;
    std::vector<std::uint64_t> delivered;
    std::vector<std::string> values;
    for (auto n = std::uint64_t{partition}; n < count; n += partitions) {
      offered.push_back(n);
      values.push_back(message_of(n).value);
    }
    std::ranges::copy_if(report.delivered, std::back_inserter(delivered),
                         [&](auto token) { return token % partitions == partition; });
    BOOST_TEST(delivered == offered, boost::test_tools::per_element());
    BOOST_TEST(values_of(given.read(partition)) == values, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_token_is_reported_once_and_whole, Sink, sinks) {
  Sink given;
  sink_report report;
  constexpr std::uint64_t largest = UINT64_MAX;
  BOOST_REQUIRE(given.sink().offer(message_of(1), 0));
  BOOST_REQUIRE(given.sink().offer(message_of(2), largest));
  poll_until_delivered(given.sink(), report, 2);
  given.sink().poll(milliseconds{50}, report);
  given.sink().close(milliseconds{1'000}, report);
  const std::vector<std::uint64_t> tokens{0, largest};
  BOOST_TEST(report.delivered == tokens, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_full_sink_takes_more_after_a_poll, Sink, sinks) {
  Sink given(3);
  given.cut();
  for (const auto n : numbers(1, 3))
    BOOST_REQUIRE(given.sink().offer(message_of(n), n));
  BOOST_CHECK(!given.sink().offer(message_of(4), 4));
  given.mend();
  sink_report report;
  poll_until_delivered(given.sink(), report, 1);
  BOOST_REQUIRE(given.sink().offer(message_of(4), 4));
  poll_until_delivered(given.sink(), report, 4);
  BOOST_TEST(report.delivered == numbers(1, 4), boost::test_tools::per_element());
  BOOST_TEST(last_values_of(given.read(0)) == sample_values(1, 4),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_reset_forgot_is_offered_again_and_reported_once, Sink, sinks) {
  Sink given;
  given.lose([&] {
    for (const auto n : numbers(1, 10))
      BOOST_REQUIRE(given.sink().offer(message_of(n), n));
  });
  sink_report report;
  poll_until(given.sink(), report, [&] { return report.was_reset; });
  BOOST_CHECK(report.delivered.empty() && report.refused.empty());
  sink_report after;
  for (const auto n : numbers(1, 10))
    poll_until(given.sink(), after, [&] { return given.sink().offer(message_of(n), 100 + n); });
  poll_until_delivered(given.sink(), after, 10);
  given.sink().poll(milliseconds{50}, after);
  BOOST_TEST(after.delivered == numbers(101, 110), boost::test_tools::per_element());
  BOOST_CHECK(!after.was_reset);
  BOOST_TEST(last_values_of(given.read(0)) == sample_values(1, 10),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_refused_message_is_reported_with_its_reason, Sink, sinks) {
  Sink given;
  sink_report report;
  BOOST_REQUIRE(given.sink().offer(message_of(1), 1));
  BOOST_REQUIRE(given.sink().offer(given.refused_message(2), 2));
  BOOST_REQUIRE(given.sink().offer(message_of(3), 3));
  poll_until_delivered(given.sink(), report, 2);
  poll_until(given.sink(), report, [&] { return !report.refused.empty(); });
  const std::vector<std::uint64_t> others{1, 3};
  BOOST_TEST(report.delivered == others, boost::test_tools::per_element());
  BOOST_REQUIRE_EQUAL(report.refused.size(), 1u);
  BOOST_CHECK_EQUAL(report.refused[0].first, 2u);
  BOOST_CHECK_EQUAL(to_string(report.refused[0].second.code), to_string(errc::too_large));
  BOOST_CHECK(!report.refused[0].second.why.empty());
  BOOST_CHECK_EQUAL(given.read(0).size(), 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(close_waits_for_what_was_offered, Sink, sinks) {
  Sink given;
  for (const auto n : numbers(1, 100))
    BOOST_REQUIRE(given.sink().offer(message_of(n), n));
  sink_report report;
  given.sink().close(milliseconds{30'000}, report);
  BOOST_TEST(report.delivered == numbers(1, 100), boost::test_tools::per_element());
  BOOST_CHECK(!report.was_reset);
  BOOST_CHECK(!given.sink().offer(message_of(101), 101));
  BOOST_CHECK(!given.sink().health());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(close_forgets_what_does_not_get_through, Sink, sinks) {
  Sink given;
  given.cut();
  for (const auto n : numbers(1, 10))
    BOOST_REQUIRE(given.sink().offer(message_of(n), n));
  sink_report report;
  given.sink().close(milliseconds{50}, report);
  BOOST_CHECK(report.delivered.empty() && report.refused.empty());
  BOOST_CHECK(report.was_reset);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(health_follows_the_backbone, Sink, sinks) {
  Sink given;
  sink_report report;
  BOOST_REQUIRE(given.sink().offer(message_of(1), 1));
  poll_until_delivered(given.sink(), report, 1);
  BOOST_CHECK(given.sink().health());
  given.cut();
  BOOST_REQUIRE(given.sink().offer(message_of(2), 2));
  poll_until(given.sink(), report, [&] { return !given.sink().health(); });
  const auto why = given.sink().health().error();
  BOOST_CHECK_EQUAL(to_string(why.code), to_string(errc::unavailable));
  BOOST_CHECK(why.why.starts_with("publishing to "));
  given.mend();
  poll_until_delivered(given.sink(), report, 2);
  BOOST_CHECK(given.sink().health());
}

BOOST_AUTO_TEST_SUITE_END()

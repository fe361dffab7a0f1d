// SPDX-License-Identifier: Apache-2.0
// What the sink on Kafka promises beyond the contract: the faults of brokers, settings and topics.
// Against the development broker; the last cases against a real one, if DOSSIER_KAFKA_SERVERS names
// it (./dev kafka start prints how).
#include "persistence/kafka_sink.hpp"

#include "persistence/development_broker.hpp"
#include "tests/persistence/kafka_reader.hpp"
#include "tests/persistence/sink_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <random>

using namespace dossier;
using namespace dossier::samples;

namespace kafka_sink_tests {

constexpr std::int16_t produce = 0;
constexpr std::int16_t init_producer_id = 22;

kafka_settings settings_for(const std::string& servers) {
  kafka_settings s;
  s.bootstrap_servers = servers;
  return s;
}

struct world {
  std::unique_ptr<development_broker> broker = development_broker::start().value();
  kafka_settings settings = settings_for(broker->bootstrap_servers());
  std::unique_ptr<kafka_sink> sink;
  sink_report report;

  world() { BOOST_REQUIRE(broker->create_topic(topic, 2)); }

  void open() { sink = kafka_sink::open(settings).value(); }

  /// The partition knows the producer by its message 0.
  void open_known() {
    open();
    publish(0, 0);
  }
  /// Messages that are offered to a known producer while its broker is away travel in one request.
  void offer_as_one_request(std::uint64_t first, std::uint64_t last) {
    broker->take_down();
    for (const auto n : numbers(first, last))
      BOOST_REQUIRE(sink->offer(message_of(n), n));
    broker->bring_up();
  }
  void publish(std::uint64_t first, std::uint64_t last) {
    publish_all(*sink, first, last, report, [](auto n) { return message_of(n); });
  }

  void poll_for(milliseconds duration) {
    const auto end = std::chrono::steady_clock::now() + duration;
    while (std::chrono::steady_clock::now() < end)
      sink->poll(milliseconds{10}, report);
  }

  std::vector<outgoing> read(std::uint32_t partition = 0) const {
    return kafka_reader(broker->bootstrap_servers()).read(topic, partition);
  }
  std::string wait_for_trouble() {
    poll_until(*sink, report, [&] { return !sink->health(); });
    return sink->health().error().why;
  }
  void wait_for_health() {
    poll_until(*sink, report, [&] { return sink->health().has_value(); });
  }
};

bool speaks_of(const std::string& text, std::string_view what) {
  return text.find(what) != std::string::npos;
}

void check_refused(const kafka_settings& s, std::string_view setting, std::string_view why) {
  const auto opened = kafka_sink::open(s);
  BOOST_REQUIRE(!opened);
  BOOST_CHECK_EQUAL(to_string(opened.error().code), to_string(errc::invalid_argument));
  BOOST_CHECK_MESSAGE(speaks_of(opened.error().why, setting), opened.error().why);
  BOOST_CHECK_MESSAGE(speaks_of(opened.error().why, why), opened.error().why);
}

std::string real_servers() {
  const char* servers = std::getenv("DOSSIER_KAFKA_SERVERS");
  return servers == nullptr ? "" : servers;
}

boost::test_tools::assertion_result has_real_broker(boost::unit_test::test_unit_id) {
  boost::test_tools::assertion_result has = !real_servers().empty();
  has.message() << "DOSSIER_KAFKA_SERVERS is not set";
  return has;
}

std::string fresh_topic() {
  return "dossier.tests." + std::to_string(std::random_device{}());
}

/// Nothing that a compression could make smaller.
std::string noise(std::size_t bytes) {
  std::mt19937 generator{7};
  std::string text;
  for (std::size_t i = 0; i < bytes; ++i)
    text += static_cast<char>(generator());
  return text;
}

/// Makes a topic on the real broker with a limit of its own for requests.
void make_topic(const std::string& name, const char* bytes_max) {
  char why[512] = "";
  auto* conf = rd_kafka_conf_new();
  BOOST_REQUIRE_EQUAL(
    rd_kafka_conf_set(conf, "bootstrap.servers", real_servers().c_str(), why, sizeof why),
    RD_KAFKA_CONF_OK);
  auto* client = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof why);
  BOOST_REQUIRE_MESSAGE(client != nullptr, why);
  auto* made = rd_kafka_NewTopic_new(name.c_str(), 1, 1, why, sizeof why);
  rd_kafka_NewTopic_set_config(made, "max.message.bytes", bytes_max);
  auto* answers = rd_kafka_queue_new(client);
  rd_kafka_CreateTopics(client, &made, 1, nullptr, answers);
  auto* answer = rd_kafka_queue_poll(answers, 30'000);
  BOOST_REQUIRE(answer != nullptr);
  BOOST_CHECK_EQUAL(rd_kafka_event_error(answer), RD_KAFKA_RESP_ERR_NO_ERROR);
  rd_kafka_event_destroy(answer);
  rd_kafka_queue_destroy(answers);
  rd_kafka_NewTopic_destroy(made);
  rd_kafka_destroy(client);
}

} // namespace kafka_sink_tests

BOOST_AUTO_TEST_SUITE(kafka_sink_tests)

// --- Faults that pass. ---

BOOST_AUTO_TEST_CASE(errors_that_pass_are_retried_in_order_and_unnoticed) {
  world w;
  w.open_known();
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
                                    RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
                                    RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
  w.offer_as_one_request(1, 50);
  poll_until_delivered(*w.sink, w.report, 51);
  BOOST_TEST(w.report.delivered == numbers(0, 50), boost::test_tools::per_element());
  BOOST_CHECK(w.report.refused.empty() && !w.report.was_reset);
  BOOST_TEST(values_of(w.read()) == sample_values(0, 50), boost::test_tools::per_element());
}

/// One request is refused for a moment while the next would be under way. The development broker
/// looks at no sequence number, as a real one that does not know the producer.
void check_that_a_later_request_keeps_no_earlier_one(world& w) {
  const auto before = w.report.delivered.size();
  w.broker->delay_answers(milliseconds{300});
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION});
  BOOST_REQUIRE(w.sink->offer(message_of(1), 1));
  w.poll_for(milliseconds{100});
  BOOST_REQUIRE_EQUAL(w.report.delivered.size(), before);
  for (const auto n : numbers(2, 20))
    BOOST_REQUIRE(w.sink->offer(message_of(n), n));
  poll_until_delivered(*w.sink, w.report, before + 20);
  auto values = values_of(w.read());
  BOOST_REQUIRE_GE(values.size(), 20u);
  values.erase(values.begin(), values.end() - 20);
  BOOST_TEST(values == sample_values(1, 20), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_first_request_that_is_refused_for_a_moment_is_not_kept_by_the_second) {
  world w;
  w.open();
  // The producer has met the broker then, but not in the partition of the others.
  BOOST_REQUIRE(w.sink->offer(message_of(0, 1), 0));
  poll_until_delivered(*w.sink, w.report, 1);
  check_that_a_later_request_keeps_no_earlier_one(w);
}

BOOST_AUTO_TEST_CASE(what_waits_for_a_first_message_is_bounded_and_goes_when_it_is_kept) {
  world w;
  w.broker->take_down();
  w.open();
  const auto large = [](std::uint64_t n) {
    auto message = message_of(n);
    message.value.resize(900'000, ' ');
    return message;
  };
  std::uint64_t taken = 0;
  while (taken < 100 && w.sink->offer(large(taken), taken))
    ++taken;
  // One is under way and 16 MiB wait.
  BOOST_CHECK_EQUAL(taken, 20u);
  w.broker->bring_up();
  poll_until_delivered(*w.sink, w.report, taken);
  BOOST_TEST(w.report.delivered == numbers(0, taken - 1), boost::test_tools::per_element());
  BOOST_CHECK(w.sink->offer(large(taken), taken));
}

BOOST_AUTO_TEST_CASE(a_producer_that_was_silent_for_long_counts_as_forgotten) {
  world w;
  w.settings.producer_memory_ms = 1'500;
  w.open_known();
  w.poll_for(milliseconds{1'600});
  check_that_a_later_request_keeps_no_earlier_one(w);
}

BOOST_AUTO_TEST_CASE(
  a_producer_that_brokers_may_have_forgotten_with_messages_under_way_starts_over) {
  world w;
  w.settings.producer_memory_ms = 200;
  w.open_known();
  w.broker->take_down();
  for (const auto n : numbers(1, 20))
    BOOST_REQUIRE(w.sink->offer(message_of(n), n));
  poll_until(*w.sink, w.report, [&] { return w.report.was_reset; });
  w.broker->bring_up();
  w.publish(1, 20);
  BOOST_TEST(last_values_of(w.read()) == sample_values(0, 20), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_broker_that_goes_down_and_comes_back_misses_nothing) {
  world w;
  w.open();
  w.publish(1, 100);
  w.broker->take_down();
  for (const auto n : numbers(101, 200))
    BOOST_REQUIRE(w.sink->offer(message_of(n), n));
  BOOST_CHECK(speaks_of(w.wait_for_trouble(), "no broker can be reached"));
  BOOST_CHECK_EQUAL(w.report.delivered.size(), 100u);
  w.broker->bring_up();
  poll_until_delivered(*w.sink, w.report, 200);
  BOOST_TEST(w.report.delivered == numbers(1, 200), boost::test_tools::per_element());
  BOOST_CHECK(!w.report.was_reset && w.sink->health());
  BOOST_TEST(last_values_of(w.read()) == sample_values(1, 200), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_broker_that_is_away_at_the_start_is_waited_for) {
  world w;
  w.broker->take_down();
  w.open();
  BOOST_CHECK(speaks_of(w.sink->health().error().why, w.settings.bootstrap_servers));
  BOOST_REQUIRE(w.sink->offer(message_of(1), 1));
  BOOST_CHECK(speaks_of(w.wait_for_trouble(), "no broker can be reached"));
  w.broker->bring_up();
  poll_until_delivered(*w.sink, w.report, 1);
  BOOST_CHECK(w.sink->health());
}

BOOST_AUTO_TEST_CASE(a_broker_that_does_not_answer_is_told_by_health) {
  world w;
  w.settings.stuck_after_ms = 100;
  w.open();
  w.publish(1, 1);
  BOOST_CHECK(w.sink->health());
  w.broker->delay_answers(milliseconds{60'000});
  BOOST_REQUIRE(w.sink->offer(message_of(2), 2));
  BOOST_CHECK(speaks_of(w.wait_for_trouble(), "under way for more than 100 ms"));
}

BOOST_AUTO_TEST_CASE(an_idle_sink_becomes_well_by_itself) {
  world w;
  w.open();
  w.wait_for_health();
  BOOST_CHECK(w.report.delivered.empty());
}

// --- Faults that end a producer. ---

BOOST_AUTO_TEST_CASE(a_fatal_error_starts_over_and_loses_nothing) {
  world w;
  w.open_known();
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
  w.offer_as_one_request(1, 20);
  poll_until(*w.sink, w.report, [&] { return w.report.was_reset; });
  BOOST_CHECK_EQUAL(w.report.delivered.size(), 1u);
  BOOST_CHECK(!w.sink->health());
  w.publish(1, 20);
  BOOST_TEST(w.report.delivered == numbers(0, 20), boost::test_tools::per_element());
  BOOST_TEST(values_of(w.read()) == sample_values(0, 20), boost::test_tools::per_element());
  w.wait_for_health();
}

BOOST_AUTO_TEST_CASE(a_producer_that_may_not_start_is_tried_again) {
  world w;
  w.broker->fail_requests(init_producer_id, {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
                                             RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  w.open();
  w.publish(1, 20);
  BOOST_TEST(w.report.delivered == numbers(1, 20), boost::test_tools::per_element());
  BOOST_CHECK(w.report.was_reset && w.report.refused.empty());
}

BOOST_AUTO_TEST_CASE(a_partition_that_does_not_exist_is_waited_for) {
  world w;
  w.open();
  BOOST_REQUIRE(w.sink->offer(message_of(1, 7), 1));
  BOOST_CHECK(!w.wait_for_trouble().empty());
  poll_until(*w.sink, w.report, [&] { return w.report.was_reset; });
  BOOST_CHECK(w.report.refused.empty() && w.report.delivered.empty());
  w.publish(2, 2);
  BOOST_TEST(w.report.delivered == numbers(2, 2), boost::test_tools::per_element());
}

// --- Refusals. ---

BOOST_AUTO_TEST_CASE(of_a_refused_request_only_the_message_that_is_refused_alone_is_given_up) {
  for (const auto& [error, code] :
       {std::pair{RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, errc::too_large},
        std::pair{RD_KAFKA_RESP_ERR_INVALID_RECORD, errc::invalid_argument}}) {
    world w;
    w.open_known();
    // The request of all, then that of the first message alone.
    const auto number = static_cast<std::int16_t>(error);
    w.broker->fail_requests(produce, {number, number});
    w.offer_as_one_request(1, 20);
    poll_until(*w.sink, w.report, [&] { return w.report.was_reset; });
    BOOST_CHECK(w.report.refused.empty());
    w.publish(1, 20);
    BOOST_REQUIRE_EQUAL(w.report.refused.size(), 1u);
    BOOST_CHECK_EQUAL(w.report.refused[0].first, 1u);
    BOOST_CHECK_EQUAL(to_string(w.report.refused[0].second.code), to_string(code));
    BOOST_CHECK(speaks_of(w.report.refused[0].second.why, topic + "/0"));
    auto kept = numbers(0, 20);
    kept.erase(kept.begin() + 1);
    BOOST_TEST(w.report.delivered == kept, boost::test_tools::per_element());
    w.publish(21, 200);
    BOOST_CHECK_EQUAL(w.report.refused.size(), 1u);
    auto values = sample_values(0, 200);
    values.erase(values.begin() + 1);
    BOOST_TEST(values_of(w.read()) == values, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(a_request_that_is_refused_once_refuses_no_message) {
  world w;
  w.open_known();
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  w.offer_as_one_request(1, 20);
  poll_until(*w.sink, w.report, [&] { return w.report.was_reset; });
  w.publish(1, 20);
  BOOST_CHECK(w.report.refused.empty());
  BOOST_TEST(values_of(w.read()) == sample_values(0, 20), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_topic_that_is_closed_to_us_refuses_its_messages) {
  world w;
  w.open_known();
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  w.offer_as_one_request(1, 5);
  poll_until(*w.sink, w.report, [&] { return w.report.refused.size() >= 5; });
  for (const auto& [token, why] : w.report.refused)
    BOOST_CHECK_EQUAL(to_string(why.code), to_string(errc::forbidden));
  w.publish(6, 10);
  BOOST_CHECK_EQUAL(w.report.refused.size(), 5u);
  auto values = sample_values(6, 10);
  values.insert(values.begin(), message_of(0).value);
  BOOST_TEST(values_of(w.read()) == values, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_first_message_that_is_refused_keeps_nobody_back) {
  world w;
  w.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  w.open();
  w.publish(1, 20);
  BOOST_REQUIRE_EQUAL(w.report.refused.size(), 1u);
  BOOST_CHECK_EQUAL(w.report.refused[0].first, 1u);
  BOOST_TEST(w.report.delivered == numbers(2, 20), boost::test_tools::per_element());
  BOOST_TEST(values_of(w.read()) == sample_values(2, 20), boost::test_tools::per_element());
}

// --- Settings. ---

BOOST_AUTO_TEST_CASE(settings_that_librdkafka_refuses_are_refused_by_name) {
  const auto good = settings_for("127.0.0.1:9");
  BOOST_CHECK(kafka_sink::open(good));
  auto s = good;
  s.bootstrap_servers.clear();
  check_refused(s, "kafka.bootstrap_servers", "no broker to ask");
  s = good;
  s.compression = "lz5";
  check_refused(s, "kafka.compression", "lz5");
  s = good;
  s.security_protocol = "sasl_plaintext";
  check_refused(s, "kafka.sasl_mechanism", "prove who we are");
  s.sasl_mechanism = "SCRAM-SHA-512";
  check_refused(s, "kafka.", "sasl.username");
  s.sasl_username = "dora";
  s.sasl_password = "secret";
  BOOST_CHECK(kafka_sink::open(s));
  s = good;
  s.security_protocol = "ssl";
  s.ssl_ca_file = "/nowhere/ca.pem";
  check_refused(s, "kafka.", "ssl.ca.location");
}

BOOST_AUTO_TEST_CASE(closing_and_destroying_without_a_broker_is_bounded) {
  auto sink = kafka_sink::open(settings_for("127.0.0.1:9")).value();
  for (const auto n : numbers(1, 100))
    BOOST_REQUIRE(sink->offer(message_of(n), n));
  sink_report report;
  sink->close(milliseconds{100}, report);
  BOOST_CHECK(report.was_reset && report.delivered.empty());
  BOOST_CHECK(!sink->ensure_topic(topic, 1, milliseconds{100}));
}

// --- Topics. ---

BOOST_AUTO_TEST_CASE(a_topic_with_enough_partitions_is_left_alone) {
  world w;
  w.open();
  BOOST_CHECK(w.sink->ensure_topic(topic, 2, milliseconds{30'000}));
  BOOST_CHECK(w.sink->ensure_topic(topic, 1, milliseconds{30'000}));
}

BOOST_AUTO_TEST_CASE(a_topic_with_too_few_partitions_is_refused_with_both_numbers) {
  world w;
  w.open();
  const auto ensured = w.sink->ensure_topic(topic, 64, milliseconds{30'000});
  BOOST_REQUIRE(!ensured);
  BOOST_CHECK_EQUAL(to_string(ensured.error().code), to_string(errc::conflict));
  BOOST_CHECK(speaks_of(ensured.error().why, "it has 2 partitions and must have 64"));
}

BOOST_AUTO_TEST_CASE(a_topic_that_cannot_be_looked_for_is_asked_for_again) {
  world w;
  w.broker->take_down();
  w.open();
  const auto away = w.sink->ensure_topic(topic, 2, milliseconds{200});
  BOOST_REQUIRE(!away);
  BOOST_CHECK_EQUAL(to_string(away.error().code), to_string(errc::unavailable));
  BOOST_CHECK(speaks_of(away.error().why, topic));
  w.broker->bring_up();
  BOOST_CHECK(
    comes_true([&] { return w.sink->ensure_topic(topic, 2, milliseconds{1'000}).has_value(); }));
}

BOOST_AUTO_TEST_CASE(the_development_broker_makes_a_topic_once) {
  world w;
  const auto again = w.broker->create_topic(topic, 2);
  BOOST_REQUIRE(!again);
  BOOST_CHECK_EQUAL(to_string(again.error().code), to_string(errc::conflict));
}

// --- A real broker. ---

BOOST_AUTO_TEST_CASE(a_real_broker_makes_the_topic_and_keeps_all_in_order,
                     *boost::unit_test::precondition(has_real_broker)) {
  const auto name = fresh_topic();
  const auto sink = kafka_sink::open(settings_for(real_servers())).value();
  const auto ensured = sink->ensure_topic(name, 4, milliseconds{30'000});
  BOOST_REQUIRE_MESSAGE(ensured, ensured.error().why);
  BOOST_CHECK(sink->ensure_topic(name, 4, milliseconds{30'000}));
  const auto fewer = sink->ensure_topic(name, 5, milliseconds{30'000});
  BOOST_REQUIRE(!fewer);
  BOOST_CHECK(speaks_of(fewer.error().why, "it has 4 partitions and must have 5"));
  sink_report report;
  std::vector<std::string> values;
  for (const auto n : numbers(1, 5'000)) {
    auto message = message_of(n, 3);
    message.topic = name;
    values.push_back(message.value);
    poll_until(*sink, report, [&] { return sink->offer(message, n); });
  }
  poll_until_delivered(*sink, report, 5'000);
  BOOST_TEST(report.delivered == numbers(1, 5'000), boost::test_tools::per_element());
  BOOST_TEST(values_of(kafka_reader(real_servers()).read(name, 3)) == values,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_real_broker_refuses_the_large_message_and_keeps_its_company,
                     *boost::unit_test::precondition(has_real_broker)) {
  const auto name = fresh_topic();
  const auto sink = kafka_sink::open(settings_for(real_servers())).value();
  make_topic(name, "3000");
  BOOST_REQUIRE(
    comes_true([&] { return sink->ensure_topic(name, 1, milliseconds{1'000}).has_value(); }));
  sink_report report;
  publish_all(*sink, 1, 30, report, [&](std::uint64_t n) {
    auto message = message_of(n);
    message.topic = name;
    if (n == 5)
      message.value = noise(4'000);
    return message;
  });
  BOOST_REQUIRE_EQUAL(report.refused.size(), 1u);
  BOOST_CHECK_EQUAL(report.refused[0].first, 5u);
  BOOST_CHECK_EQUAL(to_string(report.refused[0].second.code), to_string(errc::too_large));
  auto values = sample_values(1, 30);
  values.erase(values.begin() + 4);
  BOOST_TEST(last_values_of(kafka_reader(real_servers()).read(name, 0)) == values,
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// The way out to Kafka and the way in from it while brokers go, come back, hand partitions to each
// other, answer late and refuse requests. Against a cluster of three in this process.
#include "persistence/development_broker.hpp"
#include "persistence/kafka_sink.hpp"
#include "persistence/kafka_source.hpp"
#include "persistence/memory_journal.hpp"
#include "persistence/outbox_publisher.hpp"
#include "tests/persistence/journal_samples.hpp"
#include "tests/persistence/kafka_reader.hpp"
#include "tests/persistence/sink_samples.hpp"

#include <map>
#include <random>
#include <set>
#include <thread>

using namespace dossier;
using namespace dossier::samples;

namespace kafka_faults_tests {

constexpr int brokers = 3;

class system_clock final : public dossier::clock {
public:
  timestamp now() const override {
    return std::chrono::floor<milliseconds>(std::chrono::system_clock::now());
  }
};

struct cluster {
  std::unique_ptr<development_broker> broker = development_broker::start(brokers).value();
  std::mt19937 dice;
  int down = 0; ///< The broker that is down; 0: none.

  explicit cluster(std::uint32_t seed)
    : dice(seed) {
    BOOST_REQUIRE(broker->create_topic(topic, shard_count));
  }

  kafka_settings settings() const {
    kafka_settings s;
    s.bootstrap_servers = broker->bootstrap_servers();
    s.documents_topic = topic;
    s.commands_topic = topic;
    return s;
  }
  int any_broker() { return 1 + static_cast<int>(dice() % brokers); }

  /// Something that passes.
  void disturb() {
    switch (dice() % 4) {
    case 0:
      down = any_broker();
      broker->take_down(down);
      break;
    case 1:
      broker->delay_answers(milliseconds{200});
      break;
    default:
      broker->move_leader(topic, dice() % shard_count, any_broker());
    }
  }
  void heal() {
    if (down != 0)
      broker->bring_up(std::exchange(down, 0));
    broker->delay_answers(milliseconds{0});
  }
};

/// Events of a journal on their way to the cluster.
struct publishing {
  explicit publishing(cluster& c)
    : kafka(c) {}

  cluster& kafka;
  std::unique_ptr<memory_journal> store = memory_journal::make(shard_count);
  std::unique_ptr<kafka_sink> sink = kafka_sink::open(kafka.settings()).value();
  system_clock time;
  outbox_publisher publisher{
    *store,
    *sink,
    time,
    [](const feed_row& row, const envelope*, outgoing& into) -> result<bool> {
      into = {topic, row.shard, row.entity.text(), {}, std::to_string(row.sequence)};
      return true;
    },
    {1'000, 16, milliseconds{20}}};
  std::map<entity_ref, std::uint64_t> versions;

  void record() {
    const auto n = kafka.dice();
    const auto entity = entity_in(static_cast<shard_number>(n % shard_count), n % 20);
    auto& version = versions[entity];
    const auto b = batch_of(entity, version, {encode(envelope{"Changed", 1, noon, {}, "{}"})});
    BOOST_REQUIRE(store->write(std::span{&b, 1}, noon).value().front());
    ++version;
    publisher.committed(b);
  }
  void turn() {
    if (!publisher.turn())
      std::this_thread::sleep_for(milliseconds{1});
  }
  void turn_for(milliseconds patience) {
    for (const auto end = std::chrono::steady_clock::now() + patience;
         std::chrono::steady_clock::now() < end;)
      turn();
  }
  bool drain() {
    return comes_true([&] {
      turn();
      return store->read_outbox_depth().rows == 0 && publisher.stats().on_their_way.load() == 0;
    });
  }
  /// Sequences of each entity in the order in which they first stand in the topic.
  std::map<std::string, std::vector<std::uint64_t>> read() const {
    std::map<std::string, std::vector<std::uint64_t>> found;
    std::set<std::pair<std::string, std::string>> known;
    for (std::uint32_t partition = 0; partition < shard_count; ++partition)
      for (const auto& m : kafka_reader(kafka.broker->bootstrap_servers()).read(topic, partition))
        if (known.emplace(m.key, m.value).second)
          found[m.key].push_back(std::stoull(m.value));
    return found;
  }
};

/// Reads on where it was when a partition is given to it again, and holds the source to its word.
struct reading final : message_listener {
  std::map<std::uint16_t, std::uint64_t> next;
  std::set<std::string> values;
  std::uint64_t count = 0;

  result<std::uint64_t> on_assigned(std::uint16_t partition, const std::string&) override {
    return next[partition];
  }
  void on_revoked(std::uint16_t) override {}
  void on_message(received_message message) override {
    auto& wanted = next[message.place.partition];
    if (message.place.offset < wanted)
      return; // Read again.
    BOOST_TEST(message.place.offset == wanted);
    wanted = message.place.offset + 1;
    BOOST_TEST(values.insert(message.value).second);
    ++count;
  }
};

} // namespace kafka_faults_tests

BOOST_AUTO_TEST_SUITE(kafka_faults_tests)

BOOST_AUTO_TEST_CASE(events_get_through_in_order_whoever_leads_and_whoever_is_away) {
  cluster kafka(1);
  publishing g(kafka);
  for (int step = 0; step < 15; ++step) {
    for (int i = 0; i < 20; ++i)
      g.record();
    g.turn_for(milliseconds{static_cast<int>(kafka.dice() % 10)});
    kafka.disturb();
    for (int i = 0; i < 20; ++i)
      g.record();
    g.turn_for(milliseconds{30});
    kafka.heal();
    BOOST_REQUIRE(g.drain());
  }
  const auto found = g.read();
  for (const auto& [entity, version] : g.versions)
    BOOST_TEST(found.at(entity.text()) == numbers(1, version), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(events_get_through_however_requests_are_refused) {
  constexpr std::int16_t produce = 0;
  constexpr std::int16_t metadata = 3;
  constexpr std::int16_t init_producer_id = 22;
  cluster kafka(2);
  publishing g(kafka);
  for (int step = 0; step < 12; ++step) {
    for (int i = 0; i < 40; ++i)
      g.record();
    const std::vector<std::int16_t> passing{
      RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
      RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR__TRANSPORT};
    kafka.broker->fail_requests(
      produce, {passing[kafka.dice() % passing.size()], passing[kafka.dice() % passing.size()]});
    if (step % 5 == 1)
      kafka.broker->fail_requests(produce, {RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER});
    if (step % 5 == 2)
      kafka.broker->fail_requests(metadata, {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
    if (step % 5 == 3)
      kafka.broker->fail_requests(init_producer_id,
                                  {RD_KAFKA_RESP_ERR_COORDINATOR_LOAD_IN_PROGRESS});
    BOOST_REQUIRE(g.drain());
  }
  // This broker keeps whatever arrives, so order among repeated batches is not its to show.
  auto found = g.read();
  for (const auto& [entity, version] : g.versions) {
    std::ranges::sort(found.at(entity.text()));
    BOOST_TEST(found.at(entity.text()) == numbers(1, version), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(messages_come_in_order_and_once_whoever_leads_and_whoever_is_away) {
  constexpr std::int16_t fetch = 1;
  constexpr std::int16_t list_offsets = 2;
  cluster kafka(3);
  const auto sink = kafka_sink::open(kafka.settings()).value();
  const auto source = kafka_source::open(kafka.settings(), shard_count, "").value();
  reading heard;
  sink_report told;
  const auto listen_for = [&](milliseconds patience) {
    for (const auto end = std::chrono::steady_clock::now() + patience;
         std::chrono::steady_clock::now() < end;)
      source->poll(milliseconds{5}, heard);
  };
  std::uint64_t sent = 0;
  for (int step = 0; step < 12; ++step) {
    publish_all(*sink, sent + 1, sent + 50, told,
                [](auto n) { return message_of(n, static_cast<std::uint32_t>(n % shard_count)); });
    sent += 50;
    listen_for(milliseconds{static_cast<int>(kafka.dice() % 10)});
    kafka.disturb();
    if (step % 3 == 0)
      kafka.broker->fail_requests(
        fetch, {RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT});
    if (step % 3 == 1)
      kafka.broker->fail_requests(list_offsets, {RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
    listen_for(milliseconds{30});
    kafka.heal();
  }
  BOOST_REQUIRE(comes_true([&] {
    source->poll(milliseconds{20}, heard);
    return heard.count >= sent;
  }));
  for (const auto& value : sample_values(1, sent))
    BOOST_TEST(heard.values.contains(value), value);
  BOOST_TEST(heard.count == sent);
}

BOOST_AUTO_TEST_SUITE_END()

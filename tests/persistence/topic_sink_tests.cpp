// SPDX-License-Identifier: Apache-2.0
// Which messages wait for which topics.
#include "persistence/topic_sink.hpp"

#include "persistence/memory_sink.hpp"

#include <boost/test/unit_test.hpp>

#include <set>

using namespace dossier;

namespace topic_sink_tests {

struct broker {
  std::set<std::string> away;
  std::vector<std::string> asked;
};

/// Takes everything; which topics can be had the broker says.
class sink_of final : public kafka_sink {
public:
  explicit sink_of(broker& b)
    : broker_(b) {}
  bool offer(const outgoing& m, std::uint64_t token) override { return inner_.offer(m, token); }
  void poll(milliseconds patience, sink_report& r) override { inner_.poll(patience, r); }
  void close(milliseconds patience, sink_report& r) override { inner_.close(patience, r); }
  result<void> health() const override { return inner_.health(); }
  result<void> ensure_topic(const std::string& name, std::uint32_t partitions,
                            milliseconds) override {
    BOOST_TEST(partitions == 7u);
    broker_.asked.push_back(name);
    if (broker_.away.contains(name))
      return fail(errc::forbidden, "no right to make " + name);
    return {};
  }

private:
  broker& broker_;
  memory_sink inner_;
};

outgoing to(const std::string& topic) {
  return {topic, 0, "k", {}, "v"};
}

void poll(topic_sink& sink) {
  sink_report report;
  sink.poll(milliseconds{0}, report);
}

} // namespace topic_sink_tests

BOOST_AUTO_TEST_SUITE(topic_sink_tests)

BOOST_AUTO_TEST_CASE(nothing_is_taken_before_every_named_topic_is_there) {
  broker b;
  b.away = {"two"};
  topic_sink sink(std::make_unique<sink_of>(b), {"one", "two"}, 7);
  BOOST_TEST(!sink.health());
  poll(sink);
  BOOST_TEST(!sink.offer(to("one"), 1));
  BOOST_TEST(sink.health().error().why.find("two") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_topic_that_was_not_named_is_made_for_its_first_message) {
  broker b;
  topic_sink sink(std::make_unique<sink_of>(b), {}, 7);
  BOOST_TEST(sink.health().has_value());
  poll(sink);
  BOOST_TEST(b.asked.empty());
  BOOST_TEST(!sink.offer(to("rows"), 1));
  poll(sink);
  BOOST_TEST(b.asked.size() == 1u);
  BOOST_TEST(sink.offer(to("rows"), 1));
}

BOOST_AUTO_TEST_CASE(a_topic_that_cannot_be_had_keeps_its_own_messages_waiting) {
  broker b;
  b.away = {"a"};
  std::vector<std::string> made;
  topic_sink sink(std::make_unique<sink_of>(b), {}, 7,
                  [&](const std::string& topic, std::uint32_t) {
                    made.push_back(topic);
                    return result<void>(fail(errc::conflict, "it is there"));
                  });
  BOOST_TEST(!sink.offer(to("a"), 1));
  BOOST_TEST(!sink.offer(to("b"), 2));
  poll(sink);
  BOOST_TEST((made == std::vector<std::string>{"a", "b"}));
  BOOST_TEST(!sink.offer(to("a"), 1));
  BOOST_TEST(sink.offer(to("b"), 2));
  BOOST_TEST(sink.health().error().why.find("no right to make a") != std::string::npos);
}

BOOST_AUTO_TEST_SUITE_END()

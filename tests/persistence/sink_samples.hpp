// SPDX-License-Identifier: Apache-2.0
// What the tests of event sinks share: messages, and waiting for what becomes of them.
#pragma once

#include "persistence/event_sink.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <set>
#include <string>
#include <vector>

namespace dossier::samples {

inline const std::string topic = "dossier.tests.v1";

inline outgoing message_of(std::uint64_t number, std::uint32_t partition = 0) {
  return {topic,
          partition,
          "customer-" + std::to_string(partition),
          {{"ce_id", "id-" + std::to_string(number)}, {"ce_type", "Created"}},
          "{\"number\":" + std::to_string(number) + "}"};
}

inline bool is_same(const outgoing& a, const outgoing& b) {
  return a.topic == b.topic && a.partition == b.partition && a.key == b.key
         && a.headers == b.headers && a.value == b.value;
}

inline std::vector<std::string> values_of(const std::vector<outgoing>& messages) {
  std::vector<std::string> values;
  for (const auto& m : messages)
    values.push_back(m.value);
  return values;
}

/// Of messages that were kept more than once only the last one, in order.
inline std::vector<std::string> last_values_of(const std::vector<outgoing>& messages) {
  std::vector<std::string> values;
  std::set<std::string> seen;
  for (auto m = messages.rbegin(); m != messages.rend(); ++m)
    if (seen.insert(m->value).second)
      values.push_back(m->value);
  std::ranges::reverse(values);
  return values;
}

/// first, first + 1, … up to last.
inline std::vector<std::uint64_t> numbers(std::uint64_t first, std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (auto n = first; n <= last; ++n)
    all.push_back(n);
  return all;
}

inline std::vector<std::string> sample_values(std::uint64_t first, std::uint64_t last) {
  std::vector<std::string> values;
  for (const auto n : numbers(first, last))
    values.push_back(message_of(n).value);
  return values;
}

/// Asks `is_met`, which waits a little itself, until it says so; false after half a minute.
template <class Condition>
bool comes_true(Condition is_met) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{30};
  while (!is_met())
    if (std::chrono::steady_clock::now() > deadline)
      return false;
  return true;
}

/// Polls until `is_met`, which is asked once before each poll.
template <class Condition>
void poll_until(event_sink& sink, sink_report& report, Condition is_met) {
  BOOST_REQUIRE(comes_true([&] {
    const bool is_enough = is_met();
    if (!is_enough)
      sink.poll(milliseconds{20}, report);
    return is_enough;
  }));
}

inline void poll_until_delivered(event_sink& sink, sink_report& report, std::size_t count) {
  poll_until(sink, report, [&] { return report.delivered.size() >= count; });
}

/// Offers messages first to last with their numbers as tokens, as a publisher would:
/// again after a poll when full, again from the oldest unsettled one on after a reset. Adds what
/// was reported to `total`; its was_reset says whether there was one.
template <class Message>
void publish_all(event_sink& sink, std::uint64_t first, std::uint64_t last, sink_report& total,
                 Message message) {
  std::set<std::uint64_t> left;
  for (const auto n : numbers(first, last))
    left.insert(n);
  auto next = first;
  BOOST_REQUIRE(comes_true([&] {
    while (next <= last && sink.offer(message(next), next))
      ++next;
    sink_report news;
    sink.poll(milliseconds{20}, news);
    for (const auto token : news.delivered)
      left.erase(token);
    for (const auto& [token, why] : news.refused)
      left.erase(token);
    total.delivered.insert(total.delivered.end(), news.delivered.begin(), news.delivered.end());
    total.refused.insert(total.refused.end(), news.refused.begin(), news.refused.end());
    total.was_reset |= news.was_reset;
    if (news.was_reset)
      next = left.empty() ? last + 1 : *left.begin();
    return left.empty();
  }));
}

} // namespace dossier::samples

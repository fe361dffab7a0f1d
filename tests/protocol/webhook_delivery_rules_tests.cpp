// SPDX-License-Identifier: Apache-2.0
// How far a webhook's events have come: order within an entity, and a position that passes nothing
// that is not over.
#include "actors/webhook/delivery.hpp"

#include <boost/test/unit_test.hpp>

#include <random>
#include <string>
#include <vector>

namespace dossier::webhook {

namespace webhook_delivery_rules {

cloud_event of(const std::string& entity) {
  cloud_event e;
  e.partitionkey = entity;
  return e;
}

feed_cursor at(std::uint64_t first, std::uint64_t second) {
  return {{first, second}};
}

/// What next() gives, as "shard.position", until it gives nothing.
std::string going(delivery& d) {
  std::string text;
  while (const auto place = d.next())
    text += (text.empty() ? "" : " ") + std::to_string(place->shard) + '.'
            + std::to_string(place->position);
  return text;
}

} // namespace webhook_delivery_rules

BOOST_AUTO_TEST_SUITE(webhook_delivery_rules)

BOOST_AUTO_TEST_CASE(of_each_entity_one_event_goes_at_a_time) {
  delivery d(at(0, 0));
  d.take({0, 1}, of("a"));
  d.take({0, 2}, of("a"));
  d.take({0, 3}, of("b"));
  d.take({1, 7}, of("c"));
  BOOST_TEST(going(d) == "0.1 0.3 1.7");
  d.finish({0, 1});
  BOOST_TEST(going(d) == "0.2");
  d.put_back({0, 2});
  BOOST_TEST(going(d) == "0.2");
}

BOOST_AUTO_TEST_CASE(what_is_put_back_goes_in_its_old_place) {
  delivery d(at(0, 0));
  for (std::uint64_t i = 1; i <= 3; ++i)
    d.take({0, i}, of(std::to_string(i)));
  BOOST_TEST(going(d) == "0.1 0.2 0.3");
  d.put_back({0, 3});
  d.put_back({0, 1});
  BOOST_TEST(going(d) == "0.1 0.3");
}

BOOST_AUTO_TEST_CASE(the_position_passes_nothing_that_is_not_over) {
  delivery d(at(4, 9));
  BOOST_TEST((d.position() == at(4, 9)));
  d.take({0, 6}, of("a"));
  d.take({0, 8}, of("b"));
  d.read_until(at(10, 9));
  BOOST_TEST((d.position() == at(5, 9)));
  going(d);
  d.finish({0, 8});
  BOOST_TEST((d.position() == at(5, 9)));
  BOOST_TEST(d.ahead() == 1u);
  d.finish({0, 6});
  BOOST_TEST((d.position() == at(10, 9)));
  BOOST_TEST(d.ahead() == 0u);
  BOOST_TEST(d.open() == 0u);
}

BOOST_AUTO_TEST_CASE(shards_hold_each_other_up_in_nothing) {
  delivery d(at(0, 0));
  d.take({0, 1}, of("a"));
  d.take({1, 1}, of("b"));
  d.take({1, 2}, of("c"));
  d.read_until(at(1, 2));
  going(d);
  d.finish({1, 2});
  BOOST_TEST(d.ahead() == 1u);
  d.finish({1, 1});
  BOOST_TEST(d.ahead() == 0u);
  BOOST_TEST((d.position() == at(0, 2)));
}

BOOST_AUTO_TEST_CASE(in_any_order_nothing_is_passed_and_nothing_is_left) {
  for (std::uint32_t seed = 0; seed < 300; ++seed) {
    std::mt19937 dice(seed);
    delivery d(at(0, 0));
    std::vector<std::vector<bool>> over(2, std::vector<bool>(41, false));
    std::vector<feed_place> on_the_way;
    for (std::uint64_t i = 1; i <= 40; ++i)
      for (const shard_number shard : {0, 1})
        d.take({shard, i}, of(std::to_string(dice() % 5) + '/' + std::to_string(shard)));
    d.read_until(at(40, 40));
    for (;;) {
      while (const auto place = d.next())
        on_the_way.push_back(*place);
      if (on_the_way.empty())
        break;
      std::swap(on_the_way[dice() % on_the_way.size()], on_the_way.back());
      const auto place = on_the_way.back();
      on_the_way.pop_back();
      if (dice() % 4 == 0) {
        d.put_back(place);
        continue;
      }
      d.finish(place);
      over[place.shard][place.position] = true;
      std::size_t ahead = 0;
      for (const shard_number shard : {0, 1}) {
        const auto position = d.position().positions[shard];
        for (std::uint64_t i = 1; i <= position; ++i)
          BOOST_REQUIRE_MESSAGE(over[shard][i], "seed " << seed << " passes " << i);
        BOOST_REQUIRE(position == 40 || !over[shard][position + 1]);
        for (std::uint64_t i = position + 1; i <= 40; ++i)
          ahead += over[shard][i] ? 1 : 0;
      }
      BOOST_REQUIRE(d.ahead() == ahead);
    }
    BOOST_TEST(d.open() == 0u);
    BOOST_TEST((d.position() == at(40, 40)));
  }
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::webhook

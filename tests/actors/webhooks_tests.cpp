// SPDX-License-Identifier: Apache-2.0
// Webhooks in virtual time: order, retries, breakers, letters, and positions that hold nothing back
// and lose nothing.
#include "tests/actors/webhook_world.hpp"

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(webhooks_tests)

BOOST_AUTO_TEST_CASE(a_removed_webhooks_note_goes) {
  webhook_world w;
  const auto id = w.hook("a");
  w.document(3);
  w.pass(1s);
  BOOST_REQUIRE(w.noted(id));
  w.tell(id, webhook::remove{});
  w.pass(1s);
  BOOST_TEST(!w.noted(id));
}

BOOST_AUTO_TEST_CASE(places_are_counted_with_what_is_listed) {
  webhook_world w;
  w.hook("a");
  auto first = w.hooks().reserve(w.hooks().next_id("acme"), "acme", 3);
  auto second = w.hooks().reserve(w.hooks().next_id("acme"), "acme", 3);
  BOOST_REQUIRE(first);
  BOOST_REQUIRE(second);
  const auto third = w.hooks().reserve(w.hooks().next_id("acme"), "acme", 3);
  BOOST_REQUIRE(!third);
  BOOST_TEST((third.error().code == errc::conflict));
  BOOST_TEST(w.hooks().reserve(w.hooks().next_id("other"), "other", 3).has_value());
  first->reset();
  BOOST_TEST(w.hooks().reserve(w.hooks().next_id("acme"), "acme", 3).has_value());
}

BOOST_AUTO_TEST_CASE(a_deliverer_that_crashes_is_started_again_and_loses_nothing) {
  webhook_world w;
  const auto id = w.hook("a");
  const auto one = w.document(2);
  w.pass(1s);
  const auto restarts = w.world.core->admin().stats().restarts;
  w.world.feed.throws = 1;
  w.pass(50ms);
  BOOST_TEST(w.world.feed.thrown == 1u);
  w.change(one);
  w.pass(1s);
  BOOST_TEST(w.world.core->admin().stats().restarts == restarts + 1);
  BOOST_TEST(w.taken("a").at(one.text()).size() == 4u);
  BOOST_TEST(w.lost_behind("a", w.noted(id).value()).empty());
}

BOOST_AUTO_TEST_CASE(a_deliverer_that_keeps_crashing_is_given_growing_rest) {
  webhook_world w;
  w.hook("a");
  w.pass(1s);
  std::vector<milliseconds> crashed_at;
  w.world.feed.throws = 5;
  for (std::uint32_t seen = 0; crashed_at.size() < 5; w.pass(10ms))
    if (w.world.feed.thrown > seen) {
      seen = w.world.feed.thrown;
      crashed_at.push_back(w.world.uptime);
    }
  for (std::size_t i = 1; i < crashed_at.size(); ++i) {
    const auto waited = crashed_at[i] - crashed_at[i - 1];
    BOOST_TEST(waited.count() >= 100 << (i - 1));
    BOOST_TEST(waited.count() <= (100 << (i - 1)) + 50);
  }
  const auto id = w.document(2);
  w.pass(5s);
  BOOST_TEST(w.taken("a").at(id.text()).size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

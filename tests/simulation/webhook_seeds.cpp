// SPDX-License-Identifier: Apache-2.0
// Seeded lives of webhooks in virtual time (tests/actors/webhook_lives.hpp): each event arrives, or
// is a letter that arrives when it is redriven; in order, under one id, signed.
#include "tests/actors/webhook_lives.hpp"
#include "tests/simulation/seeds.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::test;

namespace {

std::vector<std::string> findings_of(std::uint32_t seed) {
  webhook_lives world{seed};
  world.live_through();
  return world.findings();
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_seeds)

BOOST_AUTO_TEST_CASE(every_event_arrives_in_order_and_signed) {
  every_life_is_good(findings_of);
}

BOOST_AUTO_TEST_CASE(the_lives_are_full_of_what_they_are_about) {
  webhook_lives::deeds all;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    webhook_lives world{seed};
    world.live_through();
    const auto one = world.done();
    all.taken += one.taken;
    all.repeated += one.repeated;
    all.redriven += one.redriven;
    all.removed += one.removed;
    all.crashes += one.crashes;
    all.ends += one.ends;
    all.notes_lost += one.notes_lost;
  }
  BOOST_TEST(all.taken > 1'000u);
  BOOST_TEST(all.repeated > 50u);
  BOOST_TEST(all.redriven > 20u);
  BOOST_TEST(all.removed > 10u);
  BOOST_TEST(all.crashes > 50u);
  BOOST_TEST(all.ends > 50u);
  BOOST_TEST(all.notes_lost > 10u);
}

BOOST_AUTO_TEST_CASE(a_position_that_passes_what_is_open_would_be_noticed) {
  is_noticed("position_passes_open", findings_of);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// Seeded lives of webhooks in virtual time (tests/actors/webhook_lives.hpp): each event arrives, or
// is a letter that arrives when it is redriven; in order, under one id, signed. DOSSIER_SEEDS says
// how many.
#include "tests/actors/webhook_lives.hpp"
#include "tests/support/planted.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>

using namespace dossier;
using namespace dossier::test;

namespace {

std::uint32_t seeds_wanted() {
  const auto* text = std::getenv("DOSSIER_SEEDS");
  return text == nullptr ? 150 : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

std::vector<std::string> findings_of(std::uint32_t seed, webhook_lives::deeds* done = nullptr) {
  webhook_lives world{seed};
  world.live_through();
  if (done != nullptr)
    *done = world.done();
  return world.findings();
}

} // namespace

BOOST_AUTO_TEST_SUITE(webhook_seeds)

BOOST_AUTO_TEST_CASE(every_event_arrives_in_order_and_signed) {
  for (std::uint32_t seed = 1; seed <= seeds_wanted(); ++seed)
    for (const auto& each : findings_of(seed))
      BOOST_ERROR("seed " << seed << ": " << each);
}

BOOST_AUTO_TEST_CASE(the_lives_are_full_of_what_they_are_about) {
  webhook_lives::deeds all;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    webhook_lives::deeds one;
    findings_of(seed, &one);
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
  const planted_bug bug{"position_passes_open"};
  bool is_noticed = false;
  for (std::uint32_t seed = 1; seed <= 200 && !is_noticed; ++seed)
    is_noticed = !findings_of(seed).empty();
  BOOST_TEST(is_noticed);
  BOOST_TEST(bug.was_reached());
}

BOOST_AUTO_TEST_SUITE_END()

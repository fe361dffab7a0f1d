// SPDX-License-Identifier: Apache-2.0
// Seeded lives of the inbox in virtual time: commands as messages while the process is killed, the
// journal refuses, partitions go and come back, documents fail for a while and an operator
// redrives. DOSSIER_SEEDS says how many.
#include "tests/actors/inbox_world.hpp"
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

std::vector<std::string> findings_of(std::uint32_t seed) {
  inbox_world world{seed};
  world.live_through(seed);
  return world.findings();
}

} // namespace

BOOST_AUTO_TEST_SUITE(message_seeds)

BOOST_AUTO_TEST_CASE(every_command_has_its_effect_once_and_in_order) {
  for (std::uint32_t seed = 1; seed <= seeds_wanted(); ++seed)
    for (const auto& each : findings_of(seed))
      BOOST_ERROR("seed " << seed << ": " << each);
}

BOOST_AUTO_TEST_CASE(an_offset_that_is_forgotten_would_be_noticed) {
  const planted_bug bug{"handled_forgotten"};
  bool is_noticed = false;
  for (std::uint32_t seed = 1; seed <= 200 && !is_noticed; ++seed)
    is_noticed = !findings_of(seed).empty();
  BOOST_TEST(is_noticed);
  BOOST_TEST(bug.was_reached());
}

BOOST_AUTO_TEST_SUITE_END()

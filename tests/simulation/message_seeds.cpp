// SPDX-License-Identifier: Apache-2.0
// Seeded lives of the inbox in virtual time: commands as messages while the process is killed, the
// journal refuses, partitions go and come back, documents fail for a while and an operator
// redrives.
#include "tests/actors/inbox_world.hpp"
#include "tests/simulation/seeds.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::test;

namespace {

std::vector<std::string> findings_of(std::uint32_t seed) {
  inbox_world world{seed};
  world.live_through(seed);
  return world.findings();
}

} // namespace

BOOST_AUTO_TEST_SUITE(message_seeds)

BOOST_AUTO_TEST_CASE(every_command_has_its_effect_once_and_in_order) {
  every_life_is_good(findings_of);
}

BOOST_AUTO_TEST_CASE(an_offset_that_is_forgotten_would_be_noticed) {
  is_noticed("handled_forgotten", findings_of);
}

BOOST_AUTO_TEST_SUITE_END()

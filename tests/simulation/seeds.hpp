// SPDX-License-Identifier: Apache-2.0
// Lives that follow from a seed, one for each seed from 1 on. DOSSIER_SEEDS says how many.
#pragma once

#include "tests/support/planted.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

namespace dossier::test {

inline std::uint32_t seeds_wanted() {
  const auto* text = std::getenv("DOSSIER_SEEDS");
  return text == nullptr ? 150 : static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

/// What was found wrong in the life of this seed.
using life_findings = std::vector<std::string> (*)(std::uint32_t seed);

inline void every_life_is_good(life_findings findings_of) {
  for (std::uint32_t seed = 1; seed <= seeds_wanted(); ++seed)
    for (const auto& each : findings_of(seed))
      BOOST_ERROR("seed " << seed << ": " << each);
}

/// With this bug planted, one of 200 lives goes wrong.
inline void is_noticed(const std::string& bug, life_findings findings_of) {
  const planted_bug planted{bug};
  bool is_found = false;
  for (std::uint32_t seed = 1; seed <= 200 && !is_found; ++seed)
    is_found = !findings_of(seed).empty();
  BOOST_TEST(is_found);
  BOOST_TEST(planted.was_reached());
}

} // namespace dossier::test

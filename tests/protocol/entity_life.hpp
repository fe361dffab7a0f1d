// SPDX-License-Identifier: Apache-2.0
// One entity's life for tests of its rules.
#pragma once

#include "protocol/context.hpp"

#include "tests/support/given.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>

namespace dossier::testing {

/// Takes commands one after another, and what is recorded and the state each through their bytes
/// and back, by a kind's decode_event and decode_state.
template <class State, class Policy, auto read_event, auto read_state>
struct entity_life {
  State now;
  std::uint64_t version = 0;
  timestamp at = t0;
  Policy rules;
  std::uint32_t dice = 0;

  /// What the rules say to it; what they record has happened.
  template <class Command>
  auto ask(const Command& c) {
    auto decided = decide(now, version, c, context{at, some_id(), dice}, rules);
    if (!decided)
      return decided;
    for (const auto& e : *decided) {
      const auto bytes = encode(e);
      const auto read = read_event(bytes.type, bytes.version, bytes.data);
      BOOST_REQUIRE_MESSAGE(read, bytes.data);
      BOOST_TEST((*read == e), bytes.data);
      evolve(now, *read, occurrence{++version, at});
    }
    const auto read_back = read_state(encode_state(now));
    BOOST_REQUIRE_MESSAGE(read_back, to_json(now));
    BOOST_TEST((*read_back == now), to_json(now));
    return decided;
  }
  auto seen() const { return view_of(now, version); }
};

} // namespace dossier::testing

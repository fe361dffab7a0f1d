// SPDX-License-Identifier: Apache-2.0
// What every phase of an entity's life has, whichever it is in. A state is a variant of its phases;
// those of an entity that exists or existed hold its `facts`.
#pragma once

#include <type_traits>
#include <variant>

namespace dossier {

/// Nullptr of what never existed. The facts may be changed where the state may.
template <class Facts, class State>
auto* facts_in(State& s) {
  using found = std::conditional_t<std::is_const_v<State>, const Facts, Facts>;
  return std::visit(
    [](auto& phase) -> found* {
      if constexpr (requires { phase.facts; })
        return &phase.facts;
      else
        return nullptr;
    },
    s);
}

} // namespace dossier

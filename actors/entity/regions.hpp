// SPDX-License-Identifier: Apache-2.0
// The regions of all kinds, and how each is found by its kind. Owned by the core.
#pragma once

#include "actors/interfaces.hpp"
#include "actors/kinds.hpp"

#include <tuple>
#include <utility>

namespace dossier {

template <class List>
struct regions_of;

template <class... K>
struct regions_of<kind_list<K...>> {
  std::tuple<region_actor<K>...> all;

  template <class Kind>
  region_actor<Kind>& of() {
    return std::get<region_actor<Kind>>(all);
  }
  template <class Kind>
  const region_actor<Kind>& of() const {
    return std::get<region_actor<Kind>>(all);
  }
  /// Calls `visit` with each region.
  template <class Visit>
  void each(Visit&& visit) const {
    (visit(of<K>()), ...);
  }
};

using all_regions = regions_of<every_kind>;

} // namespace dossier

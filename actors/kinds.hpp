// SPDX-License-Identifier: Apache-2.0
// Every kind of entity, once. To add one: its line here, and its explicit instantiations at the end
// of entity/region.cpp and entity/shell.cpp. Everything else asks this list.
#pragma once

#include "actors/document/kind.hpp"
#include "actors/ingestion/kind.hpp"
#include "actors/letter/kind.hpp"
#include "actors/webhook/kind.hpp"
#include "protocol/ids.hpp"

#include <utility>

namespace dossier {

template <class... K>
struct kind_list {};

using every_kind = kind_list<
  // One line for each kind.
  document_kind, //
  letter_kind,   //
  webhook_kind,  //
  job_kind>;

/// Calls visit.operator()<K>() for each kind, in the order of the list.
template <class Visit, class... K>
void each_kind(Visit&& visit, kind_list<K...>) {
  (visit.template operator()<K>(), ...);
}
template <class Visit>
void each_kind(Visit&& visit) {
  each_kind(std::forward<Visit>(visit), every_kind{});
}

/// Calls visit.operator()<K>() for the kind of this code. False, and nothing is called, if the list
/// has none.
template <class Visit>
bool with_kind(entity_kind code, Visit&& visit) {
  bool is_known = false;
  each_kind([&]<class K>() {
    if (K::code != code)
      return;
    is_known = true;
    visit.template operator()<K>();
  });
  return is_known;
}

} // namespace dossier

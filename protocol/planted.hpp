// SPDX-License-Identifier: Apache-2.0
// Bugs planted on purpose, to show that the crash, power-loss and simulation runs would find them.
// They exist only in test programs built with DOSSIER_PLANTED_BUGS; in the product each reads as
// `false`.
#pragma once

#ifdef DOSSIER_PLANTED_BUGS

#include <string_view>

namespace dossier {

/// Whether this bug is switched on in this run. tests/support/planted.cpp holds the switch.
bool is_planted(std::string_view bug);

} // namespace dossier

#define DOSSIER_PLANTED(bug) ::dossier::is_planted(#bug)

#else

#define DOSSIER_PLANTED(bug) false

#endif

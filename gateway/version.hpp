// SPDX-License-Identifier: Apache-2.0
// Which Dossier this is.
#pragma once

#include <string_view>

namespace dossier {

/// As in CMakeLists.txt, e.g. "0.1.0".
inline constexpr std::string_view version = DOSSIER_VERSION;

} // namespace dossier

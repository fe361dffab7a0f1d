// SPDX-License-Identifier: Apache-2.0
// How the commands tell people numbers: one figure on a line, behind its name.
#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>
#include <string_view>

namespace dossier {

/// 1234567 as "1,234,567".
std::string grouped(std::uint64_t number);

/// Begins a line with a name, or without one below the line before, so that what follows stands in
/// one column with the other lines'. Leaves `out` aligned to the left.
std::ostream& label(std::ostream& out, std::string_view name);

} // namespace dossier

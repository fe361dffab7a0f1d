// SPDX-License-Identifier: Apache-2.0
// How long a server asks to be left alone: the field Retry-After (RFC 9110 10.2.3). Pure.
#pragma once

#include "protocol/time.hpp"

#include <optional>
#include <string_view>

namespace dossier {

/// Longer waits are cut to this.
inline constexpr milliseconds retry_after_max{24 * 3'600 * 1'000};

/// Reads seconds or an HTTP date; a date that has passed is no wait at all. nullopt for anything
/// else: a server that says nothing readable asks for nothing.
std::optional<milliseconds> parse_retry_after(std::string_view text, timestamp now);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// How values become settings and are shown to people: bounds, types, text. Used inside config/
// only.
#pragma once

#include "config/options.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier {

/// A value as files can say it, before it is known to suit a setting.
using option_value = std::variant<std::int64_t, bool, std::string, std::vector<std::int64_t>>;

/// Most items that a list may have.
inline constexpr std::size_t list_items_max = 16;

option_value read(const option& o, const settings& s);

/// Stores the value, or says why it may not: nullopt is success.
std::optional<std::string> assign(const option& o, settings& s, const option_value& value);
/// The same from text: decimal digits, or a comma-separated list of them, or "true" or "false", or
/// the text itself.
std::optional<std::string> assign_text(const option& o, settings& s, std::string_view text);

/// "a whole number from 1 to 256 (threads)".
std::string expectation(const option& o);

/// 16384 as 16_384, which TOML reads too.
std::string digits_of(std::int64_t number);

} // namespace dossier

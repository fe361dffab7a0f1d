// SPDX-License-Identifier: Apache-2.0
// From the text of a field to its value. Every text has an end: a value or the kind of cast that
// failed. Nothing overflows. Pure.
#pragma once

#include "protocol/csv/schema.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

// These read `size` bytes that have padding_bytes behind them.

/// A sign or none, then digits, leading zeros allowed.
cast read_integer(const char* from, std::size_t size, std::int64_t& value);
/// A sign or none, digits, and a point with 1 to `scale` digits behind it or none.
cast read_decimal(const char* from, std::size_t size, std::uint8_t scale, std::int64_t& value);
/// true, yes, t, y, 1 or false, no, f, n, 0, in any case.
cast read_boolean(const char* from, std::size_t size, std::int64_t& value);
/// The place of the same text among the choices.
cast read_choice(std::string_view text, const std::vector<std::string>& choices,
                 std::int64_t& value);

/// Any column but a text, from any text.
cast read_value(const column& c, std::string_view text, std::int64_t& value);
/// The same for a text with padding_bytes behind it.
cast read_padded_value(const column& c, const char* from, std::size_t size, std::int64_t& value);

/// Where the bytes stop being UTF-8 without NUL; text.size() if nowhere.
std::size_t clean_prefix_bytes(std::string_view text);
/// Of UTF-8.
std::size_t characters_of(std::string_view utf8);

/// Digits as they are, moments in ISO 8601, a choice by its text.
std::string show_value(const column& c, std::int64_t value);

} // namespace dossier::csv

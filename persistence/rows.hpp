// SPDX-License-Identifier: Apache-2.0
// The bytes of every value that is not an encoded envelope or empty. All numbers big-endian; keys
// are in persistence/keys.hpp. Each parse function refuses, as corrupt, what its writer could not
// have written, naming the row's key in hexadecimal.
#pragma once

#include "persistence/journal.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dossier::rows {

using state_head = std::array<char, 1 + 8>;      ///< Format, version.
using answer_head = std::array<char, 8 + 32>;    ///< Expiry in milliseconds, fingerprint.
using feed_value = std::array<char, 1 + 18 + 8>; ///< Kind, id, sequence.
using number_value = std::array<char, 8>;

/// What stands before the state's own bytes.
state_head head_of(const state_row& row);
result<state_row> parse_state(std::string_view key, std::string_view value);

/// What stands before the answer's own bytes.
answer_head head_of(const stored_answer& answer);
result<stored_answer> parse_answer(std::string_view key, std::string_view value);
/// When an answer row may vanish; nullopt if the bytes are no answer row.
std::optional<timestamp> expiry_of_answer(std::string_view value);

/// Behind it stands the reply, if `sequence` is 0.
feed_value value_of_feed(const entity_ref& entity, std::uint64_t sequence);
result<feed_row> parse_feed(std::string_view key, std::string_view value);

number_value value_of_number(std::uint64_t number);
result<std::uint64_t> parse_number(std::string_view key, std::string_view value);

} // namespace dossier::rows

// SPDX-License-Identifier: Apache-2.0
// Letters as the operators' API says them: JSON out, bodies and the opaque cursor in. Pure.
#pragma once

#include "actors/letter_redrives.hpp"
#include "actors/letters.hpp"
#include "protocol/json_text.hpp"
#include "protocol/letter.hpp"

#include <string>
#include <string_view>

namespace dossier {

/// A letter without its message.
void write_letter_line(json_writer& out, const entity_id& id, const letter::view& view);
/// A letter whole: bytes as text where they are UTF-8, else as base64.
void write_letter(json_writer& out, const entity_id& id, const letter::view& view);
void write_letter_group(json_writer& out, const letter_group& group);
void write_redrive(json_writer& out, const redrive_report& report);

/// Nothing, {"value": …} or {"valueBase64": …}.
result<letter::redrive> read_redrive(std::string_view body);
/// {"fingerprint": …} and nothing else.
result<std::string> read_fingerprint(std::string_view body);
/// 16 digits of lower-case hexadecimal.
bool is_fingerprint(std::string_view text);

/// Where the next page of the letters of this status starts, as text.
std::string write_letter_cursor(letter::status status, const listing& place);
/// invalid_argument for whatever write_letter_cursor could not have written for this status.
result<listing> read_letter_cursor(letter::status status, std::string_view text);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// What a content type says (RFC 9110 8.3.1), whatever the case of its letters. Pure.
#pragma once

#include <string>
#include <string_view>

namespace dossier {

/// "type/subtype" in lower case without parameters; empty if there is none.
std::string media_type_of(std::string_view content_type);

/// What stands behind the first ';', in lower case without blanks around it; may be empty.
std::string media_parameters_of(std::string_view content_type);

/// Whether it is type/subtype and nothing else, both tokens (RFC 9110 5.6.2) of at most 63
/// characters.
bool is_media_type(std::string_view text);

/// Whether the subtype is json or ends in +json (RFC 6839 3.1).
bool is_json_type(std::string_view content_type);

} // namespace dossier

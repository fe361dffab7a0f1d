// SPDX-License-Identifier: Apache-2.0
// What a browser is told about somebody else's file: a name it can save and a type it cannot run.
// Pure.
#pragma once

#include <string>
#include <string_view>

namespace dossier {

/// Content-Disposition: attachment (RFC 6266) with an ASCII file name and, where that is not the
/// whole truth, filename* (RFC 8187). `file_name` is valid UTF-8; control characters, separators
/// and marks that change the writing direction do not get through.
std::string attachment_of(std::string_view file_name);

/// The declared media type, unless a browser could run something in it: then
/// application/octet-stream.
std::string_view safe_content_type(std::string_view declared);

} // namespace dossier

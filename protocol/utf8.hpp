// SPDX-License-Identifier: Apache-2.0
// Whether bytes from outside are UTF-8 as RFC 3629 has it: no surrogates, no overlong forms,
// nothing above U+10FFFF. Pure.
#pragma once

#include <cstddef>
#include <string_view>

namespace dossier {

/// How many bytes at the front are whole characters of UTF-8: text.size() if all of it is UTF-8,
/// else where it stops being so.
std::size_t utf8_prefix_bytes(std::string_view text);

inline bool is_utf8(std::string_view text) {
  return utf8_prefix_bytes(text) == text.size();
}

} // namespace dossier

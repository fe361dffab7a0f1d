// SPDX-License-Identifier: Apache-2.0
// Whether bytes from outside are UTF-8 as RFC 3629 has it: no surrogates, no overlong forms,
// nothing above U+10FFFF; and what is made of them where they may not be refused. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace dossier {

/// How many bytes at the front are whole characters of UTF-8: text.size() if all of it is UTF-8,
/// else where it stops being so.
std::size_t utf8_prefix_bytes(std::string_view text);

inline bool is_utf8(std::string_view text) {
  return utf8_prefix_bytes(text) == text.size();
}

/// What an event can hold of a text from outside: UTF-8 of at most `bytes_max`. What is longer is
/// cut off, also within a character; each byte that is no part of a character becomes '?'.
std::string plain_utf8(std::string text, std::size_t bytes_max);

/// Short enough for a sentence, whatever was sent: what is longer than 64 bytes is cut between
/// characters and ends with "...".
std::string shortened(std::string_view text);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "protocol/utf8.hpp"

#include <algorithm>

namespace dossier {

namespace {

/// How many bytes the character at the front has; 0 if there is none.
std::size_t front_character_bytes(std::string_view text) {
  const auto byte = [text](std::size_t i) {
    return static_cast<unsigned char>(text[i]);
  };
  const auto lead = byte(0);
  if (lead < 0x80)
    return 1;
  const std::size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < size)
    return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xc0) != 0x80)
      return 0;
  const bool is_overlong = (lead == 0xe0 && byte(1) < 0xa0) || (lead == 0xf0 && byte(1) < 0x90);
  const bool is_no_character = (lead == 0xed && byte(1) > 0x9f) || (lead == 0xf4 && byte(1) > 0x8f);
  return is_overlong || is_no_character ? 0 : size;
}

} // namespace

std::size_t utf8_prefix_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto size = front_character_bytes(text.substr(at));
    if (size == 0)
      break;
    at += size;
  }
  return at;
}

std::string plain_utf8(std::string text, std::size_t bytes_max) {
  text.resize(std::min(text.size(), bytes_max));
  for (auto whole = utf8_prefix_bytes(text); whole < text.size(); whole = utf8_prefix_bytes(text))
    text[whole] = '?';
  return text;
}

std::string shortened(std::string_view text) {
  constexpr std::size_t bytes_max = 64;
  if (text.size() <= bytes_max)
    return std::string{text};
  const auto beginning = text.substr(0, bytes_max);
  return std::string{beginning.substr(0, utf8_prefix_bytes(beginning))} + "...";
}

} // namespace dossier

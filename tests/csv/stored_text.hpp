// SPDX-License-Identifier: Apache-2.0
// The same text as UTF-8 and as a file of any encoding has it, said slowly: character by character,
// with where each begins in both.
#pragma once

#include "protocol/csv/text_encoding.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

struct stored_text {
  /// `utf8` may have surrogates as three bytes, where the file then has them alone.
  stored_text(text_encoding encoding, std::string_view utf8)
    : stored_as(encoding)
    , text(utf8) {
    for (std::size_t at = 0; at < text.size();) {
      begins.push_back(bytes.size());
      offsets.push_back(bytes.size());
      const std::size_t size = size_of_character(at);
      put(character(at, size));
      for (const auto next = at + size; ++at < next;)
        offsets.push_back(stored_as == text_encoding::utf8 ? at : bytes.size());
    }
    begins.push_back(bytes.size());
    offsets.push_back(bytes.size());
  }

  /// The file's odd last byte.
  void add_half_a_unit() {
    text += '\xff';
    bytes += 'x';
    begins.push_back(bytes.size());
    offsets.push_back(bytes.size());
  }

  text_encoding stored_as;
  std::string text;
  std::string bytes;
  std::vector<std::size_t> begins; ///< Of characters in the file, and its end.
  /// For each byte of text where the first character from there on is; of UTF-8 the byte itself.
  std::vector<std::uint64_t> offsets;

private:
  std::size_t size_of_character(std::size_t at) const {
    const auto lead = static_cast<std::uint8_t>(text[at]);
    return lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  }
  std::uint32_t character(std::size_t at, std::size_t size) const {
    std::uint32_t c = static_cast<std::uint8_t>(text[at]);
    c &= size == 1 ? 0x7fU : 0xffU >> (size + 1);
    for (std::size_t i = 1; i < size; ++i)
      c = c << 6 | (static_cast<std::uint8_t>(text[at + i]) & 0x3fU);
    return c;
  }
  void put(std::uint32_t c) {
    if (stored_as == text_encoding::latin1)
      bytes += static_cast<char>(c);
    else if (stored_as == text_encoding::utf8)
      bytes += text.substr(offsets.size() - 1, size_of_character(offsets.size() - 1));
    else if (c < 0x10000)
      put_unit(c);
    else {
      put_unit(0xd800 + (c - 0x10000) / 0x400);
      put_unit(0xdc00 + (c - 0x10000) % 0x400);
    }
  }
  void put_unit(std::uint32_t unit) {
    const char high = static_cast<char>(unit / 0x100);
    const char low = static_cast<char>(unit % 0x100);
    bytes += stored_as == text_encoding::utf16be ? high : low;
    bytes += stored_as == text_encoding::utf16be ? low : high;
  }
};

} // namespace dossier::csv

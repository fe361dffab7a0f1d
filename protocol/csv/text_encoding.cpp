// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/text_encoding.hpp"

#include "protocol/assert.hpp"
#include "protocol/csv/digits.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>

namespace dossier::csv {

namespace {

constexpr char half_unit = '\xff';
constexpr std::string_view replacement = "\xef\xbf\xbd";

bool is_high(std::uint32_t unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

/// Writes the bytes that UTF-8 has for the number, surrogates included.
char* put(std::uint32_t character, char* to) {
  const auto tail = [&](int shift) {
    *to++ = static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x80) {
    *to++ = static_cast<char>(character);
  } else if (character < 0x800) {
    *to++ = static_cast<char>(0xc0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    *to++ = static_cast<char>(0xe0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    *to++ = static_cast<char>(0xf0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
  return to;
}

transcoded from_latin1(std::string_view bytes, char* to) {
  char* const begin = to;
  for (std::size_t at = 0; at < bytes.size();) {
    if (bytes.size() - at >= 8) {
      const auto eight = eight_bytes(bytes.data() + at);
      if ((eight & in_each_byte(0x80)) == 0) {
        std::memcpy(to, &eight, 8);
        to += 8;
        at += 8;
        continue;
      }
    }
    to = put(static_cast<std::uint8_t>(bytes[at++]), to);
  }
  return {bytes.size(), static_cast<std::size_t>(to - begin)};
}

template <bool is_big>
std::uint32_t unit_at(const char* from) {
  const std::uint32_t first = static_cast<std::uint8_t>(from[0]);
  const std::uint32_t second = static_cast<std::uint8_t>(from[1]);
  return is_big ? first << 8 | second : second << 8 | first;
}

/// Four units that are ASCII as four bytes in the lower half.
template <bool is_big>
bool take_ascii(std::uint64_t& units) {
  constexpr std::uint64_t others = is_big ? 0x80ff80ff80ff80ff : 0xff80ff80ff80ff80;
  if ((units & others) != 0)
    return false;
  if (is_big)
    units >>= 8;
  units = (units | units >> 8) & 0x0000ffff0000ffff;
  units |= units >> 16;
  return true;
}

template <bool is_big>
transcoded from_utf16(std::string_view bytes, bool is_end, char* to) {
  char* const begin = to;
  const char* from = bytes.data();
  const char* const end = from + bytes.size();
  while (end - from >= 2) {
    if (end - from >= 8)
      if (auto units = eight_bytes(from); take_ascii<is_big>(units)) {
        std::memcpy(to, &units, 4);
        to += 4;
        from += 8;
        continue;
      }
    const auto unit = unit_at<is_big>(from);
    if (is_high(unit)) {
      const bool has_next = end - from >= 4;
      if (!has_next && !is_end)
        break;
      if (const auto next = has_next ? unit_at<is_big>(from + 2) : 0; is_low(next)) {
        to = put(0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00), to);
        from += 4;
        continue;
      }
    }
    to = put(unit, to);
    from += 2;
  }
  if (is_end && from < end) {
    *to++ = half_unit;
    ++from;
  }
  return {static_cast<std::size_t>(from - bytes.data()), static_cast<std::size_t>(to - begin)};
}

/// How many bytes have the bit 7 of `marks`.
std::uint64_t marked(std::uint64_t marks) {
  return ((marks >> 7 & in_each_byte(1)) * in_each_byte(1)) >> 56;
}

} // namespace

std::string_view to_string(text_encoding encoding) {
  switch (encoding) {
  case text_encoding::utf8:
    return "UTF-8";
  case text_encoding::utf16le:
    return "UTF-16LE";
  case text_encoding::utf16be:
    return "UTF-16BE";
  case text_encoding::latin1:
    return "Latin-1";
  }
  return "unknown";
}

std::optional<text_encoding> parse_text_encoding(std::string_view name) {
  const auto in_capitals = [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  };
  for (const auto e :
       {text_encoding::utf8, text_encoding::utf16le, text_encoding::utf16be, text_encoding::latin1})
    if (std::ranges::equal(name, to_string(e), {}, in_capitals, in_capitals))
      return e;
  return std::nullopt;
}

transcoded to_utf8(text_encoding stored_as, std::string_view bytes, bool is_end, char* to) {
  switch (stored_as) {
  case text_encoding::utf16le:
    return from_utf16<false>(bytes, is_end, to);
  case text_encoding::utf16be:
    return from_utf16<true>(bytes, is_end, to);
  case text_encoding::latin1:
    return from_latin1(bytes, to);
  case text_encoding::utf8:
    break;
  }
  std::copy(bytes.begin(), bytes.end(), to);
  return {bytes.size(), bytes.size()};
}

std::string to_utf8(text_encoding stored_as, std::string_view bytes, bool is_end) {
  std::string text(2 * bytes.size(), '\0');
  text.resize(to_utf8(stored_as, bytes, is_end, text.data()).written);
  return text;
}

std::uint64_t bytes_in_file(text_encoding stored_as, std::string_view utf8) {
  if (stored_as == text_encoding::utf8)
    return utf8.size();
  std::uint64_t characters = utf8.size();
  std::uint64_t of_two_units = 0;
  std::size_t at = 0;
  for (; utf8.size() - at >= 8; at += 8) {
    const auto eight = eight_bytes(utf8.data() + at);
    // Bytes 10xxxxxx follow a first one; 1111xxxx is the first of four.
    characters -= marked(eight & ~(eight << 1));
    of_two_units += marked(eight & eight << 1 & eight << 2 & eight << 3);
  }
  for (; at < utf8.size(); ++at) {
    const auto byte = static_cast<std::uint8_t>(utf8[at]);
    characters -= (byte & 0xc0) == 0x80 ? 1 : 0;
    of_two_units += byte >= 0xf0 ? 1 : 0;
  }
  if (stored_as == text_encoding::latin1)
    return characters;
  // Half a unit was taken for a character of two.
  return 2 * (characters + of_two_units) - (utf8.ends_with(half_unit) ? 3 : 0);
}

bool is_in_character(text_encoding stored_as, std::string_view around) {
  DOSSIER_ASSERT(around.size() == 4, "Two units lie around the middle.");
  if (stored_as == text_encoding::utf16le)
    return is_high(unit_at<false>(around.data())) && is_low(unit_at<false>(around.data() + 2));
  return stored_as == text_encoding::utf16be && is_high(unit_at<true>(around.data()))
         && is_low(unit_at<true>(around.data() + 2));
}

std::string readable(std::string_view utf8) {
  // Of a surrogate alone, the first byte of three; none other is like it.
  constexpr char surrogate = '\xed';
  std::string text;
  while (true) {
    const auto whole = utf8_prefix_bytes(utf8);
    text += utf8.substr(0, whole);
    utf8.remove_prefix(whole);
    const std::size_t wrong = utf8.starts_with(surrogate) ? 3 : 1;
    const bool is_cut = utf8.size() < wrong || (wrong == 1 && !utf8.starts_with(half_unit));
    if (is_cut)
      return text;
    text += replacement;
    utf8.remove_prefix(wrong);
  }
}

} // namespace dossier::csv

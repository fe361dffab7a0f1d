// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_scanner.hpp"

#include "protocol/json_text.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <span>

namespace dossier {

namespace {

constexpr std::string_view escape_letters = "\"\\bfnrt";
constexpr std::string_view escaped_characters = "\"\\\b\f\n\r\t";

/// A character and the length of its escape sequence; 0: it is none that we write.
struct escape {
  char character = 0;
  std::size_t bytes = 0;
};

/// `text` begins with a backslash.
escape escape_at(std::string_view text) {
  constexpr std::string_view hex = "0123456789abcdef";
  constexpr std::string_view start = "\\u00";
  if (text.size() < 2)
    return {};
  if (const auto letter = escape_letters.find(text[1]); letter != text.npos)
    return {escaped_characters[letter], 2};
  if (text.size() < 6 || !text.starts_with(start))
    return {};
  const auto high = hex.find(text[4]);
  const auto low = hex.find(text[5]);
  if (high > 1 || low == hex.npos)
    return {};
  const auto character = static_cast<char>(high << 4 | low);
  // Those have a letter.
  if (escaped_characters.find(character) != escaped_characters.npos)
    return {};
  return {character, start.size() + 2};
}

/// `inside` as skip_string() gives it.
void unescape(std::string_view inside, std::string& text) {
  text.clear();
  while (!inside.empty()) {
    const auto next = std::min(inside.find('\\'), inside.size());
    text.append(inside.substr(0, next));
    inside.remove_prefix(next);
    if (inside.empty())
      break;
    const auto found = escape_at(inside);
    text.push_back(found.character);
    inside.remove_prefix(found.bytes);
  }
}

} // namespace

bool json_scanner::take(std::string_view literal) {
  if (!rest_.starts_with(literal))
    return false;
  rest_.remove_prefix(literal.size());
  return true;
}

bool json_scanner::take_string(std::string& into) {
  std::string_view inside;
  if (!skip_string(inside))
    return false;
  if (inside.find('\\') == inside.npos)
    into.assign(inside);
  else
    unescape(inside, into);
  return true;
}

bool json_scanner::take_count(std::uint64_t& into) {
  const auto before = rest_;
  if (rest_.starts_with('-') || !skip_number())
    return false;
  std::from_chars(before.data(), rest_.data(), into);
  return true;
}

bool json_scanner::take_object(std::string_view& into, int levels) {
  const auto before = rest_;
  if (!skip_object(levels))
    return false;
  into = before.substr(0, before.size() - rest_.size());
  return true;
}

bool json_scanner::skip_value(int levels) {
  if (rest_.empty())
    return false;
  std::string_view inside;
  switch (rest_.front()) {
  case '{':
    return skip_object(levels);
  case '[':
    return skip_array(levels);
  case '"':
    return skip_string(inside);
  case 't':
    return take("true");
  case 'f':
    return take("false");
  case 'n':
    return take("null");
  default:
    return skip_number();
  }
}

bool json_scanner::skip_object(int levels) {
  if (levels == 0 || !take('{'))
    return false;
  if (take('}'))
    return true;
  // Written in one way only, the same names are the same bytes.
  std::array<std::string_view, members_max> names;
  std::size_t count = 0;
  do {
    std::string_view name;
    if (!skip_string(name) || !take(':') || !skip_value(levels - 1))
      return false;
    const std::span known(names.data(), count);
    if (count == members_max || std::ranges::find(known, name) != known.end())
      return false;
    names[count++] = name;
  } while (take(','));
  return take('}');
}

bool json_scanner::skip_array(int levels) {
  if (levels == 0 || !take('['))
    return false;
  if (take(']'))
    return true;
  do {
    if (!skip_value(levels - 1))
      return false;
  } while (take(','));
  return take(']');
}

bool json_scanner::skip_number() {
  const auto* const first = rest_.data();
  const auto* const last = first + rest_.size();
  const bool is_negative = rest_.starts_with('-');
  std::int64_t negative = 0;
  std::uint64_t count = 0;
  const auto read
    = is_negative ? std::from_chars(first, last, negative) : std::from_chars(first, last, count);
  if (read.ec != std::errc{})
    return false;
  const bool is_zero = negative == 0 && count == 0;
  if (rest_[is_negative] == '0' && (!is_zero || is_negative || read.ptr != first + 1))
    return false;
  rest_.remove_prefix(static_cast<std::size_t>(read.ptr - first));
  return true;
}

bool json_scanner::skip_string(std::string_view& inside) {
  if (!take('"'))
    return false;
  const auto before = rest_;
  std::uint64_t any = 0; // All bits that occur: a highest one only if not all is ASCII.
  std::size_t at = count_plain_json(before, any);
  while (at < before.size() && before[at] != '"') {
    if (is_plain_json(before[at])) {
      any |= static_cast<unsigned char>(before[at++]);
      continue;
    }
    const auto found = before[at] == '\\' ? escape_at(before.substr(at)) : escape{};
    if (found.bytes == 0)
      return false;
    at += found.bytes;
  }
  if (at == before.size())
    return false;
  inside = before.substr(0, at);
  rest_.remove_prefix(at + 1);
  return (any & 0x8080'8080'8080'8080) == 0 || is_utf8(inside);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Makes file names and media types of strangers harmless.
#include "gateway/disposition.hpp"

#include "protocol/media_type.hpp"

#include "protocol/ascii.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace dossier {

namespace {

/// One code point of text that is known to be UTF-8.
struct code_point {
  std::uint32_t value = 0;
  std::size_t size_bytes = 1;
};

code_point first_of(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text.front());
  const std::size_t size = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (size == 1 || size > text.size())
    return {lead, 1};
  std::uint32_t value = lead & (0xffu >> (size + 1));
  for (std::size_t i = 1; i < size; ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3fu);
  return {value, size};
}

/// Controls, and marks that make a name look like another one ("gpj.exe" as "exe.jpg").
bool is_deceptive(std::uint32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x061c || c == 0x200e || c == 0x200f
         || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

bool is_separator(std::uint32_t c) {
  return c == '/' || c == '\\';
}

/// Of RFC 8187's attr-char.
bool is_attribute_byte(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view{"!#$&+-.^_`|~"}.find(c) != std::string_view::npos;
}

/// The name as it may be saved: what deceives or separates becomes an underscore.
std::string harmless(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const auto c = first_of(name);
    if (is_deceptive(c.value) || is_separator(c.value))
      text.push_back('_');
    else
      text.append(name.substr(0, c.size_bytes));
    name.remove_prefix(c.size_bytes);
  }
  if (text.starts_with('.'))
    text.front() = '_';
  return text.empty() ? "download" : text;
}

/// For readers of the plain parameter: no quoting is needed for what is left, and no reader decodes
/// it.
std::string ascii_of(std::string_view name) {
  std::string text;
  while (!name.empty()) {
    const auto c = first_of(name);
    const bool is_plain = c.value < 0x7f && c.value != '"' && c.value != '%' && c.value != ';'
                          && c.value != '\\' && c.value != '\'';
    text.push_back(is_plain ? static_cast<char>(c.value) : '_');
    name.remove_prefix(c.size_bytes);
  }
  return text;
}

void append_percent_encoded(std::string& text, std::string_view name) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char c : name) {
    if (is_attribute_byte(c)) {
      text.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    text.push_back('%');
    text.push_back(digits[byte >> 4]);
    text.push_back(digits[byte & 15]);
  }
}

} // namespace

std::string attachment_of(std::string_view file_name) {
  const auto name = harmless(file_name);
  const auto ascii = ascii_of(name);
  std::string field = "attachment; filename=\"" + ascii + "\"";
  if (ascii != name) {
    field.append("; filename*=UTF-8''");
    append_percent_encoded(field, name);
  }
  return field;
}

std::string_view safe_content_type(std::string_view declared) {
  constexpr std::string_view opaque = "application/octet-stream";
  if (!is_media_type(declared))
    return opaque;
  std::string folded{declared};
  std::transform(declared.begin(), declared.end(), folded.begin(), lower);
  const auto slash = folded.find('/');
  const auto type = std::string_view{folded}.substr(0, slash);
  const auto subtype = std::string_view{folded}.substr(slash + 1);
  if (type == "multipart" || type == "message")
    return opaque;
  if (subtype == "xml" || subtype.ends_with("+xml") || subtype.starts_with("xml-"))
    return opaque;
  constexpr std::array active{"html", "script", "svg",  "xsl",        "css",
                              "wasm", "flash",  "java", "x-component"};
  for (const std::string_view part : active) {
    if (subtype.find(part) != std::string_view::npos)
      return opaque;
  }
  if (subtype == "cache-manifest" || subtype == "hta" || subtype == "x-ms-application")
    return opaque;
  return declared;
}

} // namespace dossier

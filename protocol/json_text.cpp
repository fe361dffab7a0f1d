// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_text.hpp"

#include "protocol/assert.hpp"

#include <cstdint>
#include <cstring>
#include <utility>

namespace dossier {

namespace {

/// How much of the front needs no escaping.
std::size_t plain_prefix_bytes(std::string_view text) {
  std::uint64_t any = 0;
  auto at = count_plain_json(text, any);
  while (at < text.size() && is_plain_json(text[at]))
    ++at;
  return at;
}

void append_escaped(std::string& text, char c) {
  constexpr std::string_view hex = "0123456789abcdef";
  switch (c) {
  case '"':
    text += "\\\"";
    return;
  case '\\':
    text += "\\\\";
    return;
  case '\b':
    text += "\\b";
    return;
  case '\f':
    text += "\\f";
    return;
  case '\n':
    text += "\\n";
    return;
  case '\r':
    text += "\\r";
    return;
  case '\t':
    text += "\\t";
    return;
  default:
    text += {'\\', 'u', '0', '0', hex[c >> 4 & 15], hex[c & 15]};
    return;
  }
}

} // namespace

std::size_t count_plain_json(std::string_view text, std::uint64_t& any) {
  constexpr std::uint64_t each = 0x0101'0101'0101'0101;
  constexpr std::uint64_t high = each << 7;
  // The highest bit of a byte is set if the byte is below `limit`, at most 128; maybe also those
  // above such a one.
  const auto below = [](std::uint64_t bytes, std::uint64_t limit) {
    return (bytes - each * limit) & ~bytes & high;
  };
  std::size_t at = 0;
  for (; text.size() - at >= sizeof any; at += sizeof any) {
    std::uint64_t bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    if ((below(bytes, 0x20) | below(bytes ^ each * '"', 1) | below(bytes ^ each * '\\', 1)) != 0)
      break;
    any |= bytes;
  }
  return at;
}

json_writer& json_writer::key(std::string_view name) {
  separate();
  append_quoted(name);
  text_ += ':';
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::string(std::string_view text) {
  separate();
  append_quoted(text);
  return *this;
}

json_writer& json_writer::raw(std::string_view json) {
  separate();
  text_ += json;
  return *this;
}

std::string json_writer::take() {
  DOSSIER_ASSERT(depth_ == 0, "a JSON text is taken when every bracket is closed");
  needs_comma_ = false;
  return std::exchange(text_, {});
}

json_writer& json_writer::open(char bracket) {
  separate();
  text_ += bracket;
  ++depth_;
  needs_comma_ = false;
  return *this;
}

json_writer& json_writer::close(char bracket) {
  DOSSIER_ASSERT(depth_ > 0, "a JSON bracket is closed after it was opened");
  text_ += bracket;
  --depth_;
  needs_comma_ = true;
  return *this;
}

void json_writer::separate() {
  if (needs_comma_)
    text_ += ',';
  needs_comma_ = true;
}

void json_writer::append_quoted(std::string_view text) {
  text_ += '"';
  for (;;) {
    const auto plain = plain_prefix_bytes(text);
    text_.append(text.substr(0, plain));
    if (plain == text.size())
      break;
    append_escaped(text_, text[plain]);
    text.remove_prefix(plain + 1);
  }
  text_ += '"';
}

} // namespace dossier

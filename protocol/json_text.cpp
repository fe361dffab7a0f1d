// SPDX-License-Identifier: Apache-2.0
#include "protocol/json_text.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

constexpr bool must_be_escaped(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\';
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
  while (!text.empty()) {
    const auto special = std::ranges::find_if(text, must_be_escaped);
    text_.append(text.begin(), special);
    if (special == text.end())
      break;
    append_escaped(text_, *special);
    text = {special + 1, text.end()};
  }
  text_ += '"';
}

} // namespace dossier

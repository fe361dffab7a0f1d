// SPDX-License-Identifier: Apache-2.0
// Writes JSON text, and only that: what is stored and what is answered. Reading is nlohmann's work.
#pragma once

#include "protocol/time.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

/// Stands for itself in a JSON string; of what is not ASCII that has still to be checked.
constexpr bool is_plain_json(char c) {
  return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
}

/// How many bytes at the front of a text stand for themselves in a JSON string, at least: counted
/// eight at a time. `any` takes up their bits; the highest of a byte if not all is ASCII.
std::size_t count_plain_json(std::string_view text, std::uint64_t& any);

/// Appends one JSON value to one string, without spaces, members in the order of the calls. Bugs in
/// the order of calls are asserted as far as they unbalance the brackets. One thread at a time.
class json_writer {
public:
  /// Expect about so many bytes.
  explicit json_writer(std::size_t expected_bytes = 256) { text_.reserve(expected_bytes); }

  json_writer& begin_object() { return open('{'); }
  json_writer& end_object() { return close('}'); }
  json_writer& begin_array() { return open('['); }
  json_writer& end_array() { return close(']'); }
  /// Names the member whose value is written next.
  json_writer& key(std::string_view name);

  /// `text` must be UTF-8; whoever took it in has checked that. Quotes, backslashes and control
  /// characters are escaped, nothing else.
  json_writer& string(std::string_view text);
  template <std::integral T>
  requires(!std::same_as<T, bool>) json_writer& number(T value) {
    separate();
    text_ += std::to_string(value);
    return *this;
  }
  json_writer& boolean(bool value) { return raw(value ? "true" : "false"); }
  json_writer& null() { return raw("null"); }
  /// As a string in RFC 3339.
  json_writer& time(timestamp t) { return string(to_rfc3339(t)); }
  /// Null for a text that is empty.
  json_writer& string_or_null(std::string_view text) {
    return text.empty() ? null() : string(text);
  }
  json_writer& time_or_null(const std::optional<timestamp>& t) { return t ? time(*t) : null(); }
  /// A whole JSON value that is text already.
  json_writer& raw(std::string_view json);

  /// The finished text; the writer is empty after.
  std::string take();

private:
  json_writer& open(char bracket);
  json_writer& close(char bracket);
  void separate();
  void append_quoted(std::string_view text);

  std::string text_;
  int depth_ = 0;
  bool needs_comma_ = false;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/read_options.hpp"

#include <charconv>
#include <cstdint>

namespace dossier::csv {

namespace {

std::string code_of(char c) {
  return std::to_string(static_cast<unsigned char>(c));
}

bool read_character(std::string_view code, std::optional<char>& into) {
  std::uint8_t number = 0;
  const auto [end, error] = std::from_chars(code.data(), code.data() + code.size(), number);
  into = static_cast<char>(number);
  return error == std::errc{} && end == code.data() + code.size();
}

bool read_wish(std::string_view name, std::string_view value, read_options& o) {
  auto& w = o.wishes;
  if (name == "columns")
    return o.is_by_position = value == "position";
  if (name == "delimiter")
    return read_character(value, w.delimiter);
  if (name == "encoding")
    return (w.encoding = parse_text_encoding(value)).has_value();
  if (name == "header") {
    w.has_header = value == "yes";
    return value == "yes" || value == "no";
  }
  return name == "quote" && read_character(value, w.quote);
}

} // namespace

std::string to_text(const read_options& o) {
  std::string text;
  const auto add = [&text](std::string_view name, std::string_view value) {
    if (!text.empty())
      text += ' ';
    text.append(name).append("=").append(value);
  };
  const auto& w = o.wishes;
  if (o.is_by_position)
    add("columns", "position");
  if (w.delimiter)
    add("delimiter", code_of(*w.delimiter));
  if (w.encoding)
    add("encoding", to_string(*w.encoding));
  if (w.has_header)
    add("header", *w.has_header ? "yes" : "no");
  if (w.quote)
    add("quote", code_of(*w.quote));
  return text;
}

result<read_options> parse_read_options(std::string_view text) {
  read_options o;
  for (auto rest = text; !rest.empty();) {
    const auto wish = rest.substr(0, rest.find(' '));
    rest.remove_prefix(std::min(rest.size(), wish.size() + 1));
    const auto equals = wish.find('=');
    if (equals == std::string_view::npos
        || !read_wish(wish.substr(0, equals), wish.substr(equals + 1), o))
      break;
  }
  // One form for each meaning: whatever was passed over, repeated or out of order shows here.
  if (to_text(o) != text)
    return fail(errc::corrupt, "these options of a CSV file cannot be read: " + std::string(text));
  return o;
}

} // namespace dossier::csv

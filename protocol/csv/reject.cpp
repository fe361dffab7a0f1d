// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/reject.hpp"

#include "protocol/utf8.hpp"

namespace dossier::csv {

namespace {

std::string shown(std::string_view text) {
  constexpr std::size_t shown_bytes_max = 80;
  const auto part = text.substr(0, shown_bytes_max);
  std::string quoted = "\"";
  for (const char c : part.substr(0, utf8_prefix_bytes(part)))
    quoted += static_cast<unsigned char>(c) < ' ' || c == 0x7f ? '?' : c;
  return quoted + (text.size() > shown_bytes_max ? "…\"" : "\"");
}

std::string listed(const std::vector<std::string>& choices) {
  constexpr std::size_t listed_max = 8;
  std::string list;
  for (std::size_t i = 0; i < choices.size() && i < listed_max; ++i)
    list += (i == 0 ? "" : ", ") + choices[i];
  return list + (choices.size() > listed_max ? ", …" : "");
}

std::string_view name_of(value_type type) {
  switch (type) {
  case value_type::integer:
    return "whole number";
  case value_type::decimal:
    return "decimal number";
  case value_type::date:
    return "date";
  case value_type::time:
    return "time";
  case value_type::timestamp:
    return "timestamp";
  case value_type::boolean:
    return "boolean";
  case value_type::enumeration:
  case value_type::text:
    break;
  }
  return "text";
}

bool is_moment(value_type type) {
  return type == value_type::date || type == value_type::time || type == value_type::timestamp;
}

} // namespace

std::string_view to_string(reject_kind kind) {
  switch (kind) {
  case reject_kind::cast:
    return "cast";
  case reject_kind::missing_columns:
    return "missing-columns";
  case reject_kind::too_many_columns:
    return "too-many-columns";
  case reject_kind::quotes:
    return "quotes";
  case reject_kind::line_too_long:
    return "line-too-long";
  case reject_kind::encoding:
    return "encoding";
  case reject_kind::bound:
    return "bound";
  case reject_kind::pattern:
    return "pattern";
  case reject_kind::required:
    return "required";
  case reject_kind::duplicate_key:
    return "duplicate-key";
  }
  return "unknown";
}

std::string cast_sentence(const column& c, cast ended, std::string_view text) {
  const std::string it = c.name + ": " + shown(text);
  switch (ended) {
  case cast::out_of_range:
    return it + " does not fit into 64 bits";
  case cast::too_many_decimals:
    return it + " has more than " + std::to_string(c.scale) + " decimals";
  case cast::no_such_moment:
    return it
           + (c.type == value_type::date ? " is no day of the calendar" : " is no possible time");
  case cast::unknown_choice:
    return it + " is none of " + listed(c.choices);
  case cast::malformed:
  case cast::good:
    break;
  }
  std::string sentence = it + " is no " + std::string(name_of(c.type));
  if (is_moment(c.type))
    sentence += " of the form " + format_of(c).text();
  return sentence;
}

std::string bound_sentence(const column& c, std::int64_t value, std::string_view text) {
  const bool is_below = c.min && value < *c.min;
  return c.name + ": " + shown(text) + (is_below ? " is below " : " is above ")
         + show_value(c, is_below ? *c.min : c.max.value_or(value));
}

std::string length_sentence(const column& c, std::size_t characters, std::string_view text) {
  const bool is_short = c.length_min && characters < *c.length_min;
  const std::string needed
    = is_short ? "at least " + std::to_string(*c.length_min) + " are needed"
               : "at most " + std::to_string(c.length_max.value_or(0)) + " are allowed";
  return c.name + ": " + shown(text) + " has " + std::to_string(characters)
         + (characters == 1 ? " character, " : " characters, ") + needed;
}

std::string pattern_sentence(const column& c, std::string_view text) {
  return c.name + ": " + shown(text) + " does not match " + (c.pattern ? c.pattern->text() : "");
}

} // namespace dossier::csv

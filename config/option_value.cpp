// SPDX-License-Identifier: Apache-2.0
#include "config/option_value.hpp"

#include <algorithm>
#include <charconv>

namespace dossier {

namespace {

std::string shown(const option& o, const option_value& value) {
  if (o.is_secret)
    return "not that";
  if (std::holds_alternative<bool>(value))
    return "a boolean";
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return digits_of(*number);
  if (const auto* text = std::get_if<std::string>(&value)) {
    constexpr std::size_t shown_bytes_max = 80;
    std::string quoted = "the text \"";
    for (const char c : std::string_view(*text).substr(0, shown_bytes_max))
      quoted += static_cast<unsigned char>(c) < ' ' ? '?' : c;
    return quoted + (text->size() > shown_bytes_max ? "…\"" : "\"");
  }
  std::string list;
  for (const auto number : std::get<std::vector<std::int64_t>>(value))
    list += (list.empty() ? "" : ", ") + digits_of(number);
  return "[" + list + "]";
}

std::string complaint(const option& o, const option_value& value) {
  return std::string(o.path) + " must be " + expectation(o) + ", and is " + shown(o, value);
}

bool is_within(const option_bounds& bounds, std::int64_t number) {
  return number >= bounds.min && number <= bounds.max;
}

bool store(const option&, bool& into, const option_value& value) {
  const auto* truth = std::get_if<bool>(&value);
  if (truth == nullptr)
    return false;
  into = *truth;
  return true;
}

template <class Number>
bool store(const option& o, Number& into, const option_value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || !is_within(o.bounds, *number))
    return false;
  into = static_cast<Number>(*number);
  return true;
}

bool store(const option& o, std::string& into, const option_value& value) {
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || !o.accepts(*text))
    return false;
  into = *text;
  return true;
}

bool store(const option& o, std::vector<std::int64_t>& into, const option_value& value) {
  const auto* list = std::get_if<std::vector<std::int64_t>>(&value);
  if (list == nullptr || list->size() > list_items_max
      || !std::ranges::all_of(*list, [&](auto n) { return is_within(o.bounds, n); }))
    return false;
  into = *list;
  return true;
}

std::optional<std::int64_t> parse_number(std::string_view text) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stop != end)
    return std::nullopt;
  return number;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' '))
    text.remove_prefix(1);
  while (text.ends_with(' '))
    text.remove_suffix(1);
  return text;
}

std::optional<std::vector<std::int64_t>> parse_list(std::string_view text) {
  std::vector<std::int64_t> list;
  if (trimmed(text).empty())
    return list;
  while (true) {
    const auto comma = text.find(',');
    const auto number = parse_number(trimmed(text.substr(0, comma)));
    if (!number)
      return std::nullopt;
    list.push_back(*number);
    if (comma == text.npos)
      return list;
    text.remove_prefix(comma + 1);
  }
}

} // namespace

option_value read(const option& o, const settings& s) {
  // Why: one table of mutable fields serves both directions; this one only reads.
  const auto field = o.of(const_cast<settings&>(s));
  if (const auto* text = std::get_if<std::string*>(&field))
    return **text;
  if (const auto* list = std::get_if<std::vector<std::int64_t>*>(&field))
    return **list;
  if (const auto* truth = std::get_if<bool*>(&field))
    return **truth;
  if (const auto* small = std::get_if<std::uint16_t*>(&field))
    return std::int64_t{**small};
  if (const auto* medium = std::get_if<std::uint32_t*>(&field))
    return std::int64_t{**medium};
  return static_cast<std::int64_t>(*std::get<std::uint64_t*>(field));
}

std::optional<std::string> assign(const option& o, settings& s, const option_value& value) {
  const bool is_stored = std::visit([&](auto* into) { return store(o, *into, value); }, o.of(s));
  return is_stored ? std::nullopt : std::optional(complaint(o, value));
}

std::optional<std::string> assign_text(const option& o, settings& s, std::string_view text) {
  option_value value{std::string(text)};
  const auto field = o.of(s);
  if (std::holds_alternative<std::vector<std::int64_t>*>(field)) {
    if (auto list = parse_list(text))
      value = std::move(*list);
  } else if (std::holds_alternative<bool*>(field)) {
    if (text == "true" || text == "false")
      value = text == "true";
  } else if (!std::holds_alternative<std::string*>(field)) {
    if (const auto number = parse_number(text))
      value = *number;
  }
  return assign(o, s, value);
}

std::string expectation(const option& o) {
  if (o.accepts != nullptr)
    return std::string(o.form);
  settings any;
  const auto field = o.of(any);
  if (std::holds_alternative<bool*>(field))
    return "true or false";
  const bool is_list = std::holds_alternative<std::vector<std::int64_t>*>(field);
  std::string text = is_list ? "a list of at most " + digits_of(list_items_max) + " whole numbers"
                             : "a whole number";
  text += " from " + digits_of(o.bounds.min) + " to " + digits_of(o.bounds.max);
  return o.form.empty() ? text : text + " (" + std::string(o.form) + ")";
}

std::string digits_of(std::int64_t number) {
  auto text = std::to_string(number);
  const std::size_t sign = number < 0 ? 1 : 0;
  if (text.size() - sign <= 4)
    return text;
  for (std::size_t i = text.size() - 3; i > sign; i = i > sign + 3 ? i - 3 : sign)
    text.insert(i, 1, '_');
  return text;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "protocol/media_type.hpp"

#include <algorithm>

namespace dossier {

namespace {

std::string trimmed_lower(std::string_view text) {
  constexpr std::string_view blanks = " \t";
  const auto first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos)
    return {};
  std::string lower(text.substr(first, text.find_last_not_of(blanks) - first + 1));
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

/// A character of a token (RFC 9110 5.6.2).
bool is_token_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
         || std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

bool is_short_token(std::string_view text) {
  return !text.empty() && text.size() <= 63 && std::ranges::all_of(text, is_token_character);
}

} // namespace

std::string media_type_of(std::string_view content_type) {
  auto type = trimmed_lower(content_type.substr(0, content_type.find(';')));
  const auto slash = std::ranges::find(type, '/');
  const bool is_type = slash != type.begin() && slash != type.end() && slash + 1 != type.end()
                       && std::all_of(type.begin(), slash, is_token_character)
                       && std::all_of(slash + 1, type.end(), is_token_character);
  return is_type ? type : std::string{};
}

std::string media_parameters_of(std::string_view content_type) {
  const auto semicolon = content_type.find(';');
  return semicolon == std::string_view::npos ? std::string{}
                                             : trimmed_lower(content_type.substr(semicolon + 1));
}

bool is_media_type(std::string_view text) {
  const auto slash = text.find('/');
  return slash != std::string_view::npos && is_short_token(text.substr(0, slash))
         && is_short_token(text.substr(slash + 1));
}

bool is_json_type(std::string_view content_type) {
  const std::string type = media_type_of(content_type);
  return type.ends_with("/json") || (type.ends_with("+json") && !type.ends_with("/+json"));
}

} // namespace dossier

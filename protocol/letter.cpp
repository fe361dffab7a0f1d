// SPDX-License-Identifier: Apache-2.0
#include "protocol/letter.hpp"

#include "protocol/ascii.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <span>

namespace dossier::letter {

namespace {

struct naming {
  std::string_view operator()(const receive&) const { return "receive"; }
  std::string_view operator()(const settle&) const { return "settle"; }
  std::string_view operator()(const redrive&) const { return "redrive"; }
  std::string_view operator()(const discard&) const { return "discard"; }
  std::string_view operator()(const fire_timer&) const { return "fire-timer"; }
};

bool is_of_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_'
         || c == '.' || c == ':' || c == '+';
}

bool is_quote(char c) {
  return c == '"' || c == '`' || c == '\'';
}

/// The text with `#` for each word that has a digit (ids, numbers, times) and `*` for each quoted
/// part. An apostrophe inside a word begins no quoted part.
std::string without_particulars(std::string_view text) {
  std::string rest;
  for (std::size_t at = 0; at < text.size();) {
    if (is_quote(text[at])) {
      const auto end = text.find(text[at], at + 1);
      if (end != std::string_view::npos) {
        rest += '*';
        at = end + 1;
        continue;
      }
    }
    if (!is_of_word(text[at])) {
      rest += text[at++];
      continue;
    }
    auto end = at;
    while (end < text.size() && (is_of_word(text[end]) || (text[end] == '\'' && end > at)))
      ++end;
    const auto word = text.substr(at, end - at);
    if (std::any_of(word.begin(), word.end(), is_digit))
      rest += '#';
    else
      rest += word;
    at = end;
  }
  return rest;
}

} // namespace

std::string_view name_of(const command& c) {
  return std::visit(naming{}, c);
}

std::string_view to_string(channel c) {
  switch (c) {
  case channel::commands:
    return "commands";
  case channel::webhook:
    return "webhook";
  }
  return "unknown";
}

result<channel> parse_channel(std::string_view name) {
  for (const auto c : {channel::commands, channel::webhook})
    if (name == to_string(c))
      return c;
  return fail(errc::invalid_argument, "a channel must be one of commands, webhook", "channel");
}

std::string_view to_string(status s) {
  switch (s) {
  case status::retrying:
    return "retrying";
  case status::dead:
    return "dead";
  case status::settled:
    return "settled";
  case status::discarded:
    return "discarded";
  }
  return "unknown";
}

result<status> parse_status(std::string_view name) {
  for (const auto s : {status::retrying, status::dead, status::settled, status::discarded})
    if (name == to_string(s))
      return s;
  return fail(errc::invalid_argument,
              "a letter's status must be one of retrying, dead, settled, discarded", "status");
}

std::string fingerprint_of(const origin& from, std::string_view type, const trouble& why) {
  std::string cause;
  const auto add = [&cause](std::string_view part) {
    // Behind its length, so that no two lists of parts make the same text.
    cause += std::to_string(part.size()) + ':';
    cause += part;
  };
  add(to_string(from.channel));
  add(from.topic);
  add(type);
  add(to_string(why.code));
  add(without_particulars(why.where));
  add(without_particulars(why.why));
  const auto digest = sha256_of(cause);
  return to_hex(std::span(digest).first(8));
}

} // namespace dossier::letter

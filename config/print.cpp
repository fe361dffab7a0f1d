// SPDX-License-Identifier: Apache-2.0
#include "config/load.hpp"
#include "config/option_value.hpp"
#include "config/options.hpp"

#include <string_view>
#include <variant>

namespace dossier {

namespace {

std::string quoted(std::string_view text) {
  constexpr auto digits = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      (out += '\\') += c;
    else if (byte < 0x20 || byte == 0x7f)
      ((out += "\\u00") += digits[byte >> 4]) += digits[byte & 15];
    else
      out += c;
  }
  return out + '"';
}

std::string literal(const option_value& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return digits_of(*number);
  if (const auto* text = std::get_if<std::string>(&value))
    return quoted(*text);
  if (const auto* truth = std::get_if<bool>(&value))
    return *truth ? "true" : "false";
  std::string list;
  for (const auto number : std::get<std::vector<std::int64_t>>(value))
    list += (list.empty() ? "" : ", ") + digits_of(number);
  return "[" + list + "]";
}

std::string secret_variables() {
  std::string names;
  for (const auto& o : options())
    if (o.is_secret)
      names += (names.empty() ? "" : ", ") + variable_of(o);
  return names;
}

} // namespace

std::string print_config(const settings& s) {
  const settings defaults;
  std::string text = "# The settings of Dossier. Each may also come from the environment "
                     "(http.threads as\n# DOSSIER_HTTP_THREADS) or from a flag (--set "
                     "http.threads=4); flags win over the environment,\n# and both over this "
                     "file. Secrets come from the environment only:\n# "
                     + secret_variables() + ".\n";
  std::string_view group;
  for (const auto& o : options()) {
    if (o.is_secret)
      continue;
    if (o.group() != group) {
      group = o.group();
      text += "\n[" + std::string(group) + "]\n";
    }
    text += "\n# " + std::string(o.sentence) + "\n# Must be " + expectation(o) + "; "
            + literal(read(o, defaults)) + " unless set.\n" + std::string(o.member()) + " = "
            + literal(read(o, s)) + "\n";
  }
  return text;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/fields.hpp"

#include <algorithm>

namespace dossier::csv {

quote_fault quote_fault_of(std::string_view raw, char quote) {
  if (!raw.starts_with(quote)) {
    const auto at = raw.find(quote);
    if (at == raw.npos)
      return {};
    return {at, "a quote stands inside a field that began without one"};
  }
  std::size_t close = raw.find(quote, 1);
  while (close != raw.npos && close + 1 < raw.size() && raw[close + 1] == quote)
    close = raw.find(quote, close + 2);
  if (close == raw.npos)
    return {0, "the quote is never closed"};
  if (close + 1 < raw.size())
    return {close + 1, "the field goes on behind its closing quote"};
  return {};
}

std::string_view inside_quotes(std::string_view raw, char quote, char* buffer) {
  const auto inside = raw.substr(1, raw.size() - 2);
  auto doubled = inside.find(quote);
  if (doubled == inside.npos)
    return inside;
  char* to = buffer;
  std::size_t from = 0;
  for (; doubled != inside.npos; doubled = inside.find(quote, from)) {
    to = std::copy(inside.begin() + static_cast<std::ptrdiff_t>(from),
                   inside.begin() + static_cast<std::ptrdiff_t>(doubled + 1), to);
    from = doubled + 2;
  }
  to = std::copy(inside.begin() + static_cast<std::ptrdiff_t>(from), inside.end(), to);
  return {buffer, static_cast<std::size_t>(to - buffer)};
}

std::string text_of_field(std::string_view raw, char quote) {
  if (!raw.starts_with(quote))
    return std::string(raw);
  std::string buffer(raw.size(), '\0');
  return std::string(inside_quotes(raw, quote, buffer.data()));
}

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/dialect.hpp"

namespace dossier::csv {

namespace {

bool can_mark(char c) {
  return c > 0 && c < 0x7f && c != '\r' && c != '\n';
}

} // namespace

result<dialect> checked(const dialect& d) {
  if (!can_mark(d.delimiter))
    return fail(errc::invalid_argument,
                "the delimiter of a CSV file is one ASCII character and no line end", "delimiter");
  if (!can_mark(d.quote))
    return fail(errc::invalid_argument,
                "the quote of a CSV file is one ASCII character and no line end", "quote");
  if (d.quote == d.delimiter)
    return fail(errc::invalid_argument,
                "the quote and the delimiter of a CSV file are different characters", "quote");
  return d;
}

std::string_view name_of_delimiter(char delimiter) {
  switch (delimiter) {
  case ',':
    return "a comma";
  case ';':
    return "a semicolon";
  case '\t':
    return "a tab";
  case '|':
    return "a vertical bar";
  default:
    return "another character";
  }
}

} // namespace dossier::csv

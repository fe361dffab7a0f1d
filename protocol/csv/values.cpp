// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/values.hpp"

#include "protocol/csv/digits.hpp"
#include "protocol/utf8.hpp"

#include <array>
#include <bit>
#include <chrono>
#include <cstdio>
#include <limits>

namespace dossier::csv {

namespace {

constexpr std::array<std::int64_t, scale_max + 1> powers_of_ten = [] {
  std::array<std::int64_t, scale_max + 1> powers{};
  std::int64_t power = 1;
  for (auto& p : powers) {
    p = power;
    power = p < 100'000'000'000'000'000 * 10 ? p * 10 : p;
  }
  return powers;
}();

/// Goes past the sign, if there is one. Whether it is a minus.
bool take_sign(const char*& from, std::size_t& size) {
  const bool has_sign = size > 0 && (*from == '-' || *from == '+');
  const bool is_negative = has_sign && *from == '-';
  from += has_sign ? 1 : 0;
  size -= has_sign ? 1 : 0;
  return is_negative;
}

/// The value of a number whose digits, at most 19 of them but for leading zeros, are known.
cast signed_value(std::uint64_t digits, bool is_negative, std::int64_t& value) {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (digits > most + (is_negative ? 1 : 0))
    return cast::out_of_range;
  value = static_cast<std::int64_t>(is_negative ? 0 - digits : digits);
  return cast::good;
}

/// Any number of digits with at most one point among them. Out of range only if all else is right.
cast read_long_decimal(std::string_view text, std::uint8_t scale, bool is_negative,
                       std::int64_t& value) {
  const auto point = text.find('.');
  const std::size_t decimals = point == text.npos ? 0 : text.size() - point - 1;
  if (point == 0 || (point != text.npos && decimals == 0))
    return cast::malformed;
  std::uint64_t digits = 0;
  bool fits = true;
  const auto take = [&](std::uint64_t digit) {
    fits = fits && !__builtin_mul_overflow(digits, std::uint64_t{10}, &digits)
           && !__builtin_add_overflow(digits, digit, &digits);
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i == point)
      continue;
    if (text[i] < '0' || text[i] > '9')
      return cast::malformed;
    take(static_cast<std::uint64_t>(text[i] - '0'));
  }
  if (decimals > scale)
    return cast::too_many_decimals;
  for (std::size_t i = decimals; i < scale; ++i)
    take(0);
  return fits ? signed_value(digits, is_negative, value) : cast::out_of_range;
}

/// At most eight bytes: a point is found and taken out of the word, the rest are digits.
cast read_short_decimal(const char* from, std::size_t size, std::uint8_t scale, bool is_negative,
                        std::int64_t& value) {
  std::uint64_t bytes = eight_bytes(from);
  const std::uint64_t other = bytes ^ in_each_byte('.');
  std::uint64_t points = (other - in_each_byte(1)) & ~other & in_each_byte(0x80);
  if (size < 8)
    points &= (std::uint64_t{1} << 8 * size) - 1;
  std::size_t decimals = 0;
  if (points != 0) {
    const auto point = static_cast<std::size_t>(std::countr_zero(points)) / 8;
    decimals = size - 1 - point;
    if (point == 0 || decimals == 0)
      return cast::malformed;
    const std::uint64_t below = (std::uint64_t{1} << 8 * point) - 1;
    bytes = (bytes & below) | (bytes >> 8 & ~below);
    --size;
  }
  bytes = with_leading_zeros(bytes, size);
  if (!are_digits(bytes))
    return cast::malformed;
  if (decimals > scale)
    return cast::too_many_decimals;
  std::int64_t scaled = 0;
  if (__builtin_mul_overflow(static_cast<std::int64_t>(number_of(bytes)),
                             powers_of_ten[scale - decimals], &scaled))
    return cast::out_of_range;
  value = is_negative ? -scaled : scaled;
  return cast::good;
}

bool is_same_word(const char* from, std::string_view lower) {
  for (std::size_t i = 0; i < lower.size(); ++i)
    if ((from[i] | ('a' <= lower[i] ? 0x20 : 0)) != lower[i])
      return false;
  return true;
}

std::string padded_number(std::int64_t number, int width) {
  char text[32];
  const int size
    = std::snprintf(text, sizeof text, "%0*lld", width, static_cast<long long>(number));
  return {text, static_cast<std::size_t>(size)};
}

/// Of a second: "" or ".123456".
std::string show_fraction(std::int64_t microseconds) {
  if (microseconds == 0)
    return {};
  const auto digits = std::to_string(1'000'000 + microseconds);
  return '.' + digits.substr(1);
}

std::string show_time(std::int64_t seconds) {
  return padded_number(seconds / 3'600, 2) + ':' + padded_number(seconds / 60 % 60, 2) + ':'
         + padded_number(seconds % 60, 2);
}

std::string show_date(std::int64_t days) {
  const std::chrono::year_month_day day{
    std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  return padded_number(static_cast<int>(day.year()), 4) + '-'
         + padded_number(static_cast<unsigned>(day.month()), 2) + '-'
         + padded_number(static_cast<unsigned>(day.day()), 2);
}

std::string show_decimal(std::int64_t value, std::uint8_t scale) {
  std::string digits = padded_number(value, 0);
  if (scale == 0)
    return digits;
  const std::string sign = value < 0 ? "-" : "";
  digits.erase(0, sign.size());
  if (digits.size() <= scale)
    digits.insert(0, scale + 1U - digits.size(), '0');
  return sign + digits.insert(digits.size() - scale, ".");
}

} // namespace

cast read_integer(const char* from, std::size_t size, std::int64_t& value) {
  const bool is_negative = take_sign(from, size);
  if (size == 0)
    return cast::malformed;
  if (size <= 8) {
    const std::uint64_t bytes = with_leading_zeros(eight_bytes(from), size);
    if (!are_digits(bytes))
      return cast::malformed;
    const auto number = static_cast<std::int64_t>(number_of(bytes));
    value = is_negative ? -number : number;
    return cast::good;
  }
  if (size <= 16) {
    const std::uint64_t high = with_leading_zeros(eight_bytes(from), size - 8);
    const std::uint64_t low = eight_bytes(from + size - 8);
    if (!are_digits(high) || !are_digits(low))
      return cast::malformed;
    return signed_value(number_of(high) * 100'000'000 + number_of(low), is_negative, value);
  }
  const std::string_view text(from, size);
  return text.find('.') == text.npos ? read_long_decimal(text, 0, is_negative, value)
                                     : cast::malformed;
}

cast read_decimal(const char* from, std::size_t size, std::uint8_t scale, std::int64_t& value) {
  const bool is_negative = take_sign(from, size);
  if (size == 0)
    return cast::malformed;
  return size <= 8 ? read_short_decimal(from, size, scale, is_negative, value)
                   : read_long_decimal({from, size}, scale, is_negative, value);
}

cast read_boolean(const char* from, std::size_t size, std::int64_t& value) {
  struct word {
    std::string_view text;
    bool means;
  };
  constexpr std::array words{
    word{"true", true}, word{"false", false}, word{"1", true},  word{"0", false}, word{"yes", true},
    word{"no", false},  word{"t", true},      word{"f", false}, word{"y", true},  word{"n", false}};
  for (const word& w : words)
    if (size == w.text.size() && is_same_word(from, w.text)) {
      value = w.means ? 1 : 0;
      return cast::good;
    }
  return cast::malformed;
}

cast read_choice(std::string_view text, const std::vector<std::string>& choices,
                 std::int64_t& value) {
  for (std::size_t i = 0; i < choices.size(); ++i)
    if (choices[i] == text) {
      value = static_cast<std::int64_t>(i);
      return cast::good;
    }
  return cast::unknown_choice;
}

cast read_padded_value(const column& c, const char* from, std::size_t size, std::int64_t& value) {
  switch (c.type) {
  case value_type::integer:
    return read_integer(from, size, value);
  case value_type::decimal:
    return read_decimal(from, size, c.scale, value);
  case value_type::date:
  case value_type::time:
  case value_type::timestamp:
    return format_of(c).read(from, size, value);
  case value_type::boolean:
    return read_boolean(from, size, value);
  case value_type::enumeration:
    return read_choice({from, size}, c.choices, value);
  case value_type::text:
    break;
  }
  return cast::malformed;
}

cast read_value(const column& c, std::string_view text, std::int64_t& value) {
  std::string padded(text);
  padded.append(padding_bytes, '\0');
  return read_padded_value(c, padded.data(), text.size(), value);
}

std::size_t clean_prefix_bytes(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    if (text.size() - at >= 8) {
      const std::uint64_t bytes = eight_bytes(text.data() + at);
      // No byte above 0x7f, and none that borrows when 1 is taken off it: none is NUL.
      if (((bytes | (bytes - in_each_byte(1))) & in_each_byte(0x80)) == 0) {
        at += 8;
        continue;
      }
    }
    if (text[at] == '\0')
      break;
    const auto byte = static_cast<unsigned char>(text[at]);
    const std::size_t size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    if (byte >= 0x80 && utf8_prefix_bytes(text.substr(at, size)) != size)
      break;
    at += size;
  }
  return at;
}

std::size_t characters_of(std::string_view utf8) {
  std::size_t count = utf8.size();
  std::size_t at = 0;
  // A byte that goes on with a character has its highest bit and not the next one.
  for (; at + 8 <= utf8.size(); at += 8) {
    const std::uint64_t bytes = eight_bytes(utf8.data() + at);
    const std::uint64_t going_on = bytes >> 7 & ~bytes >> 6 & in_each_byte(1);
    count -= going_on * in_each_byte(1) >> 56;
  }
  for (; at < utf8.size(); ++at)
    count -= (static_cast<unsigned char>(utf8[at]) & 0xc0) == 0x80 ? 1U : 0U;
  return count;
}

std::string show_value(const column& c, std::int64_t value) {
  switch (c.type) {
  case value_type::decimal:
    return show_decimal(value, c.scale);
  case value_type::date:
    return show_date(value);
  case value_type::time:
    return show_time(value);
  case value_type::timestamp: {
    const std::int64_t seconds = value / 1'000'000 - (value % 1'000'000 < 0 ? 1 : 0);
    const std::int64_t days = seconds / 86'400 - (seconds % 86'400 < 0 ? 1 : 0);
    return show_date(days) + 'T' + show_time(seconds - days * 86'400)
           + show_fraction(value - seconds * 1'000'000) + 'Z';
  }
  case value_type::boolean:
    return value == 0 ? "false" : "true";
  case value_type::enumeration:
    return value >= 0 && static_cast<std::size_t>(value) < c.choices.size()
             ? c.choices[static_cast<std::size_t>(value)]
             : std::to_string(value);
  case value_type::integer:
  case value_type::text:
    break;
  }
  return std::to_string(value);
}

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/moments.hpp"

#include "protocol/ascii.hpp"

#include <emmintrin.h>

#include <algorithm>

namespace dossier::csv {

namespace {

constexpr std::int64_t seconds_per_day = 86'400;
constexpr std::int64_t us_per_second = 1'000'000;

constexpr std::array<std::array<std::int16_t, 13>, 2> days_before_month{
  {{0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365},
   {0, 31, 60, 91, 121, 152, 182, 213, 244, 274, 305, 335, 366}}};

/// Behind the digits of a text: what parts that are not there point to.
constexpr std::size_t zeros_at = 32;
using digit_array = std::array<std::uint8_t, zeros_at + 2>;

inline int pair_at(const digit_array& digits, std::uint8_t at) {
  return digits[at] * 10 + digits[at + 1U];
}

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int two(const char* from) {
  return (from[0] - '0') * 10 + (from[1] - '0');
}

/// The offset behind a timestamp, in seconds; false if it is none.
bool read_offset(std::string_view text, std::int64_t& seconds) {
  seconds = 0;
  if (text == "Z" || text == "z")
    return true;
  if (text.size() != 6 || (text[0] != '+' && text[0] != '-') || text[3] != ':' || !is_digit(text[1])
      || !is_digit(text[2]) || !is_digit(text[4]) || !is_digit(text[5]))
    return false;
  const int hours = two(text.data() + 1);
  const int minutes = two(text.data() + 4);
  seconds = (text[0] == '-' ? -1 : 1) * (hours * 3'600 + minutes * 60);
  return hours < 24 && minutes < 60;
}

std::string_view default_text(moment_format::kind what) {
  switch (what) {
  case moment_format::kind::date:
    return "yyyy-mm-dd";
  case moment_format::kind::time:
    return "HH:MM:SS";
  case moment_format::kind::timestamp:
    break;
  }
  return "rfc3339";
}

} // namespace

bool days_of(int year, int month, int day, std::int64_t& days) {
  if (year < 1 || year > 9999 || month < 1 || month > 12)
    return false;
  const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  const auto& before_month = days_before_month[is_leap ? 1 : 0];
  const auto m = static_cast<std::size_t>(month);
  if (day < 1 || day > before_month[m] - before_month[m - 1])
    return false;
  const int before = year - 1;
  const int centuries = before / 100;
  // 719162 days lie between the first of January of the years 1 and 1970.
  days
    = before * 365 + before / 4 - centuries + centuries / 4 + before_month[m - 1] + day - 719'163;
  return true;
}

moment_format::moment_format(kind what)
  : moment_format(*parse(what, default_text(what))) {}

result<moment_format> moment_format::parse(kind what, std::string_view text) {
  const auto refused = [&](std::string why) {
    return fail(errc::invalid_argument, "the format " + std::string(text) + ' ' + why);
  };
  moment_format made{made_empty{}};
  made.kind_ = what;
  made.text_ = text;
  if (text == "rfc3339") {
    if (what != kind::timestamp)
      return refused("is for timestamps only");
    made.is_rfc3339_ = true;
    return made;
  }
  if (text.size() > made.xor_.size())
    return refused("is longer than 32 characters");
  made.size_ = text.size();
  made.most_.fill(0xff);
  struct token {
    std::string_view letters;
    std::uint8_t moment_format::*place;
    bool is_of_day;
  };
  const std::array tokens{
    token{"yyyy", &moment_format::year_, false}, token{"mm", &moment_format::month_, false},
    token{"dd", &moment_format::day_, false},    token{"HH", &moment_format::hour_, true},
    token{"MM", &moment_format::minute_, true},  token{"SS", &moment_format::second_, true}};
  for (std::size_t at = 0; at < text.size();) {
    const auto found = std::ranges::find_if(
      tokens, [&](const token& t) { return text.substr(at).starts_with(t.letters); });
    const std::size_t size = found == tokens.end() ? 1 : found->letters.size();
    const char c = text[at];
    if (found == tokens.end() && (is_digit(c) || (is_letter(c) && c != 'T' && c != 'Z')))
      return refused("has something else than yyyy, mm, dd, HH, MM, SS and marks between them");
    if (found != tokens.end()) {
      if (made.*(found->place) != zeros_at)
        return refused("has " + std::string(found->letters) + " twice");
      made.*(found->place) = static_cast<std::uint8_t>(at);
    }
    for (std::size_t i = at; i < at + size; ++i) {
      made.xor_[i] = found == tokens.end() ? c : '0';
      made.most_[i] = found == tokens.end() ? 0 : 9;
    }
    at += size;
  }
  for (const token& t : tokens) {
    const bool is_there = made.*(t.place) != zeros_at;
    const bool is_wanted = what == kind::timestamp || (what == kind::time) == t.is_of_day;
    if (is_there && !is_wanted)
      return refused("may not have " + std::string(t.letters));
    if (!is_there && is_wanted && t.letters != "SS")
      return refused("lacks " + std::string(t.letters));
  }
  return made;
}

/// Bytes behind the text are let pass whatever they are.
inline bool moment_format::has_form(const char* from, std::size_t size,
                                    std::uint8_t* digits) const {
  if (size != size_)
    return false;
  for (std::size_t at = 0; at < size; at += 16) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + at));
    const auto pattern = _mm_load_si128(reinterpret_cast<const __m128i*>(xor_.data() + at));
    const auto most = _mm_load_si128(reinterpret_cast<const __m128i*>(most_.data() + at));
    const auto rest = _mm_xor_si128(bytes, pattern);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(digits + at), rest);
    if (_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(rest, most), rest)) != 0xffff)
      return false;
  }
  return true;
}

inline cast moment_format::read_form(const char* from, std::size_t size, bool may_leap,
                                     std::int64_t& value) const {
  digit_array digits;
  digits[zeros_at] = digits[zeros_at + 1] = 0;
  if (!has_form(from, size, digits.data()))
    return cast::malformed;
  std::int64_t days = 0;
  if (kind_ != kind::time) {
    const int year
      = pair_at(digits, year_) * 100 + pair_at(digits, static_cast<std::uint8_t>(year_ + 2));
    if (!days_of(year, pair_at(digits, month_), pair_at(digits, day_), days))
      return cast::no_such_moment;
    if (kind_ == kind::date) {
      value = days;
      return cast::good;
    }
  }
  const int hour = pair_at(digits, hour_);
  const int minute = pair_at(digits, minute_);
  const int second = pair_at(digits, second_);
  const bool is_leap_second = may_leap && second == 60 && minute == 59;
  if (hour > 23 || minute > 59 || (second > 59 && !is_leap_second))
    return cast::no_such_moment;
  const std::int64_t seconds = hour * 3'600 + minute * 60 + second;
  value = kind_ == kind::time ? seconds : (days * seconds_per_day + seconds) * us_per_second;
  return cast::good;
}

cast moment_format::read_rfc3339(const char* from, std::size_t size, std::int64_t& value) const {
  static const moment_format front = *parse(kind::timestamp, "yyyy-mm-ddTHH:MM:SS");
  constexpr std::size_t front_bytes = 19;
  if (size <= front_bytes)
    return cast::malformed;
  std::array<char, 32> copy{};
  std::copy(from, from + front_bytes, copy.begin());
  if (copy[10] == 't' || copy[10] == ' ')
    copy[10] = 'T';
  std::string_view rest(from + front_bytes, size - front_bytes);
  std::int64_t fraction_us = 0;
  if (rest.front() == '.') {
    const auto end = std::min(rest.find_first_not_of("0123456789", 1), rest.size());
    if (end == 1)
      return cast::malformed;
    for (std::size_t i = 1; i <= 6; ++i)
      fraction_us = fraction_us * 10 + (i < end ? rest[i] - '0' : 0);
    rest.remove_prefix(end);
  }
  std::int64_t offset_s = 0;
  if (!read_offset(rest, offset_s))
    return cast::malformed;
  const cast ended = front.read_form(copy.data(), front_bytes, true, value);
  value += fraction_us - offset_s * us_per_second;
  return ended;
}

cast moment_format::read(const char* from, std::size_t size, std::int64_t& value) const {
  return is_rfc3339_ ? read_rfc3339(from, size, value) : read_form(from, size, false, value);
}

} // namespace dossier::csv

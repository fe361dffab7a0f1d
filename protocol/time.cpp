// SPDX-License-Identifier: Apache-2.0
// The two text forms of time, read and written by hand: streams would bring a locale with them.
#include "protocol/time.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <array>
#include <span>

namespace dossier {

namespace {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year_month_day;

constexpr std::array<std::string_view, 7> weekday_names{"Sun", "Mon", "Tue", "Wed",
                                                        "Thu", "Fri", "Sat"};
constexpr std::array<std::string_view, 12> month_names{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

/// A time as its digits say it, before anybody asked whether it exists.
struct written_time {
  unsigned year = 0;
  unsigned month = 0;
  unsigned day = 0;
  unsigned hour = 0;
  unsigned minute = 0;
  unsigned second = 0;
  milliseconds fraction{0};
  minutes offset{0};
};

/// Takes a text apart from its front. Once something did not fit, nothing fits any more.
class scanner {
public:
  explicit scanner(std::string_view text)
    : rest_(text) {}

  bool fits() const { return fits_; }
  bool is_done() const { return fits_ && rest_.empty(); }
  bool sees(std::string_view any_of) const {
    return fits_ && !rest_.empty() && any_of.find(rest_.front()) != std::string_view::npos;
  }

  /// One of these characters; 0 if another one stands there.
  char one_of(std::string_view any_of) {
    fits_ = sees(any_of);
    if (!fits_)
      return 0;
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void literal(std::string_view expected) {
    fits_ = fits_ && rest_.starts_with(expected);
    if (fits_)
      rest_.remove_prefix(expected.size());
  }

  unsigned digit() {
    const char c = one_of("0123456789");
    return fits_ ? static_cast<unsigned>(c - '0') : 0;
  }

  unsigned number(int digits) {
    unsigned value = 0;
    for (int i = 0; i < digits; ++i)
      value = value * 10 + digit();
    return value;
  }

  /// The position, from 0, of the three-letter name that stands here.
  unsigned name(std::span<const std::string_view> names) {
    const auto found = std::ranges::find(names, rest_.substr(0, 3));
    fits_ = fits_ && found != names.end();
    if (!fits_)
      return 0;
    rest_.remove_prefix(3);
    return static_cast<unsigned>(found - names.begin());
  }

private:
  std::string_view rest_;
  bool fits_ = true;
};

/// The instant a written time means, or how it cannot be one.
result<timestamp> instant_of(const written_time& w) {
  const auto refused = [](const char* why) {
    return fail(errc::invalid_argument, why);
  };
  const year_month_day date{std::chrono::year{static_cast<int>(w.year)},
                            std::chrono::month{w.month}, std::chrono::day{w.day}};
  if (!date.ok())
    return refused("a date-time must name a day that exists");
  if (w.hour > 23 || w.minute > 59 || w.second > 60)
    return refused("a date-time's time of day must be 00:00:00 to 23:59:59");
  // Second 60 becomes the next second by itself.
  const timestamp t = sys_days{date} + hours{w.hour} + minutes{w.minute} + seconds{w.second}
                      + w.fraction - w.offset;
  const auto day = floor<days>(t);
  if (w.second == 60 && (t - day >= seconds{1} || year_month_day{day}.day() != std::chrono::day{1}))
    return refused("a date-time may have second 60 at the end of a month in UTC only");
  if (t < timestamp{} || t > timestamp_max)
    return refused("a date-time must lie in the years 1970 to 9999, counted in UTC");
  return t;
}

/// Writes decimal digits from `at` on, with leading zeros, and moves `at` behind them.
void put_digits(char*& at, unsigned value, int digits) {
  for (int i = digits - 1; i >= 0; --i, value /= 10)
    at[i] = static_cast<char>('0' + value % 10);
  at += digits;
}

void put_text(char*& at, std::string_view text) {
  at = std::ranges::copy(text, at).out;
}

void put_time_of_day(char*& at, milliseconds since_midnight) {
  const auto s = static_cast<unsigned>(since_midnight.count() / 1000);
  put_digits(at, s / 3600, 2);
  put_text(at, ":");
  put_digits(at, s / 60 % 60, 2);
  put_text(at, ":");
  put_digits(at, s % 60, 2);
}

unsigned year_of(const year_month_day& date) {
  const int year = static_cast<int>(date.year());
  DOSSIER_ASSERT(year >= 0 && year <= 9999, "a time that is said lies in the years 0 to 9999");
  return static_cast<unsigned>(year);
}

} // namespace

std::array<char, 24> rfc3339_characters(timestamp t) {
  const auto day = floor<days>(t);
  const year_month_day date{day};
  std::array<char, 24> text;
  char* at = text.data();
  put_digits(at, year_of(date), 4);
  put_text(at, "-");
  put_digits(at, static_cast<unsigned>(date.month()), 2);
  put_text(at, "-");
  put_digits(at, static_cast<unsigned>(date.day()), 2);
  put_text(at, "T");
  put_time_of_day(at, t - day);
  put_text(at, ".");
  put_digits(at, static_cast<unsigned>((t - day).count() % 1000), 3);
  put_text(at, "Z");
  return text;
}

std::string to_rfc3339(timestamp t) {
  const auto text = rfc3339_characters(t);
  return {text.data(), text.size()};
}

result<timestamp> parse_rfc3339(std::string_view text) {
  scanner in(text);
  written_time w;
  w.year = in.number(4);
  in.literal("-");
  w.month = in.number(2);
  in.literal("-");
  w.day = in.number(2);
  in.one_of("Tt");
  w.hour = in.number(2);
  in.literal(":");
  w.minute = in.number(2);
  in.literal(":");
  w.second = in.number(2);
  if (in.sees(".")) {
    in.literal(".");
    // What is finer than a millisecond is read, as it must be digits too, and dropped.
    milliseconds unit{100};
    do {
      w.fraction += unit * in.digit();
      unit /= 10;
    } while (in.sees("0123456789"));
  }
  const char zone = in.one_of("Zz+-");
  if (zone == '+' || zone == '-') {
    const unsigned offset_hour = in.number(2);
    in.literal(":");
    const unsigned offset_minute = in.number(2);
    if (in.fits() && (offset_hour > 23 || offset_minute > 59))
      return fail(errc::invalid_argument, "a date-time's offset must be -23:59 to +23:59");
    w.offset = (zone == '-' ? -1 : 1) * (hours{offset_hour} + minutes{offset_minute});
  }
  if (!in.is_done())
    return fail(errc::invalid_argument,
                "a date-time must be written as RFC 3339 has it, e.g. 2026-11-21T05:53:50Z or "
                "2026-11-21T06:53:50.123+01:00");
  return instant_of(w);
}

std::string to_http_date(timestamp t) {
  const auto day = floor<days>(t);
  const year_month_day date{day};
  std::string text("Sun, 00 Jan 0000 00:00:00 GMT");
  char* at = text.data();
  put_text(at, weekday_names[std::chrono::weekday{day}.c_encoding()]);
  put_text(at, ", ");
  put_digits(at, static_cast<unsigned>(date.day()), 2);
  put_text(at, " ");
  put_text(at, month_names[static_cast<unsigned>(date.month()) - 1]);
  put_text(at, " ");
  put_digits(at, year_of(date), 4);
  put_text(at, " ");
  put_time_of_day(at, t - day);
  return text;
}

result<timestamp> parse_http_date(std::string_view text) {
  scanner in(text);
  written_time w;
  const unsigned weekday = in.name(weekday_names);
  in.literal(", ");
  w.day = in.number(2);
  in.literal(" ");
  w.month = in.name(month_names) + 1;
  in.literal(" ");
  w.year = in.number(4);
  in.literal(" ");
  w.hour = in.number(2);
  in.literal(":");
  w.minute = in.number(2);
  in.literal(":");
  w.second = in.number(2);
  in.literal(" GMT");
  if (!in.is_done())
    return fail(errc::invalid_argument, "an HTTP date must be written as RFC 9110 has it, e.g. "
                                        "Sun, 06 Nov 1994 08:49:37 GMT");
  const auto t = instant_of(w);
  // A leap second belongs to the day that it ends.
  if (t && std::chrono::weekday{floor<days>(*t - seconds{w.second == 60})}.c_encoding() != weekday)
    return fail(errc::invalid_argument, "an HTTP date must name the weekday of its own date");
  return t;
}

} // namespace dossier

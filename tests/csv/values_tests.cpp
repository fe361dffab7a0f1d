// SPDX-License-Identifier: Apache-2.0
// Each type's texts: what they mean, and what is none.
#include "protocol/csv/values.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <charconv>
#include <chrono>
#include <limits>
#include <ostream>

namespace dossier::csv {

std::ostream& operator<<(std::ostream& out, cast c) {
  return out << "cast " << static_cast<int>(c);
}

namespace values_tests {

struct example {
  std::string_view text;
  std::optional<std::int64_t> value;
  cast ends = cast::malformed;
};

void check(const column& c, const std::vector<example>& examples) {
  for (const auto& e : examples) {
    BOOST_TEST_CONTEXT(to_string(c.type) << " of \"" << e.text << '"') {
      std::int64_t value = 0;
      const cast ended = read_value(c, e.text, value);
      BOOST_TEST(ended == (e.value ? cast::good : e.ends));
      if (e.value && ended == cast::good)
        BOOST_TEST(value == *e.value);
    }
  }
}

column of(value_type type, std::uint8_t scale = 0) {
  column c;
  c.name = "x";
  c.type = type;
  c.scale = scale;
  return c;
}

column of(moment_format::kind what, std::string_view format) {
  column c = of(what == moment_format::kind::date   ? value_type::date
                : what == moment_format::kind::time ? value_type::time
                                                    : value_type::timestamp);
  c.format = *moment_format::parse(what, format);
  return c;
}

constexpr auto lowest = std::numeric_limits<std::int64_t>::min();
constexpr auto highest = std::numeric_limits<std::int64_t>::max();

__extension__ using wide_integer = __int128;

/// The slow and plain way: the digits of sign, whole part and decimals, one by one.
std::optional<wide_integer> plain_decimal(std::string_view text, int scale) {
  const bool is_negative = text.starts_with('-');
  if (is_negative || text.starts_with('+'))
    text.remove_prefix(1);
  wide_integer value = 0;
  int decimals = -1;
  int digits = 0;
  for (const char c : text) {
    if (c == '.' && decimals < 0 && digits > 0) {
      decimals = 0;
      continue;
    }
    if (c < '0' || c > '9')
      return std::nullopt;
    value = value * 10 + (c - '0');
    ++digits;
    decimals += decimals >= 0 ? 1 : 0;
  }
  if (digits == 0 || decimals == 0 || decimals > scale)
    return std::nullopt;
  for (int i = std::max(decimals, 0); i < scale; ++i)
    value *= 10;
  return is_negative ? -value : value;
}

} // namespace values_tests

BOOST_AUTO_TEST_SUITE(values_tests)

BOOST_AUTO_TEST_CASE(integers) {
  check(of(value_type::integer), {{"0", 0},
                                  {"7", 7},
                                  {"-7", -7},
                                  {"+7", 7},
                                  {"12345678", 12'345'678},
                                  {"123456789", 123'456'789},
                                  {"-1234567890123456", -1'234'567'890'123'456},
                                  {"000000000000000000000000000042", 42},
                                  {"9223372036854775807", highest},
                                  {"-9223372036854775808", lowest},
                                  {"9223372036854775808", {}, cast::out_of_range},
                                  {"-9223372036854775809", {}, cast::out_of_range},
                                  {"99999999999999999999999999", {}, cast::out_of_range},
                                  {"", {}},
                                  {"-", {}},
                                  {"+-1", {}},
                                  {"--1", {}},
                                  {" 1", {}},
                                  {"1 ", {}},
                                  {"1.0", {}},
                                  {"1e3", {}},
                                  {"0x10", {}},
                                  {"1,000", {}},
                                  {"12345678x", {}},
                                  {"x12345678", {}},
                                  {"123456789012345678.0", {}},
                                  {std::string_view("1\0", 2), {}},
                                  {"\xd9\xa1", {}}});
}

BOOST_AUTO_TEST_CASE(decimals) {
  check(of(value_type::decimal, 3), {{"0", 0},
                                     {"1", 1'000},
                                     {"1.5", 1'500},
                                     {"-1.234", -1'234},
                                     {"+0.001", 1},
                                     {"1234.567", 1'234'567},
                                     {"12345.678", 12'345'678},
                                     {"9223372036854775.807", highest},
                                     {"-9223372036854775.808", lowest},
                                     {"9223372036854775.808", {}, cast::out_of_range},
                                     {"9223372036854776", {}, cast::out_of_range},
                                     {"1.2345", {}, cast::too_many_decimals},
                                     {"123456789.2345", {}, cast::too_many_decimals},
                                     {"1.2340", {}, cast::too_many_decimals},
                                     {"", {}},
                                     {".", {}},
                                     {".5", {}},
                                     {"5.", {}},
                                     {"123456789.", {}},
                                     {"1.2.3", {}},
                                     {"123456.7.8", {}},
                                     {"1,5", {}},
                                     {"1.5e3", {}},
                                     {"abc", {}},
                                     {"1.x", {}},
                                     {"-", {}}});
  check(of(value_type::decimal, 18),
        {{"9", 9'000'000'000'000'000'000}, {"10", {}, cast::out_of_range}});
  check(of(value_type::decimal, 0), {{"12", 12}, {"12.0", {}, cast::too_many_decimals}});
}

BOOST_AUTO_TEST_CASE(dates) {
  using kind = moment_format::kind;
  check(of(kind::date, "dd/mm/yyyy"), {{"01/01/1970", 0},
                                       {"31/12/1969", -1},
                                       {"29/02/2024", 19'782},
                                       {"29/02/2023", {}, cast::no_such_moment},
                                       {"29/02/1900", {}, cast::no_such_moment},
                                       {"29/02/2000", 11'016},
                                       {"31/04/2024", {}, cast::no_such_moment},
                                       {"00/01/2024", {}, cast::no_such_moment},
                                       {"01/13/2024", {}, cast::no_such_moment},
                                       {"01/00/2024", {}, cast::no_such_moment},
                                       {"01/01/0000", {}, cast::no_such_moment},
                                       {"01/01/0001", -719'162},
                                       {"31/12/9999", 2'932'896},
                                       {"1/1/2024", {}},
                                       {"01-01-2024", {}},
                                       {"2024/01/01", {}},
                                       {"01/01/20x4", {}},
                                       {"", {}},
                                       {"01/01/2024 ", {}}});
  check(of(kind::date, "yyyymmdd"), {{"20240229", 19'782}, {"2024022", {}}});
  check(of(value_type::date), {{"1970-01-02", 1}});
}

BOOST_AUTO_TEST_CASE(times_of_day) {
  using kind = moment_format::kind;
  check(of(kind::time, "HH:MM:SS"), {{"00:00:00", 0},
                                     {"23:59:59", 86'399},
                                     {"24:00:00", {}, cast::no_such_moment},
                                     {"12:60:00", {}, cast::no_such_moment},
                                     {"12:00:60", {}, cast::no_such_moment},
                                     {"1:00:00", {}},
                                     {"12:00", {}},
                                     {"12.00.00", {}}});
  check(of(kind::time, "HHMM"), {{"1234", 45'240}, {"123", {}}});
}

BOOST_AUTO_TEST_CASE(points_in_time) {
  using kind = moment_format::kind;
  constexpr std::int64_t us = 1'000'000;
  check(of(value_type::timestamp), {{"1970-01-01T00:00:00Z", 0},
                                    {"1970-01-01t00:00:01z", us},
                                    {"1970-01-01 00:00:01Z", us},
                                    {"1970-01-01T01:00:00+01:00", 0},
                                    {"1969-12-31T23:30:00-00:30", 0},
                                    {"1970-01-01T00:00:00.5Z", us / 2},
                                    {"1970-01-01T00:00:00.123456789Z", 123'456},
                                    {"1969-12-31T23:59:59.999999Z", -1},
                                    {"2016-12-31T23:59:60Z", 1'483'228'800 * us},
                                    {"2016-12-31T23:58:60Z", {}, cast::no_such_moment},
                                    {"2023-02-29T00:00:00Z", {}, cast::no_such_moment},
                                    {"1970-01-01T00:00:00", {}},
                                    {"1970-01-01T00:00:00.Z", {}},
                                    {"1970-01-01T00:00:00+0100", {}},
                                    {"1970-01-01T00:00:00+24:00", {}},
                                    {"1970-01-01T00:00Z", {}},
                                    {"", {}}});
  check(of(kind::timestamp, "dd/mm/yyyy HH:MM:SS"),
        {{"01/01/1970 00:00:01", us}, {"01/01/1970T00:00:01", {}}});
}

BOOST_AUTO_TEST_CASE(booleans_and_choices) {
  check(of(value_type::boolean), {{"true", 1},
                                  {"FALSE", 0},
                                  {"Yes", 1},
                                  {"no", 0},
                                  {"1", 1},
                                  {"0", 0},
                                  {"T", 1},
                                  {"n", 0},
                                  {"2", {}},
                                  {"", {}},
                                  {"\x11", {}},
                                  {"tru", {}},
                                  {"true ", {}}});
  column c = of(value_type::enumeration);
  c.choices = {"in", "out"};
  check(c,
        {{"in", 0}, {"out", 1}, {"In", {}, cast::unknown_choice}, {"", {}, cast::unknown_choice}});
}

BOOST_AUTO_TEST_CASE(formats_that_are_none_are_refused) {
  using kind = moment_format::kind;
  const std::vector<std::tuple<kind, std::string_view, std::string_view>> examples{
    {kind::date, "dd/mm", "the format dd/mm lacks yyyy"},
    {kind::date, "dd/dd/yyyy", "the format dd/dd/yyyy has dd twice"},
    {kind::date, "dd/mm/yyyy HH", "the format dd/mm/yyyy HH may not have HH"},
    {kind::time, "HH", "the format HH lacks MM"},
    {kind::date, "d/m/yyyy",
     "the format d/m/yyyy has something else than yyyy, mm, dd, HH, MM, SS and marks between them"},
    {kind::date, "rfc3339", "the format rfc3339 is for timestamps only"},
    {kind::date, "                                  yyyymmdd",
     "the format                                   yyyymmdd is longer than 32 characters"}};
  for (const auto& [what, text, why] : examples) {
    const auto parsed = moment_format::parse(what, text);
    BOOST_REQUIRE(!parsed);
    BOOST_TEST(parsed.error().why == why);
  }
}

RC_BOOST_PROP(decimals_of_any_text_are_as_digit_by_digit, ()) {
  const auto text = *rc::gen::resize(
    24, rc::gen::container<std::string>(rc::gen::elementOf(std::string("0123456789012345.-x"))));
  const auto scale = *rc::gen::inRange<int>(0, 10);
  const auto expected = plain_decimal(text, scale);
  std::int64_t value = 0;
  const cast ended
    = read_value(of(value_type::decimal, static_cast<std::uint8_t>(scale)), text, value);
  const bool fits = expected && *expected >= lowest && *expected <= highest;
  RC_ASSERT((ended == cast::good) == fits);
  if (fits)
    RC_ASSERT(value == static_cast<std::int64_t>(*expected));
}

RC_BOOST_PROP(integers_of_any_text_are_as_the_library_reads_them, (std::int64_t number)) {
  auto text = std::to_string(number >> *rc::gen::inRange(0, 64));
  if (*rc::gen::inRange(0, 4) == 0)
    text[*rc::gen::inRange<std::size_t>(0, text.size())] = *rc::gen::arbitrary<char>();
  std::int64_t expected = 0;
  const char* begin = text.data() + (text.starts_with('+') ? 1 : 0);
  const auto [stop, error] = std::from_chars(begin, text.data() + text.size(), expected);
  const bool is_good
    = error == std::errc() && stop == text.data() + text.size() && !text.starts_with("+-");
  std::int64_t value = 0;
  RC_ASSERT((read_value(of(value_type::integer), text, value) == cast::good) == is_good);
  if (is_good)
    RC_ASSERT(value == expected);
}

BOOST_AUTO_TEST_CASE(every_day_is_as_the_calendar_of_the_library_says) {
  using namespace std::chrono;
  for (int y = 1; y <= 9999; y += y > 1890 && y < 2110 ? 1 : 37)
    for (unsigned m = 0; m <= 13; ++m)
      for (unsigned d = 0; d <= 32; ++d) {
        const year_month_day day{year(y), month(m), std::chrono::day(d)};
        std::int64_t days = 0;
        const bool is_day = days_of(y, static_cast<int>(m), static_cast<int>(d), days);
        BOOST_REQUIRE_EQUAL(is_day, day.ok());
        if (is_day)
          BOOST_REQUIRE_EQUAL(days, sys_days(day).time_since_epoch().count());
      }
}

BOOST_AUTO_TEST_CASE(clean_text_is_utf8_without_nul) {
  BOOST_TEST(clean_prefix_bytes("") == 0u);
  BOOST_TEST(clean_prefix_bytes("plain ascii, and more of it") == 27u);
  BOOST_TEST(clean_prefix_bytes("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80") == 14u);
  BOOST_TEST(clean_prefix_bytes("0123456789\xff tail") == 10u);
  BOOST_TEST(clean_prefix_bytes(std::string_view("0123456\0tail and more", 20)) == 7u);
  BOOST_TEST(clean_prefix_bytes("01234567\xc3") == 8u);
  BOOST_TEST(clean_prefix_bytes("01234567\xed\xa0\x80") == 8u);
  BOOST_TEST(characters_of("caf\xc3\xa9") == 4u);
  BOOST_TEST(characters_of("caf\xc3\xa9 \xe2\x82\xac\xe2\x82\xac\xe2\x82\xac \xf0\x9f\x98\x80")
             == 10u);
}

BOOST_AUTO_TEST_CASE(values_are_shown_as_files_write_them) {
  BOOST_TEST(show_value(of(value_type::decimal, 3), -5) == "-0.005");
  BOOST_TEST(show_value(of(value_type::decimal, 0), 12) == "12");
  BOOST_TEST(show_value(of(value_type::decimal, 2), lowest) == "-92233720368547758.08");
  BOOST_TEST(show_value(of(value_type::date), 19'782) == "2024-02-29");
  BOOST_TEST(show_value(of(value_type::time), 3'661) == "01:01:01");
  BOOST_TEST(show_value(of(value_type::timestamp), -1) == "1969-12-31T23:59:59.999999Z");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

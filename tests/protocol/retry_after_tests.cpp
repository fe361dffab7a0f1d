// SPDX-License-Identifier: Apache-2.0
#include "protocol/retry_after.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;

namespace retry_after_field {

constexpr timestamp now = from_ms(1'795'240'430'000);

std::optional<std::int64_t> read(std::string_view text) {
  const auto wait = parse_retry_after(text, now);
  return wait ? std::optional(wait->count()) : std::nullopt;
}

} // namespace retry_after_field

BOOST_AUTO_TEST_SUITE(retry_after_field)

BOOST_AUTO_TEST_CASE(seconds_are_a_wait) {
  BOOST_TEST((read("0") == 0));
  BOOST_TEST((read("120") == 120'000));
  BOOST_TEST((read("0007") == 7'000));
}

BOOST_AUTO_TEST_CASE(a_long_wait_is_cut) {
  BOOST_TEST((read("86401") == 86'400'000));
  BOOST_TEST((read("99999999999999999999999999999999") == 86'400'000));
  BOOST_TEST((read("Fri, 31 Dec 2100 23:59:59 GMT") == 86'400'000));
}

BOOST_AUTO_TEST_CASE(a_date_is_a_wait_from_now) {
  BOOST_TEST((read(to_http_date(now + seconds{30})) == 30'000));
  BOOST_TEST((read("Sun, 06 Nov 1994 08:49:37 GMT") == 0));
}

BOOST_AUTO_TEST_CASE(anything_else_asks_for_nothing) {
  for (const auto* text : {"", "-1", "1.5", " 5", "5 ", "soon", "Sunday, 06-Nov-94 08:49:37 GMT"})
    BOOST_TEST((read(text) == std::nullopt), text);
}

BOOST_AUTO_TEST_SUITE_END()

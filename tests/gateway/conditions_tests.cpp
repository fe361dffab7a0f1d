// SPDX-License-Identifier: Apache-2.0
// Conditional requests as RFC 9110 section 13 wants them.
#include "gateway/conditions.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

using namespace dossier;

namespace conditions_tests {

using fields = std::vector<std::pair<std::string, std::string>>;

const timestamp modified_at = from_ms(784'111'777'999); // Sun, 06 Nov 1994 08:49:37 GMT and a bit.
const std::string at_that_time = "Sun, 06 Nov 1994 08:49:37 GMT";
const std::string before_that = "Sun, 06 Nov 1994 08:49:36 GMT";
const validators present{"abc", modified_at};

/// "proceed", "304", or the name of the problem.
std::string verdict(verb v, const fields& sent, const validators& have = present) {
  request r;
  r.verb = v;
  for (const auto& [name, value] : sent)
    r.fields.emplace_back(name, value);
  const auto checked = check_conditions(r, have);
  if (!checked)
    return std::string{to_string(checked.error().code)};
  return *checked == condition_verdict::proceed ? "proceed" : "304";
}

bool counts(const std::string& if_range) {
  request r;
  r.fields.emplace_back("If-Range", if_range);
  return if_range_holds(r, present);
}

} // namespace conditions_tests

BOOST_AUTO_TEST_SUITE(conditions_tests)

BOOST_AUTO_TEST_CASE(without_conditions_everything_goes_on) {
  BOOST_TEST(verdict(verb::get, {}) == "proceed");
  BOOST_TEST(verdict(verb::put, {}) == "proceed");
}

BOOST_AUTO_TEST_CASE(if_match_compares_strongly) {
  BOOST_TEST(verdict(verb::get, {{"If-Match", "\"abc\""}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"if-match", "\"x\", \"abc\""}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "\"x\""}, {"If-Match", "\"abc\""}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "*"}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "W/\"abc\""}}) == "precondition-failed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "\"ABC\""}}) == "precondition-failed");
  BOOST_TEST(verdict(verb::put, {{"If-Match", "*"}}, {"", {}}) == "precondition-failed");
}

BOOST_AUTO_TEST_CASE(if_none_match_compares_weakly) {
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", "\"abc\""}}) == "304");
  BOOST_TEST(verdict(verb::head, {{"If-None-Match", "W/\"abc\""}}) == "304");
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", "*"}}) == "304");
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", "\"x\""}}) == "proceed");
  BOOST_TEST(verdict(verb::put, {{"If-None-Match", "*"}}) == "precondition-failed");
  BOOST_TEST(verdict(verb::put, {{"If-None-Match", "*"}}, {"", {}}) == "proceed");
}

BOOST_AUTO_TEST_CASE(dates_count_by_whole_seconds) {
  BOOST_TEST(verdict(verb::get, {{"If-Modified-Since", at_that_time}}) == "304");
  BOOST_TEST(verdict(verb::get, {{"If-Modified-Since", before_that}}) == "proceed");
  BOOST_TEST(verdict(verb::put, {{"If-Modified-Since", at_that_time}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Unmodified-Since", at_that_time}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Unmodified-Since", before_that}}) == "precondition-failed");
}

BOOST_AUTO_TEST_CASE(dates_that_are_none_are_ignored) {
  BOOST_TEST(verdict(verb::get, {{"If-Modified-Since", "yesterday"}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Unmodified-Since", "0"}}) == "proceed");
}

BOOST_AUTO_TEST_CASE(tags_win_over_dates) {
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", "\"x\""}, {"If-Modified-Since", at_that_time}})
             == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "\"abc\""}, {"If-Unmodified-Since", before_that}})
             == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}})
             == "precondition-failed");
}

BOOST_AUTO_TEST_CASE(malformed_tags_are_refused_by_their_field) {
  for (const auto* text :
       {"", "abc", "\"abc", "abc\"", "\"a\"\"b\"", "\"a\" \"b\"", "w/\"a\"", "W/ \"a\"", "*, \"a\"",
        "\"a\", *", "\"a\\\"\"b", "\"a b\"", ",", "'a'"}) {
    for (const auto* name : {"If-Match", "If-None-Match"})
      BOOST_TEST(verdict(verb::get, {{name, text}}) == "malformed", name << ": " << text);
  }
}

BOOST_AUTO_TEST_CASE(a_list_of_tags_has_a_limit) {
  std::string tags = "\"a\"";
  for (int i = 0; i < 63; ++i)
    tags += ", \"a\"";
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", tags}}) == "proceed");
  BOOST_TEST(verdict(verb::get, {{"If-None-Match", tags + ", \"a\""}}) == "malformed");
}

BOOST_AUTO_TEST_CASE(if_range_wants_exactly_what_is_there) {
  BOOST_TEST(counts("\"abc\""));
  BOOST_TEST(!counts("W/\"abc\""));
  BOOST_TEST(!counts("\"abc\", \"x\""));
  BOOST_TEST(!counts("abc"));
  BOOST_TEST(counts(at_that_time));
  BOOST_TEST(!counts(before_that));
  BOOST_TEST(if_range_holds(request{}, present));
}

BOOST_AUTO_TEST_SUITE_END()

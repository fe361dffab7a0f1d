// SPDX-License-Identifier: Apache-2.0
// The small language of patterns: what it matches, what it refuses, and that it stays linear.
#include "protocol/csv/text_pattern.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <regex>
#include <tuple>
#include <vector>

namespace dossier::csv {

BOOST_AUTO_TEST_SUITE(text_pattern_tests)

BOOST_AUTO_TEST_CASE(patterns_match_whole_texts) {
  const std::vector<std::tuple<std::string_view, std::string_view, bool>> examples{
    {"", "", true},
    {"", "a", false},
    {"abc", "abc", true},
    {"abc", "abcd", false},
    {"a?b", "b", true},
    {"a*b+", "aaabbb", true},
    {"a*b+", "aaa", false},
    {"[A-Z]{3}", "EUR", true},
    {"[A-Z]{3}", "EU", false},
    {"[A-Z]{3}", "EURO", false},
    {"\\d{2,4}", "1", false},
    {"\\d{2,4}", "1234", true},
    {"\\d{2,4}", "12345", false},
    {"\\d{2,}", "1234567", true},
    {"\\d{0,2}x", "x", true},
    {"\\d{0,}x", "123x", true},
    {"\\+\\d+", "+4411", true},
    {"[^,]*", "caf\xc3\xa9", true},
    {"caf.", "caf\xc3\xa9", true},
    {"caf[a-z]", "caf\xc3\xa9", false},
    {"[a\\]-]+", "a]-", true},
    {"[a-]", "-", true},
    {".*x.*x.*", "axbxc", true},
  };
  for (const auto& [pattern, text, matches] : examples) {
    BOOST_TEST_CONTEXT(pattern << " against " << text) {
      const auto compiled = text_pattern::compile(pattern);
      BOOST_REQUIRE(compiled);
      BOOST_TEST(compiled->matches(text) == matches);
    }
  }
}

BOOST_AUTO_TEST_CASE(what_is_no_pattern_is_refused_with_its_place) {
  const std::vector<std::pair<std::string_view, std::string_view>> examples{
    {"*a", "the pattern repeats nothing at character 1"},
    {"a**", "the pattern repeats a repetition at character 3"},
    {"(a)", "the pattern has a group or an alternative, which is not supported, at character 1"},
    {"a|b", "the pattern has a group or an alternative, which is not supported, at character 2"},
    {"^a", "the pattern has an anchor, which is not needed as the whole text is matched, "
           "at character 1"},
    {"[ab", "the pattern ends too early at character 4"},
    {"[]", "the pattern has an empty set"},
    {"[b-a]", "the pattern has a range that ends before it begins at character 5"},
    {"a{", "the pattern has a { that no number follows at character 3"},
    {"a{3,2}", "the pattern has a {m,n} that cannot be at character 6"},
    {"a{0}", "the pattern has a {m,n} that cannot be at character 4"},
    {"a{64}", "the pattern comes to more than 63 parts"},
    {"a\\", "the pattern has a \\ that no mark follows at character 2"},
    {"\\w", "the pattern has a \\ that no mark follows at character 1"},
    {"a]", "the pattern has a ] without its beginning at character 2"},
    {"\xc3\xa9", "the pattern holds a character that is not printable ASCII"},
  };
  for (const auto& [pattern, why] : examples) {
    BOOST_TEST_CONTEXT(pattern) {
      const auto compiled = text_pattern::compile(pattern);
      BOOST_REQUIRE(!compiled);
      BOOST_TEST(std::string_view(compiled.error().why).starts_with(why));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_text_that_ruins_backtracking_takes_no_longer) {
  const auto pattern = text_pattern::compile("a*a*a*a*a*a*a*a*a*a*a*a*b");
  BOOST_REQUIRE(pattern);
  BOOST_TEST(!pattern->matches(std::string(1'000'000, 'a')));
}

RC_BOOST_PROP(what_both_know_is_matched_as_the_library_matches, ()) {
  const auto parts = *rc::gen::resize(
    8, rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(std::vector<std::string>{
         "a", "b", ".", "[ab]", "[^a]", "\\d", "a?", "b*", "[ab]+", "c{2}", "a{1,3}", "b{2,}"})));
  std::string pattern;
  for (const auto& part : parts)
    pattern += part;
  const auto text = *rc::gen::resize(
    12, rc::gen::container<std::string>(rc::gen::elementOf(std::string("aabbc1"))));
  const auto compiled = text_pattern::compile(pattern);
  RC_ASSERT(bool(compiled));
  RC_ASSERT(compiled->matches(text) == std::regex_match(text, std::regex(pattern)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::csv

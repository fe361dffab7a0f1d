// SPDX-License-Identifier: Apache-2.0
// Bodies are read strictly, and everything wrong with one is told at once.
#include "protocol/json_body.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

using namespace dossier;

namespace json_body_tests {

/// The problem of a body that does not even parse: "code pointer".
std::string refusal_of(std::string_view text) {
  const auto body = json_body::parse(text);
  return body ? "good" : std::string{to_string(body.error().code)} + " " + body.error().where;
}

json_body good(std::string_view text) {
  auto body = json_body::parse(text);
  BOOST_REQUIRE_MESSAGE(body.has_value(), text << ": " << body.error().why);
  return std::move(*body);
}

} // namespace json_body_tests

BOOST_AUTO_TEST_SUITE(json_body_tests)

BOOST_AUTO_TEST_CASE(members_are_read_by_type) {
  auto body = good(R"({"s":"ä\n","n":18446744073709551615,"b":true,"z":null})");
  BOOST_TEST(*body.required_string("s") == "ä\n");
  BOOST_TEST(*body.optional_count("n", UINT64_MAX) == UINT64_MAX);
  BOOST_TEST(*body.required_bool("b"));
  BOOST_TEST(*body.optional_bool("b"));
  BOOST_TEST(!body.optional_bool("z").has_value());
  BOOST_TEST(!body.optional_bool("absent").has_value());
  BOOST_TEST(body.is_null("z"));
  BOOST_TEST(!body.optional_string("z").has_value());
  BOOST_TEST(!body.optional_string("absent").has_value());
  BOOST_TEST(body.finish().has_value());
}

BOOST_AUTO_TEST_CASE(what_is_not_one_object_is_malformed) {
  for (const auto* text : {"",
                           " ",
                           "null",
                           "1",
                           "\"a\"",
                           "[]",
                           "[{}]",
                           "{",
                           "}",
                           "{}{}",
                           "{},",
                           "{} x",
                           "{\"a\"}",
                           "{\"a\":}",
                           "{\"a\":1,}",
                           "{a:1}",
                           "{'a':1}",
                           "{\"a\":01}",
                           "{\"a\":+1}",
                           "{\"a\":1e999}",
                           "{\"a\":NaN}",
                           "{\"a\":\"\t\"}",
                           "{\"a\":\"\\x\"}",
                           "{\"a\":\"\\ud800\"}",
                           "{\"a\":tru}",
                           "/**/{}",
                           "{\"a\":1//\n}"})
    BOOST_TEST(refusal_of(text) == "malformed ", text);
}

BOOST_AUTO_TEST_CASE(text_that_is_not_utf8_is_malformed_and_the_byte_is_named) {
  for (const auto& bytes :
       {std::string{"\x80"}, std::string{"\xc0\xaf"}, std::string{"\xed\xa0\x80"},
        std::string{"\xf4\x90\x80\x80"}, std::string{"\xe2\x82"}, std::string{"\xff"},
        std::string{"\xe0\x80\x80"}, std::string{"\xf0\x80\x80\x80"}}) {
    const auto body = json_body::parse("{\"a\":\"" + bytes + "\"}");
    BOOST_REQUIRE(!body);
    BOOST_TEST((body.error().code == errc::malformed));
    BOOST_TEST(body.error().why.find("byte 6") != std::string::npos, body.error().why);
  }
  BOOST_TEST(refusal_of("{\"a\":\"\xf0\x9f\x98\x80\xed\x9f\xbf\xc2\x80\"}") == "good");
}

BOOST_AUTO_TEST_CASE(a_member_named_twice_is_refused_by_its_pointer) {
  BOOST_TEST(refusal_of(R"({"a":1,"a":1})") == "malformed /a");
  BOOST_TEST(refusal_of(R"({"a/b~":1,"\u0061/b~":2})") == "malformed /a~1b~0");
}

BOOST_AUTO_TEST_CASE(nesting_has_an_end) {
  const auto nested = [](int depth) {
    return "{\"a\":" + std::string(depth, '[') + std::string(depth, ']') + "}";
  };
  BOOST_TEST(refusal_of(nested(15)) == "good");
  BOOST_TEST(refusal_of(nested(16)) == "malformed /a");
  BOOST_TEST(refusal_of(nested(30'000)) == "malformed /a");
}

BOOST_AUTO_TEST_CASE(members_have_a_limit) {
  std::string text = "{";
  for (int i = 0; i < 65; ++i)
    text += (i == 0 ? "" : ",") + ("\"m" + std::to_string(i) + "\":1");
  BOOST_TEST(refusal_of(text + "}") == "malformed ");
}

BOOST_AUTO_TEST_CASE(nothing_hides_behind_a_nul) {
  using namespace std::string_view_literals;
  for (const auto text : {"{\"a\":1}\0"sv, "{\"a\":1}\0{\"a\":2}"sv, "{\"a\":\0 1}"sv, "\0{}"sv})
    BOOST_TEST(refusal_of(text) == "malformed ");
}

BOOST_AUTO_TEST_CASE(wrong_types_say_what_is_there) {
  auto body = good(R"({"a":1,"b":[],"c":{},"d":"x","e":1.5,"f":-1,"g":null,"h":true})");
  body.required_string("a");
  body.required_string("b");
  body.required_string("c");
  body.optional_bool("d");
  body.optional_count("e", 9);
  body.optional_count("f", 9);
  body.required_string("g");
  body.required_string("h");
  const auto finished = body.finish();
  BOOST_REQUIRE(!finished);
  BOOST_TEST((finished.error().code == errc::invalid_argument));
  BOOST_TEST(finished.error().where == "/a");
  for (const auto* part :
       {"a must be a string, not a number.", "b must be a string, not an array.",
        "c must be a string, not an object.", "d must be a boolean, not a string.",
        "e must be a whole number from 0 to 9, not a number.", "g must be a string, not null.",
        "h must be a string, not a boolean."})
    BOOST_TEST(finished.error().why.find(part) != std::string::npos, finished.error().why);
}

BOOST_AUTO_TEST_CASE(a_count_has_a_bound) {
  auto body = good(R"({"a":10,"b":11})");
  BOOST_TEST(*body.optional_count("a", 10) == 10u);
  BOOST_TEST(!body.optional_count("b", 10).has_value());
  BOOST_TEST(body.finish().error().where == "/b");
}

BOOST_AUTO_TEST_CASE(missing_members_are_named) {
  auto body = good("{}");
  BOOST_TEST(body.is_empty());
  BOOST_TEST(!body.required_string("a").has_value());
  BOOST_TEST(!body.required_bool("b").has_value());
  BOOST_TEST(body.finish().error().why == "a is missing. b is missing.");
}

BOOST_AUTO_TEST_CASE(unknown_members_are_named_and_so_are_the_known) {
  auto body = good(R"({"a":"x","A":"y"})");
  body.required_string("a");
  const auto finished = body.finish();
  BOOST_REQUIRE(!finished);
  BOOST_TEST(finished.error().where == "/A");
  BOOST_TEST(finished.error().why == "There is no member \"A\" here; known are: a.");
}

BOOST_AUTO_TEST_CASE(long_names_and_many_problems_are_cut) {
  std::string text = "{\"" + std::string(20'000, 'x') + "\":1";
  for (int i = 0; i < 20; ++i)
    text += ",\"m" + std::to_string(i) + "\":1";
  const auto finished = good(text + "}").finish();
  BOOST_REQUIRE(!finished);
  BOOST_TEST(finished.error().why.size() < 2'000u);
  BOOST_TEST(finished.error().why.find("13 more problems") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(arrays_of_strings_are_read_and_their_wrong_elements_named) {
  auto body = good(R"({"a":["x","y"],"none":[],"null":null})");
  BOOST_TEST(body.optional_strings("a", 2) == (std::vector<std::string>{"x", "y"}),
             boost::test_tools::per_element());
  BOOST_TEST(body.optional_strings("none", 2).empty());
  BOOST_TEST(body.optional_strings("null", 2).empty());
  BOOST_TEST(body.optional_strings("absent", 2).empty());
  BOOST_TEST(body.finish().has_value());
  const auto where = [](std::string_view text) {
    auto wrong = good(text);
    wrong.optional_strings("a", 2);
    const auto refused = wrong.finish();
    return refused ? "good" : refused.error().where;
  };
  BOOST_TEST(where(R"({"a":"x"})") == "/a");
  BOOST_TEST(where(R"({"a":{}})") == "/a");
  BOOST_TEST(where(R"({"a":["x",1]})") == "/a/1");
  BOOST_TEST(where(R"({"a":["x",["y"]]})") == "/a/1");
  BOOST_TEST(where(R"({"a":[null]})") == "/a/0");
  BOOST_TEST(where(R"({"a":[{"b":1}]})") == "/a/0");
  BOOST_TEST(where(R"({"a":["x","y","z"]})") == "/a");
}

BOOST_AUTO_TEST_CASE(an_object_within_is_read_as_strictly) {
  auto body = good(R"({"o":{"s":"x"},"null":null})");
  auto* inner = body.optional_object("o");
  BOOST_REQUIRE(inner != nullptr);
  BOOST_TEST(*inner->optional_string("s") == "x");
  BOOST_TEST((body.optional_object("null") == nullptr));
  BOOST_TEST((body.optional_object("absent") == nullptr));
  BOOST_TEST(body.finish().has_value());
  const auto where = [](std::string_view text) {
    auto wrong = good(text);
    if (auto* within = wrong.optional_object("o"))
      within->optional_string("s");
    const auto refused = wrong.finish();
    return refused ? "good" : refused.error().where;
  };
  BOOST_TEST(where(R"({"o":"x"})") == "/o");
  BOOST_TEST(where(R"({"o":[]})") == "/o");
  BOOST_TEST(where(R"({"o":{"s":1}})") == "/o/s");
  BOOST_TEST(where(R"({"o":{"s":["x"]}})") == "/o/s");
  BOOST_TEST(where(R"({"o":{"s":"x","t":"y"}})") == "/o/t");
  BOOST_TEST(refusal_of(R"({"o":{"s":"x","s":"y"}})") == "malformed /o/s");
}

BOOST_AUTO_TEST_SUITE_END()

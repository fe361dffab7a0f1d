// SPDX-License-Identifier: Apache-2.0
// Values pass without loss. What is refused is promised in cloud_event_tests.cpp as well.
#include "protocol/json_members.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using namespace std::string_literals;

namespace dossier {

namespace json_members_tests {

std::string compact(std::string_view text) {
  const auto read = compact_json(text);
  BOOST_REQUIRE_MESSAGE(read, (read ? "" : read.error().why) << " in " << text);
  return *read;
}

void refuses_members(std::string_view text, std::string_view where, std::string_view why) {
  const auto read = read_json_members(text);
  BOOST_REQUIRE_MESSAGE(!read, text << " was read");
  BOOST_TEST(to_string(read.error().code) == to_string(errc::malformed));
  BOOST_TEST(read.error().where == where);
  BOOST_TEST(read.error().why.find(why) != std::string::npos, read.error().why);
}

} // namespace json_members_tests

BOOST_AUTO_TEST_SUITE(json_members_tests)

BOOST_AUTO_TEST_CASE(numbers_keep_their_digits) {
  for (const auto* number :
       {"0", "-1", "1.10", "1E5", "-0.0", "1e-400", "9223372036854775808", "-9223372036854775809",
        "18446744073709551616", "3.14159265358979323846264338327950288"})
    BOOST_TEST(compact(number) == number);
}

BOOST_AUTO_TEST_CASE(members_and_items_keep_their_order) {
  BOOST_TEST(compact(" { \"b\" : [ 1 , { } , [ ] ] , \"a\" : \"x\" } ")
             == R"({"b":[1,{},[]],"a":"x"})");
  BOOST_TEST(compact("[true,false,null]") == "[true,false,null]");
  BOOST_TEST(compact(R"([{"a":1},{"a":1}])") == R"([{"a":1},{"a":1}])");
}

BOOST_AUTO_TEST_CASE(strings_are_escaped_one_way) {
  BOOST_TEST(compact(R"("\u0041\/\u00e9\ud83d\ude00\u0000\n")")
             == "\"A/\xc3\xa9\xf0\x9f\x98\x80\\u0000\\n\"");
}

BOOST_AUTO_TEST_CASE(members_come_apart) {
  const auto read = read_json_members(
    R"({"n":null,"b":true,"i":1,"f":1.50,"s":"\"x\"","a":[{"s":"in"}],"o":{"s":"in","o":{}}})");
  BOOST_REQUIRE(read);
  const std::vector<json_member> expected{{"n", json_kind::null, "null", ""},
                                          {"b", json_kind::boolean, "true", ""},
                                          {"i", json_kind::number, "1", ""},
                                          {"f", json_kind::number, "1.50", ""},
                                          {"s", json_kind::string, R"("\"x\"")", "\"x\""},
                                          {"a", json_kind::array, R"([{"s":"in"}])", ""},
                                          {"o", json_kind::object, R"({"s":"in","o":{}})", ""}};
  BOOST_TEST((*read == expected));
  BOOST_TEST(read_json_members("{}")->empty());
}

BOOST_AUTO_TEST_CASE(a_refusal_names_the_member_and_the_place) {
  refuses_members("[1]", "", "object");
  refuses_members("7", "", "object");
  refuses_members("{} {}", "", "byte 4");
  refuses_members(R"({"a":1,"b":})", "b", "byte 12");
  refuses_members("{\"a\":1}\0"s, "", "byte 8");
  refuses_members(R"({"a":1,"b":2,"a":3})", "a", "\"a\" twice");
  refuses_members(R"({"a":1,"b":[{"c":2,"c":3}]})", "b", "\"c\" twice");
  refuses_members("{\"deep\":" + std::string(32, '[') + std::string(32, ']') + "}", "deep", "32");
  const std::string name(62, 'n');
  refuses_members("{\"" + name + "\u00e9e\":1,\"" + name + "\u00e9e\":1}", name + "\u00e9e",
                  name + "\u00e9...");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

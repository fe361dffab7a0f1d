// SPDX-License-Identifier: Apache-2.0
#include "protocol/media_type.hpp"

#include <boost/test/unit_test.hpp>

namespace dossier {

BOOST_AUTO_TEST_SUITE(media_type_tests)

BOOST_AUTO_TEST_CASE(a_media_type_is_read_in_any_case_and_without_parameters) {
  BOOST_TEST(media_type_of("application/json") == "application/json");
  BOOST_TEST(media_type_of(" Text/Plain ; charset=utf-8") == "text/plain");
  BOOST_TEST(media_type_of("a/vnd.x-1+json;") == "a/vnd.x-1+json");
  for (const auto* none : {"", "json", "/json", "text/", "/", "a b/c", "a/b c", "a/b/c", ";a/b",
                           "a/b,c/d", "\xc3\xa9/a"})
    BOOST_TEST(media_type_of(none) == "", none);
}

BOOST_AUTO_TEST_CASE(parameters_are_what_follows) {
  BOOST_TEST(media_parameters_of("a/b; Charset=UTF-8 ") == "charset=utf-8");
  BOOST_TEST(media_parameters_of("a/b;x=1;y=2") == "x=1;y=2");
  BOOST_TEST(media_parameters_of("a/b;") == "");
  BOOST_TEST(media_parameters_of("a/b") == "");
}

BOOST_AUTO_TEST_CASE(json_is_a_subtype_or_a_suffix) {
  for (const auto* json : {"application/json", "TEXT/JSON;x=y", "application/problem+json"})
    BOOST_TEST(is_json_type(json), json);
  for (const auto* other : {"", "json", "application/jsonp", "application/json-seq", "json/x",
                            "application/json+x", "application/xjson", "application/+json"})
    BOOST_TEST(!is_json_type(other), other);
}

BOOST_AUTO_TEST_CASE(a_media_type_is_two_tokens) {
  for (const auto& type : {std::string{"a/b"}, std::string{"application/vnd.x+y-z"},
                           std::string(63, 'a') + "/" + std::string(63, 'b')})
    BOOST_TEST(is_media_type(type), type);
  for (const auto& type : {std::string{}, std::string{"a"}, std::string{"/"}, std::string{"a/"},
                           std::string{"/b"}, std::string{"a/b/c"}, std::string{"a /b"},
                           std::string{"a/b;c=d"}, std::string{"ä/b"}, std::string(64, 'a') + "/b"})
    BOOST_TEST(!is_media_type(type), type);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

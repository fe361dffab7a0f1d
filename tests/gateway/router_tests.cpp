// SPDX-License-Identifier: Apache-2.0
#include "gateway/router.hpp"

#include "protocol/assert.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;

namespace router_tests {

route at(verb v, std::string pattern) {
  route r;
  r.verb = v;
  r.operation = std::string(to_string(v)) + " " + pattern;
  r.pattern = std::move(pattern);
  r.body = body_kind::none;
  r.access = access::open;
  return r;
}

const router& table() {
  static const router routes({
    at(verb::get, "/"),
    at(verb::get, "/things/{id}"),
    at(verb::patch, "/things/{id}"),
    at(verb::get, "/things/latest"),
    at(verb::get, "/things/{thingId}/parts/{part}"),
    at(verb::post, "/things"),
    at(verb::head, "/both"),
    at(verb::get, "/both"),
  });
  return routes;
}

struct routed {
  const resource* found = nullptr;
  errc refusal{};
  std::vector<std::string> params;
};

routed find(std::string_view path) {
  request r;
  r.path = path;
  const auto found = table().find(r);
  return found ? routed{*found, {}, r.params} : routed{nullptr, found.error().code, {}};
}

std::string operation(std::string_view path, verb v = verb::get) {
  const auto found = find(path).found;
  return found != nullptr && found->at(v) != nullptr ? found->at(v)->operation : "";
}

} // namespace router_tests

BOOST_AUTO_TEST_SUITE(router_tests)

BOOST_AUTO_TEST_CASE(a_path_finds_its_route_and_parameters) {
  BOOST_TEST(operation("/") == "GET /");
  BOOST_TEST(operation("/things/7") == "GET /things/{id}");
  BOOST_TEST(find("/things/7/parts/left%20arm").params
               == (std::vector<std::string>{"7", "left arm"}),
             boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(literal_segments_win_over_parameters) {
  BOOST_TEST(operation("/things/latest") == "GET /things/latest");
  BOOST_TEST(operation("/things/latest/parts/1") == "GET /things/{thingId}/parts/{part}");
}

BOOST_AUTO_TEST_CASE(another_path_is_not_found) {
  for (const auto path : {"/thing", "/things/", "/things/7/", "//things", "/things//parts/1",
                          "/Things/7", "/%74hings/7", "/things/7/parts", "/a/b/c/d/e/f"})
    BOOST_TEST((find(path).refusal == errc::not_found), path);
  std::string deep;
  for (int i = 0; i < 100; ++i)
    deep += "/x";
  BOOST_TEST((find(deep).refusal == errc::not_found));
}

BOOST_AUTO_TEST_CASE(a_path_that_can_be_read_in_two_ways_is_malformed) {
  for (const auto path :
       {"/things/%", "/things/%2", "/things/%zz", "/things/a%2fb", "/things/a%2Fb", "/things/%00",
        "/things/.", "/things/..", "/things/%2e%2e", "/things/%2e", "/things/../things/7",
        "/things/%ff", "/things/%c0%af", "/things/%ed%a0%80", "/%zz"})
    BOOST_TEST((find(path).refusal == errc::malformed), path);
}

BOOST_AUTO_TEST_CASE(a_parameter_may_be_any_utf8) {
  BOOST_TEST(find("/things/%C3%A4+%E2%82%AC%F0%9F%98%80...").params.at(0)
             == "\xc3\xa4+\xe2\x82\xac\xf0\x9f\x98\x80...");
}

BOOST_AUTO_TEST_CASE(head_is_answered_by_get_unless_it_has_a_route) {
  BOOST_TEST(operation("/things/7", verb::head) == "GET /things/{id}");
  BOOST_TEST(operation("/both", verb::head) == "HEAD /both");
}

BOOST_AUTO_TEST_CASE(a_resource_says_what_it_allows) {
  BOOST_TEST(find("/things/7").found->allow == "GET, HEAD, PATCH, OPTIONS");
  BOOST_TEST(find("/things").found->allow == "POST, OPTIONS");
  BOOST_TEST((find("/things").found->at(verb::get) == nullptr));
}

BOOST_AUTO_TEST_CASE(two_routes_of_one_path_are_a_bug) {
  BOOST_CHECK_THROW(router({at(verb::get, "/a/{x}"), at(verb::get, "/a/{y}")}), broken_invariant);
  BOOST_CHECK_THROW(router({at(verb::get, "a")}), broken_invariant);
}

BOOST_AUTO_TEST_CASE(a_query_is_decoded_in_order) {
  const auto query = parse_query("b=1&a=%C3%A4+%26&b=&c");
  BOOST_REQUIRE(query.has_value());
  BOOST_TEST(query->size() == 4u);
  BOOST_TEST((query->at(0) == std::pair<std::string, std::string>("b", "1")));
  BOOST_TEST((query->at(1) == std::pair<std::string, std::string>("a", "\xc3\xa4+&")));
  BOOST_TEST((query->at(2) == std::pair<std::string, std::string>("b", "")));
  BOOST_TEST((query->at(3) == std::pair<std::string, std::string>("c", "")));
  BOOST_TEST(parse_query("")->empty());
}

BOOST_AUTO_TEST_CASE(a_query_that_cannot_be_decoded_names_its_parameter) {
  for (const auto text : {"ok=1&bad=%", "bad=%f", "bad=%00", "bad=%ff", "bad=%C3"}) {
    const auto query = parse_query(text);
    BOOST_REQUIRE(!query.has_value());
    BOOST_TEST((query.error().code == errc::malformed));
    BOOST_TEST(query.error().where == "bad");
  }
  for (const auto text : {"=1", "a=1&&b=2", "&"})
    BOOST_TEST(!parse_query(text).has_value(), text);
}

BOOST_AUTO_TEST_CASE(a_query_has_at_most_64_parameters) {
  std::string text = "a=1";
  for (int i = 1; i < 64; ++i)
    text += "&a=1";
  BOOST_TEST(parse_query(text).has_value());
  BOOST_TEST(!parse_query(text + "&a=1").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

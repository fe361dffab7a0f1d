// SPDX-License-Identifier: Apache-2.0
#include "gateway/http.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json.hpp>

#include <set>

using namespace dossier;

namespace problem_tests {

std::string field_of(const response& r, std::string_view name) {
  for (const auto& [have, value] : r.fields)
    if (have == name)
      return value;
  return "";
}

std::vector<errc> all_codes() {
  std::vector<errc> out;
  for (int i = 0; i < 256; ++i)
    if (to_string(static_cast<errc>(i)) != "unknown")
      out.push_back(static_cast<errc>(i));
  return out;
}

} // namespace problem_tests

BOOST_AUTO_TEST_SUITE(problem_tests)

BOOST_AUTO_TEST_CASE(a_problem_names_its_type_its_reason_and_its_request) {
  const auto r = problem(fail(errc::not_found, "no document d1", "/id"), "r-1");
  const auto body = nlohmann::json::parse(r.body);
  BOOST_TEST(r.status == 404u);
  BOOST_TEST(field_of(r, "Content-Type") == "application/problem+json");
  BOOST_TEST(body["type"] == "/problems/not-found");
  BOOST_TEST(body["title"] == "Not found");
  BOOST_TEST(body["status"] == 404);
  BOOST_TEST(body["detail"] == "no document d1");
  BOOST_TEST(body["instance"] == "urn:request:r-1");
  BOOST_TEST(body["pointer"] == "/id");
}

BOOST_AUTO_TEST_CASE(a_problem_that_points_nowhere_has_no_pointer) {
  const auto body = nlohmann::json::parse(problem(fail(errc::conflict, "no"), "r").body);
  BOOST_TEST(!body.contains("pointer"));
}

BOOST_AUTO_TEST_CASE(every_code_has_an_error_status_and_a_body_that_agrees) {
  BOOST_TEST(all_codes().size() >= 27u);
  for (const auto code : all_codes()) {
    const auto r = problem(fail(code, "because"), "r");
    BOOST_TEST_CONTEXT(to_string(code)) {
      BOOST_TEST(r.status >= 400u);
      BOOST_TEST(r.status < 600u);
      BOOST_TEST(nlohmann::json::parse(r.body)["status"] == r.status);
      BOOST_TEST(r.status == status_of(code));
    }
  }
}

BOOST_AUTO_TEST_CASE(only_damage_and_bugs_are_internal_errors) {
  std::set<errc> internal;
  for (const auto code : all_codes())
    if (status_of(code) == 500)
      internal.insert(code);
  BOOST_TEST((internal == std::set<errc>{errc::corrupt, errc::internal}));
}

BOOST_AUTO_TEST_CASE(what_passes_later_says_when_to_come_back) {
  for (const auto code : {errc::busy, errc::unavailable, errc::quarantined}) {
    const auto r = problem(fail(code, "later"), "r", 7);
    BOOST_TEST(r.status == 503u);
    BOOST_TEST(field_of(r, "Retry-After") == "7");
  }
  BOOST_TEST(field_of(problem(fail(errc::gone, "never"), "r", 7), "Retry-After") == "");
}

BOOST_AUTO_TEST_CASE(a_missing_key_is_challenged) {
  BOOST_TEST(field_of(problem(fail(errc::unauthenticated, "no key"), "r"), "WWW-Authenticate")
             == "Bearer");
}

BOOST_AUTO_TEST_CASE(a_detail_that_is_not_utf8_still_makes_json) {
  const auto r = problem(fail(errc::malformed, "cannot read '\xff\xfe\"\n'"), "r");
  BOOST_TEST(nlohmann::json::accept(r.body));
}

BOOST_AUTO_TEST_CASE(a_principal_sees_its_own_customers_only) {
  principal p;
  BOOST_TEST(!p.may_see("a"));
  p.customers = {"a"};
  BOOST_TEST(!p.may_see("a"));
  p.role = principal::role_type::customer;
  BOOST_TEST(p.may_see("a"));
  BOOST_TEST(!p.may_see("b"));
  p.role = principal::role_type::admin;
  BOOST_TEST(p.may_see("b"));
}

BOOST_AUTO_TEST_CASE(a_field_is_found_in_any_case) {
  request r;
  r.fields = {{"If-Match", "\"1\""}};
  BOOST_TEST(r.field("if-match") == "\"1\"");
  BOOST_TEST(r.field("IF-MATCH") == "\"1\"");
  BOOST_TEST(r.field("If-None-Match") == "");
}

BOOST_AUTO_TEST_SUITE_END()

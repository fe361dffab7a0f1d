// SPDX-License-Identifier: Apache-2.0
// What makes two requests the same, and what keeps the second out while the first is on its way.
#include "gateway/idempotency.hpp"

#include <boost/test/unit_test.hpp>

#include <set>
#include <string>

using namespace dossier;

namespace idempotency_tests {

struct asked {
  std::string key = "k1";
  std::string caller = "web";
  std::string operation = "createDocument";
  std::string scope = "acme";
  std::string body = "{}";
};

idempotency of(const asked& a) {
  request r;
  r.verb = verb::post;
  r.fields = {{"Idempotency-Key", a.key}};
  r.caller.name = a.caller;
  const auto made = idempotency_of(r, a.operation, a.scope, a.body);
  BOOST_REQUIRE(made && *made);
  return **made;
}

command_id id_of(std::uint8_t n) {
  command_id id;
  id.bytes[0] = n;
  return id;
}

} // namespace idempotency_tests

BOOST_AUTO_TEST_SUITE(idempotency_tests)

BOOST_AUTO_TEST_CASE(without_the_header_nothing_is_recognised) {
  const auto none = idempotency_of(request{}, "o", "s", "");
  BOOST_REQUIRE(none);
  BOOST_TEST(!none->has_value());
}

BOOST_AUTO_TEST_CASE(equal_requests_have_equal_ids) {
  BOOST_TEST((of({}).id == of({}).id));
  BOOST_TEST(of({}).id.is_set());
}

BOOST_AUTO_TEST_CASE(whoever_asks_for_something_else_has_another_id) {
  const std::set<command_id> ids{
    of({}).id,
    of({.key = "k2"}).id,
    of({.caller = "app"}).id,
    of({.operation = "confirmUpload"}).id,
    of({.scope = "umbrella"}).id,
    // The same letters, cut elsewhere.
    of({.key = "1", .caller = "webk"}).id,
    of({.caller = "", .scope = "acmeweb"}).id,
  };
  BOOST_TEST(ids.size() == 7u);
}

BOOST_AUTO_TEST_CASE(the_body_is_the_fingerprint_and_not_the_id) {
  const auto one = of({});
  const auto two = of({.body = "{ }"});
  BOOST_TEST((one.id == two.id));
  BOOST_TEST((one.fingerprint != two.fingerprint));
}

BOOST_AUTO_TEST_CASE(a_command_on_its_way_keeps_its_id) {
  commands_in_flight table{2};
  auto first = table.enter(id_of(1));
  BOOST_REQUIRE(first);
  BOOST_TEST((table.enter(id_of(1)).error().code == errc::conflict));
  auto copy = *first;
  first->reset();
  BOOST_TEST(!table.enter(id_of(1)).has_value());
  copy.reset();
  BOOST_TEST(table.enter(id_of(1)).has_value());
}

BOOST_AUTO_TEST_CASE(the_table_has_a_limit) {
  commands_in_flight table{2};
  auto first = table.enter(id_of(1));
  auto second = table.enter(id_of(2));
  BOOST_TEST((table.enter(id_of(3)).error().code == errc::busy));
  first->reset();
  BOOST_TEST(table.enter(id_of(3)).has_value());
}

BOOST_AUTO_TEST_SUITE_END()

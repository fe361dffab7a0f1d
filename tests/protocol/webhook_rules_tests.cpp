// SPDX-License-Identifier: Apache-2.0
// The promises of a webhook's life: each command in each phase, allowed and refused.
#include "actors/webhook/rules.hpp"

#include "tests/protocol/entity_life.hpp"

#include <boost/test/unit_test.hpp>

#include <string>
#include <vector>

namespace dossier::webhook {

using dossier::testing::some_id;
using dossier::testing::t0;

namespace webhook_rules {

const registration acme{
  "https://a.example/hook", "CustomerDocument*", "document/", "acme", true, "AAAA"};

struct life : dossier::testing::entity_life<state, policy, decode_event, decode_state> {
  void does(const command& c, const std::vector<event>& expected) {
    const auto decided = ask(c);
    BOOST_REQUIRE_MESSAGE(decided, decided.error().why);
    BOOST_TEST((*decided == expected), name_of(c) << " recorded something else");
  }
  void refuses(const command& c, errc code) {
    const auto decided = ask(c);
    BOOST_REQUIRE(!decided);
    BOOST_TEST(to_string(decided.error().code) == to_string(code));
    BOOST_TEST(decided.error().why.size() > 30);
  }
};

life pending_one() {
  life l;
  l.does(create{acme, true}, {created{acme, t0}});
  return l;
}
life active_one() {
  life l;
  l.does(create{acme, false}, {created{acme, std::nullopt}});
  return l;
}

} // namespace webhook_rules

BOOST_AUTO_TEST_SUITE(webhook_rules)

BOOST_AUTO_TEST_CASE(a_new_one_waits_for_its_handshake) {
  auto l = pending_one();
  BOOST_TEST((l.seen().status == status::pending));
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0, "handshake"}}));
  BOOST_TEST((projections_of(l.now) == std::vector<projection>{list_entry{"webhooks", t0}}));
  BOOST_TEST((l.seen().registration == acme));
}

BOOST_AUTO_TEST_CASE(a_destination_that_agrees_makes_it_active) {
  auto l = pending_one();
  l.does(settle_handshake{1, std::nullopt}, {verified{}});
  BOOST_TEST((l.seen().status == status::active));
  BOOST_TEST(timers_of(l.now).empty());
  l.does(settle_handshake{1, "late"}, {});
}

BOOST_AUTO_TEST_CASE(without_handshake_it_is_active_at_once) {
  BOOST_TEST((active_one().seen().status == status::active));
}

BOOST_AUTO_TEST_CASE(a_failed_handshake_is_repeated_later_and_later_and_then_no_more) {
  auto l = pending_one();
  l.rules
    = {.handshakes_max = 4, .handshake_wait_min = seconds{10}, .handshake_wait_max = seconds{25}};
  l.does(settle_handshake{1, "no"}, {handshake_failed{1, "no", t0 + seconds{10}}});
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0 + seconds{10}, "handshake"}}));
  l.does(settle_handshake{1, "twice"}, {});
  l.does(settle_handshake{2, "no"}, {handshake_failed{2, "no", t0 + seconds{20}}});
  l.does(settle_handshake{3, "no"}, {handshake_failed{3, "no", t0 + seconds{25}}});
  l.does(settle_handshake{4, "never"}, {handshake_failed{4, "never", std::nullopt}});
  BOOST_TEST((l.seen().status == status::unverified));
  BOOST_TEST(l.seen().trouble == "never");
  BOOST_TEST(timers_of(l.now).empty());
}

BOOST_AUTO_TEST_CASE(resuming_an_unverified_one_asks_again) {
  auto l = pending_one();
  l.rules.handshakes_max = 1;
  l.does(settle_handshake{1, "no"}, {handshake_failed{1, "no", std::nullopt}});
  l.at = t0 + seconds{5};
  l.does(resume{}, {resumed{l.at}});
  BOOST_TEST((l.seen().status == status::pending));
  BOOST_TEST(l.seen().handshakes == 0u);
  l.does(resume{}, {});
}

BOOST_AUTO_TEST_CASE(a_pause_holds_until_it_is_resumed) {
  auto l = active_one();
  l.does(pause{"their maintenance"}, {paused{"their maintenance"}});
  BOOST_TEST((l.seen().status == status::paused));
  BOOST_TEST(l.seen().trouble == "their maintenance");
  l.does(pause{"again"}, {});
  l.does(resume{}, {resumed{std::nullopt}});
  BOOST_TEST((l.seen().status == status::active));
  l.does(resume{}, {});
}

BOOST_AUTO_TEST_CASE(a_pause_does_not_get_round_the_handshake) {
  auto l = pending_one();
  l.does(pause{"wait"}, {paused{"wait"}});
  l.does(settle_handshake{1, std::nullopt}, {});
  l.does(resume{}, {resumed{t0}});
  BOOST_TEST((l.seen().status == status::pending));
}

BOOST_AUTO_TEST_CASE(a_pause_has_a_reason) {
  auto l = active_one();
  l.refuses(pause{""}, errc::invalid_argument);
  l.refuses(pause{std::string(201, 'x')}, errc::invalid_argument);
  l.refuses(pause{"\xff"}, errc::invalid_argument);
}

BOOST_AUTO_TEST_CASE(a_new_secret_leaves_the_old_one_for_a_while) {
  auto l = active_one();
  l.does(rotate_secret{}, {secret_rotated{2, t0 + seconds{86'400}}});
  BOOST_TEST(l.seen().generation == 2u);
  BOOST_TEST((l.seen().old_until == t0 + seconds{86'400}));
  l.does(rotate_secret{}, {secret_rotated{3, t0 + seconds{86'400}}});
  BOOST_TEST((l.seen().status == status::active));
}

BOOST_AUTO_TEST_CASE(a_removed_one_is_over) {
  auto l = active_one();
  l.does(remove{}, {removed{}});
  BOOST_TEST((l.seen().status == status::removed));
  BOOST_TEST(projections_of(l.now).empty());
  l.does(remove{}, {});
  l.does(settle_handshake{1, std::nullopt}, {});
  l.refuses(resume{}, errc::gone);
  l.refuses(pause{"x"}, errc::gone);
  l.refuses(rotate_secret{}, errc::gone);
  l.refuses(create{acme, true}, errc::gone);
}

BOOST_AUTO_TEST_CASE(what_never_was_cannot_be_told_anything) {
  life l;
  l.refuses(settle_handshake{1, std::nullopt}, errc::not_found);
  l.refuses(pause{"x"}, errc::not_found);
  l.refuses(resume{}, errc::not_found);
  l.refuses(rotate_secret{}, errc::not_found);
  l.refuses(remove{}, errc::not_found);
  l.does(fire_timer{"handshake", t0}, {});
  auto made = active_one();
  made.refuses(create{acme, true}, errc::conflict);
}

BOOST_AUTO_TEST_CASE(troubles_of_any_bytes_can_be_recorded) {
  auto l = pending_one();
  const auto decided = l.ask(settle_handshake{1, "\xff\xfe" + std::string(5'000, 'x')});
  BOOST_REQUIRE(decided);
  BOOST_TEST(l.seen().trouble.size() == 1'024u);
}

BOOST_AUTO_TEST_CASE(damaged_bytes_are_refused) {
  const auto row = encode_state(active_one().now);
  for (std::size_t cut = 0; cut < row.size(); ++cut)
    BOOST_TEST(!decode_state(row.substr(0, cut)));
  BOOST_TEST(!decode_state(row + " "));
  for (const auto* data :
       {"", "[]", "{}", R"({"attempt":1})", R"({"attempt":-1,"why":""})",
        R"({"attempt":1,"why":"","more":1})", R"({"attempt":1,"why":"","due":"x"})"})
    BOOST_TEST(!decode_event("WebhookHandshakeFailedEvent", 1, data), data);
  BOOST_TEST(!decode_event("WebhookRemovedEvent", 2, "{}"));
  BOOST_TEST(!decode_event("WebhookOtherEvent", 1, "{}"));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::webhook

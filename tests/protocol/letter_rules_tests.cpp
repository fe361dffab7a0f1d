// SPDX-License-Identifier: Apache-2.0
// The promises of a letter's life: each command in each phase, allowed and refused.
#include "actors/letter/rules.hpp"

#include "tests/protocol/entity_life.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>
#include <vector>

namespace dossier::letter {

using dossier::testing::some_id;
using dossier::testing::t0;

namespace letter_rules_tests {

const trouble away{errc::unavailable, "the store is away", ""};
const trouble wrong{errc::invalid_argument, "the expiry is no date-time", "/expiryDate"};

receive receiving(bool is_transient) {
  return {{channel::commands, "commands", 1, 2, t0},
          {"acme", {{"ce_id", "7"}}, "{}"},
          "T",
          "document/x",
          is_transient ? away : wrong,
          is_transient};
}

const origin from{channel::commands, "commands", 1, 2, t0};

received arrived(const trouble& why) {
  return {from, {"acme", {{"ce_id", "7"}}, "{}"}, "T", "document/x",
          why,  fingerprint_of(from, "T", why)};
}
retry_scheduled again(std::uint32_t attempt, milliseconds wait) {
  return {attempt, t0 + wait, away};
}
dead_lettered died(std::uint32_t attempts, const trouble& why) {
  return {attempts, why, fingerprint_of(from, "T", why)};
}

struct life : dossier::testing::entity_life<state, policy, decode_event, decode_state> {
  void then(const command& c, const std::vector<event>& expected) {
    const auto decided = ask(c);
    BOOST_REQUIRE_MESSAGE(decided, decided.error().why);
    std::string recorded;
    for (const auto& e : *decided)
      recorded += "\n" + std::string(encode(e).type) + encode(e).data;
    BOOST_TEST((*decided == expected), "recorded:" << recorded);
  }
  void refused(const command& c, errc code) {
    const auto decided = ask(c);
    BOOST_REQUIRE(!decided);
    BOOST_TEST(to_string(decided.error().code) == to_string(code));
    BOOST_TEST(decided.error().why.size() > 30u);
  }
};

life retrying_life() {
  life l;
  BOOST_REQUIRE(l.ask(receiving(true)));
  return l;
}

life dead_life() {
  life l;
  BOOST_REQUIRE(l.ask(receiving(false)));
  return l;
}

} // namespace letter_rules_tests

BOOST_AUTO_TEST_SUITE(letter_rules_tests)

BOOST_AUTO_TEST_CASE(what_may_succeed_later_is_tried_again_after_a_second) {
  life l;
  l.then(receiving(true), {arrived(away), again(2, milliseconds{1'000})});
  const auto v = l.seen();
  BOOST_TEST((v.status == status::retrying));
  BOOST_TEST(v.attempts == 1u);
  BOOST_TEST((v.due == t0 + seconds{1}));
  BOOST_TEST((v.received_at == t0));
  BOOST_TEST((timers_of(l.now) == std::vector{timer{t0 + seconds{1}, "retry"}}));
  BOOST_TEST(
    (projections_of(l.now) == std::vector<projection>{list_entry{"letters-retrying", t0}}));
}

BOOST_AUTO_TEST_CASE(what_can_never_succeed_is_dead_at_once) {
  life l;
  l.then(receiving(false), {arrived(wrong), died(1, wrong)});
  BOOST_TEST((l.seen().status == status::dead));
  BOOST_TEST(l.seen().attempts == 1u);
  BOOST_TEST(!l.seen().due.has_value());
  BOOST_TEST(timers_of(l.now).empty());
  BOOST_TEST((projections_of(l.now) == std::vector<projection>{list_entry{"letters-dead", t0}}));
}

BOOST_AUTO_TEST_CASE(a_letter_is_received_once) {
  for (auto l : {retrying_life(), dead_life()}) {
    l.refused(receiving(true), errc::conflict);
    l.refused(receiving(false), errc::conflict);
  }
}

BOOST_AUTO_TEST_CASE(the_waits_double_and_then_it_is_dead) {
  auto l = retrying_life();
  for (std::uint32_t attempt = 2; attempt <= 5; ++attempt)
    l.then(settle{attempt, away, true},
           {again(attempt + 1, milliseconds{1'000} * (1 << (attempt - 1)))});
  l.then(settle{6, away, true}, {died(6, away)});
  BOOST_TEST(l.seen().attempts == 6u);
  BOOST_TEST((l.seen().received_at == t0));
}

BOOST_AUTO_TEST_CASE(without_retries_the_first_failure_is_the_last) {
  life l;
  l.rules.retries_max = 0;
  l.then(receiving(true), {arrived(away), died(1, away)});
}

BOOST_AUTO_TEST_CASE(waits_are_bounded_and_longer_by_chance_only_up_to_the_share) {
  const policy p;
  constexpr auto all_dice = std::numeric_limits<std::uint32_t>::max();
  BOOST_TEST(wait_after(p, 1, 0).count() == 1'000);
  BOOST_TEST(wait_after(p, 1, all_dice).count() == 1'100);
  BOOST_TEST(wait_after(p, 5, 0).count() == 16'000);
  BOOST_TEST(wait_after(p, 6, 0).count() == 16'000);
  BOOST_TEST(wait_after(p, all_dice, all_dice).count() == 17'600);
  BOOST_TEST(wait_after(p, 0, 0).count() == 1'000);
  const policy widest{std::int64_t{1} << 31, std::int64_t{1} << 31, 5, 100};
  BOOST_TEST(wait_after(widest, all_dice, all_dice).count() == std::int64_t{1} << 32);
  BOOST_TEST(wait_after(policy{1, 1, 5, 0}, 9, all_dice).count() == 1);
}

BOOST_AUTO_TEST_CASE(an_attempt_settles_it) {
  auto l = retrying_life();
  l.then(settle{2, {}, false}, {settled{2}});
  BOOST_TEST((l.seen().status == status::settled));
  BOOST_TEST(l.seen().attempts == 2u);
  BOOST_TEST(timers_of(l.now).empty());
  BOOST_TEST(projections_of(l.now).empty());
  // Told twice, and what was told too late.
  l.then(settle{2, {}, false}, {});
  l.then(settle{2, away, true}, {});
  l.refused(redrive{}, errc::conflict);
  l.refused(discard{}, errc::conflict);
  l.refused(receiving(true), errc::conflict);
}

BOOST_AUTO_TEST_CASE(only_the_present_attempt_counts) {
  auto l = retrying_life();
  l.then(settle{1, {}, false}, {});
  l.then(settle{3, wrong, false}, {});
  l.then(settle{2, away, true}, {again(3, milliseconds{2'000})});
  l.then(settle{2, away, true}, {});
}

BOOST_AUTO_TEST_CASE(an_attempt_that_can_never_succeed_ends_the_retries) {
  auto l = retrying_life();
  l.then(settle{2, wrong, false}, {died(2, wrong)});
  BOOST_TEST((l.seen().first == away));
  BOOST_TEST((l.seen().last == wrong));
  BOOST_TEST(l.seen().fingerprint == fingerprint_of(from, "T", wrong));
  l.then(settle{2, wrong, false}, {});
}

BOOST_AUTO_TEST_CASE(a_redriven_letter_is_due_now_and_counts_anew) {
  auto l = dead_life();
  l.at = t0 + seconds{60};
  l.then(redrive{}, {redriven{{}, l.at}});
  auto v = l.seen();
  BOOST_TEST((v.status == status::retrying));
  BOOST_TEST(v.attempts == 0u);
  BOOST_TEST(v.redrives == 1u);
  BOOST_TEST((v.due == l.at));
  BOOST_TEST(v.message.value == "{}");
  BOOST_TEST((v.received_at == t0));
  l.then(settle{1, away, true}, {retry_scheduled{2, l.at + milliseconds{1'000}, away}});
  for (std::uint32_t attempt = 2; attempt <= 5; ++attempt)
    BOOST_REQUIRE(l.ask(settle{attempt, away, true}));
  l.then(settle{6, away, true}, {died(6, away)});
  l.refused(receiving(true), errc::conflict);
}

BOOST_AUTO_TEST_CASE(a_redrive_may_bring_another_value) {
  auto l = dead_life();
  l.then(redrive{"{\"a\":1}"}, {redriven{"{\"a\":1}", t0}});
  BOOST_TEST(l.seen().message.value == "{\"a\":1}");
  BOOST_TEST((l.seen().message.key == "acme"));
}

BOOST_AUTO_TEST_CASE(what_is_being_retried_is_neither_redriven_nor_discarded) {
  auto l = retrying_life();
  l.refused(redrive{}, errc::conflict);
  l.refused(discard{}, errc::conflict);
}

BOOST_AUTO_TEST_CASE(a_discarded_letter_is_over) {
  auto l = dead_life();
  l.then(discard{}, {discarded{}});
  BOOST_TEST((l.seen().status == status::discarded));
  BOOST_TEST(projections_of(l.now).empty());
  l.then(discard{}, {});
  l.refused(redrive{}, errc::conflict);
  l.then(settle{1, {}, false}, {});
}

BOOST_AUTO_TEST_CASE(of_what_never_was_nothing_can_be_asked) {
  life l;
  l.refused(settle{1, {}, false}, errc::not_found);
  l.refused(redrive{}, errc::not_found);
  l.refused(discard{}, errc::not_found);
  l.then(fire_timer{"retry", t0}, {});
}

BOOST_AUTO_TEST_CASE(a_timer_alone_changes_nothing) {
  auto over = dead_life();
  BOOST_REQUIRE(over.ask(discard{}));
  for (auto l : {retrying_life(), dead_life(), over}) {
    l.at = t0 + seconds{10};
    l.then(fire_timer{"retry", t0 + seconds{1}}, {});
    l.then(fire_timer{"other", t0}, {});
  }
}

BOOST_AUTO_TEST_CASE(texts_from_outside_are_made_plain) {
  auto c = receiving(false);
  c.type = "T\xff"
           "x";
  c.why.why = std::string(text_bytes_max - 1, 'a') + "\u00e9 and more";
  c.subject = std::string(5'000'000, '\xff');
  life l;
  BOOST_REQUIRE(l.ask(c));
  BOOST_TEST(l.seen().type == "T?x");
  BOOST_TEST(l.seen().last.why == std::string(text_bytes_max - 1, 'a') + "?");
  BOOST_TEST(l.seen().subject == std::string(text_bytes_max, '?'));
}

BOOST_AUTO_TEST_CASE(a_damaged_row_is_corrupt_and_never_read_as_another) {
  for (auto l : {life{}, retrying_life(), dead_life()}) {
    const auto row = encode_state(l.now);
    for (std::size_t size = 0; size < row.size(); ++size)
      BOOST_TEST(!decode_state(row.substr(0, size)).has_value());
    BOOST_TEST(!decode_state(row + '\0').has_value());
  }
  BOOST_TEST(!decode_state("\x09").has_value());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::letter

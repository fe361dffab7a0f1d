// SPDX-License-Identifier: Apache-2.0
// What every journal promises of writing: versions, groups, events, states and answers.
#include "tests/persistence/journal_contract.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <tuple>

using namespace dossier;
using namespace dossier::samples;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(journal_contract_tests)

// Events, versions and groups.

BOOST_AUTO_TEST_CASE_TEMPLATE(an_entity_that_never_was_reads_as_nothing, Store, stores) {
  given<Store> g;
  for (const auto& entity :
       {entity_in(1, 1), entity_in(shard_count, 1), entity_in(UINT16_MAX, 1)}) {
    BOOST_TEST(g.events(entity).empty());
    BOOST_TEST(!g.store.read_state(entity).value().has_value());
    BOOST_TEST(g.timers(entity.shard()).empty());
    BOOST_TEST(g.feed(entity.shard()).empty());
    BOOST_TEST(!g.store.find_answer(entity.shard(), command(1), noon).value().has_value());
    BOOST_TEST(g.entities(entity.shard()).empty());
  }
  BOOST_TEST(g.listings("acme").empty());
  BOOST_TEST(!g.store.is_referenced("acme", digest_of_all(1)).value());
  BOOST_TEST(g.store.read_outbox_depth().rows == 0u);
  BOOST_TEST(g.store.shard_count() == shard_count);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(events_are_read_back_in_order_across_batches, Store, stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  g.accept(batch_of(entity, 0, {"a", std::string("b\0b", 3)}));
  g.accept(batch_of(entity, 2, {"c"}));
  BOOST_TEST((g.events(entity) == std::vector<std::string>{"a", std::string("b\0b", 3), "c"}));
  BOOST_TEST((g.events(entity, 2) == std::vector<std::string>{std::string("b\0b", 3), "c"}));
  BOOST_TEST((g.events(entity, 2, 1) == std::vector<std::string>{std::string("b\0b", 3)}));
  BOOST_TEST(g.events(entity, 4).empty());
  BOOST_TEST(g.events(entity, 1, 0).empty());
  BOOST_TEST(g.store.read_event(entity, 3).value().value() == "c");
  BOOST_TEST(!g.store.read_event(entity, 4).value().has_value());
  BOOST_TEST(!g.store.read_event(entity_in(1, 2), 1).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(histories_of_neighbours_do_not_mix, Store, stores) {
  given<Store> g;
  for (std::uint64_t n = 0; n < 3; ++n)
    g.accept(batch_of(entity_in(1, n), 0, {"of " + std::to_string(n)}));
  BOOST_TEST(g.events(entity_in(1, 1)) == (std::vector<std::string>{"of 1"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_for_another_version_is_refused, Store, stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  g.refuse(batch_of(entity, 1), errc::conflict);
  g.accept(batch_of(entity, 0, {"a", "b"}));
  for (const std::uint64_t version : {0, 1, 3, 4})
    g.refuse(batch_of(entity, version, {"x"}), errc::conflict);
  BOOST_TEST(g.events(entity) == (std::vector<std::string>{"a", "b"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_without_events_is_checked_for_its_version_too, Store,
                              stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  g.accept(batch_of(entity, 0, {"a"}));
  auto late = batch_of(entity, 0, {});
  late.timers_set = {{noon, "expiry"}};
  g.refuse(late, errc::conflict);
  BOOST_TEST(g.timers(1).empty());
  late.expected_version = 1;
  g.accept(late);
  BOOST_TEST(g.timers(1).size() == 1u);
  BOOST_TEST(g.feed(1).size() == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(an_empty_group_is_written_and_changes_nothing, Store, stores) {
  given<Store> g;
  BOOST_TEST(g.write({}).empty());
  BOOST_TEST(g.store.read_outbox_depth().rows == 0u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(refused_batches_leave_the_others_of_their_group_untouched, Store,
                              stores) {
  given<Store> g;
  const auto outcomes
    = g.write({batch_of(entity_in(1, 1), 0), batch_of(entity_in(1, 2), 7),
               batch_of(entity_in(2, 3), 0), batch_of(entity_in(shard_count, 1), 0)});
  BOOST_REQUIRE(outcomes.size() == 4u);
  BOOST_TEST(outcomes[0].has_value());
  BOOST_TEST((outcomes[1].error().code == errc::conflict));
  BOOST_TEST(outcomes[2].has_value());
  BOOST_TEST((outcomes[3].error().code == errc::internal));
  BOOST_TEST(g.events(entity_in(1, 1)).size() == 1u);
  BOOST_TEST(g.events(entity_in(1, 2)).empty());
  BOOST_TEST(g.events(entity_in(2, 3)).size() == 1u);
  BOOST_TEST(g.store.read_outbox_depth().rows == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(of_one_entity_a_group_takes_the_first_good_batch_only, Store,
                              stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  const auto outcomes = g.write({batch_of(entity, 5, {"bad"}), batch_of(entity, 0, {"first"}),
                                 batch_of(entity, 0, {"same"}), batch_of(entity, 1, {"next"})});
  BOOST_TEST((outcomes[0].error().code == errc::conflict));
  BOOST_TEST(outcomes[1].has_value());
  BOOST_TEST((outcomes[2].error().code == errc::conflict));
  BOOST_TEST((outcomes[3].error().code == errc::conflict));
  BOOST_TEST(g.events(entity) == (std::vector<std::string>{"first"}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_batch_is_stored_whole_or_not_at_all, Store, stores) {
  given<Store> g;
  const auto entity = entity_of("acme", 1);
  auto b = batch_of(entity, 0, {"a", "b"});
  b.state = state_row{2, 3, "state"};
  b.timers_set = {{noon, "expiry"}};
  b.projections_put = {customer_listing{"acme", noon}, content_reference{"acme", digest_of_all(1)}};
  b.answer = answer_to(1, noon);
  const auto rows_seen = [&] {
    return g.events(entity).size() + g.feed(entity.shard()).size() + g.timers(entity.shard()).size()
           + g.listings("acme").size() + (g.store.read_state(entity).value() ? 1u : 0u)
           + (g.store.is_referenced("acme", digest_of_all(1)).value() ? 1u : 0u)
           + (g.store.find_answer(entity.shard(), command(1), noon).value() ? 1u : 0u);
  };
  b.expected_version = 1;
  g.refuse(b, errc::conflict);
  BOOST_TEST(rows_seen() == 0u);
  b.expected_version = 0;
  g.accept(b);
  BOOST_TEST(rows_seen() == 9u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(large_events_states_and_answers_are_kept, Store, stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  auto b = batch_of(entity, 0, {std::string(6u << 20, 'e'), ""});
  b.state = state_row{2, 1, std::string(3u << 20, 's')};
  b.answer = answer_to(1, noon, std::string(2u << 20, 'a'));
  g.accept(b);
  BOOST_TEST((g.events(entity) == b.events));
  BOOST_TEST((g.store.read_state(entity).value()->bytes == b.state->bytes));
  BOOST_TEST((g.store.find_answer(1, command(1), noon).value()->bytes == b.answer->bytes));
}

// State rows.

BOOST_AUTO_TEST_CASE_TEMPLATE(a_state_row_is_replaced_by_the_next_and_kept_without_one, Store,
                              stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  auto b = batch_of(entity, 0);
  b.state = state_row{1, 255, std::string("\0s", 2)};
  g.accept(b);
  g.accept(batch_of(entity, 1));
  const auto first = g.store.read_state(entity).value();
  BOOST_REQUIRE(first.has_value());
  BOOST_TEST(first->version == 1u);
  BOOST_TEST(first->format == 255);
  BOOST_TEST((first->bytes == std::string("\0s", 2)));
  b = batch_of(entity, 2);
  b.state = state_row{3, 2, ""};
  g.accept(b);
  const auto second = g.store.read_state(entity).value();
  BOOST_TEST(second->version == 3u);
  BOOST_TEST(second->format == 2);
  BOOST_TEST(second->bytes.empty());
}

// Answers.

BOOST_AUTO_TEST_CASE_TEMPLATE(an_answer_is_found_in_its_shard_until_its_expiry, Store, stores) {
  given<Store> g;
  auto b = batch_of(entity_in(1, 1), 0);
  b.answer = answer_to(1, noon + 10s);
  g.accept(b);
  const auto found = g.store.find_answer(1, command(1), noon + 10s).value();
  BOOST_REQUIRE(found.has_value());
  BOOST_TEST((found->id == b.answer->id));
  BOOST_TEST((found->fingerprint == b.answer->fingerprint));
  BOOST_TEST((found->expires_at == b.answer->expires_at));
  BOOST_TEST(found->bytes == "answer");
  BOOST_TEST(!g.store.find_answer(1, command(1), noon + 10s + 1ms).value().has_value());
  BOOST_TEST(!g.store.find_answer(2, command(1), noon).value().has_value());
  BOOST_TEST(!g.store.find_answer(1, command(2), noon).value().has_value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_command_id_has_its_effect_once_until_its_answer_expires, Store,
                              stores) {
  given<Store> g;
  auto first = batch_of(entity_in(1, 1), 0);
  first.answer = answer_to(1, noon + 10s, "first");
  auto again = batch_of(entity_in(1, 2), 0);
  again.answer = answer_to(1, noon + 60s, "again");
  g.accept(first);
  g.refuse(again, errc::conflict, noon + 10s);
  BOOST_TEST(g.events(entity_in(1, 2)).empty());
  g.accept(again, noon + 10s + 1ms);
  BOOST_TEST(g.store.find_answer(1, command(1), noon + 11s).value()->bytes == "again");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_command_id_has_its_effect_once_within_a_group_too, Store, stores) {
  given<Store> g;
  std::vector<batch> group{batch_of(entity_in(1, 1), 9), batch_of(entity_in(1, 2), 0),
                           batch_of(entity_in(1, 3), 0), batch_of(entity_in(2, 4), 0)};
  for (auto& b : group)
    b.answer = answer_to(1, noon + 10s);
  const auto outcomes = g.write(group);
  BOOST_TEST(!outcomes[0]); // Its version is wrong, so it does not use the id up.
  BOOST_TEST(outcomes[1].has_value());
  BOOST_TEST((outcomes[2].error().code == errc::conflict));
  BOOST_TEST(outcomes[3].has_value()); // Another shard is another name space.
}

BOOST_AUTO_TEST_SUITE_END()

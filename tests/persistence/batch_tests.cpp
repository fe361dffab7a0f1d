// SPDX-License-Identifier: Apache-2.0
// What no journal may store is refused before it is looked at.
#include "persistence/batch.hpp"

#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::samples;

namespace batch_tests {

errc refusal_of(const batch& b) {
  const auto checked = check_batch(b, shard_count);
  BOOST_REQUIRE(checked.has_error());
  return checked.error().code;
}

} // namespace batch_tests

BOOST_AUTO_TEST_SUITE(batch_tests)

BOOST_AUTO_TEST_CASE(a_whole_decision_is_accepted) {
  auto b = batch_of(entity_of("acme", 1), 3, {"a", "b"});
  b.state = state_row{5, 1, "state"};
  b.timers_set = {{noon, "expiry"}, {noon, std::string(32, 'a')}};
  b.timers_erased = {{noon, "expiring:60"}};
  b.projections_put = {customer_listing{"acme", noon}, content_reference{"acme", digest_of_all(1)}};
  b.projections_erased = b.projections_put;
  b.answer = answer_to(1, noon);
  BOOST_TEST(check_batch(b, shard_count).has_value());
}

BOOST_AUTO_TEST_CASE(an_entity_of_a_shard_that_does_not_exist_is_a_bug) {
  BOOST_TEST((refusal_of(batch_of(entity_in(shard_count, 1), 0)) == errc::internal));
}

BOOST_AUTO_TEST_CASE(a_state_row_ahead_of_its_events_is_a_bug) {
  auto b = batch_of(entity_in(1, 1), 3, {"a", "b"});
  b.state = state_row{6, 1, "state"};
  BOOST_TEST((refusal_of(b) == errc::internal));
}

BOOST_AUTO_TEST_CASE(a_timer_name_that_no_key_can_hold_is_a_bug) {
  for (const auto& name :
       {std::string{}, std::string(33, 'a'), std::string("a\0b", 3), std::string{"A"}}) {
    auto setting = batch_of(entity_in(1, 1), 0);
    setting.timers_set = {{noon, name}};
    BOOST_TEST((refusal_of(setting) == errc::internal), name);
    auto erasing = batch_of(entity_in(1, 1), 0);
    erasing.timers_erased = {{noon, name}};
    BOOST_TEST((refusal_of(erasing) == errc::internal), name);
  }
}

BOOST_AUTO_TEST_CASE(a_row_that_its_customer_would_not_find_is_a_bug) {
  const auto elsewhere
    = static_cast<shard_number>((shard_of("acme", shard_count) + 1) % shard_count);
  auto b = batch_of(entity_in(elsewhere, 1), 0);
  b.projections_put = {customer_listing{"acme", noon}};
  BOOST_TEST((refusal_of(b) == errc::internal));
  b.projections_erased.swap(b.projections_put);
  BOOST_TEST((refusal_of(b) == errc::internal));
  auto unnamed = batch_of(entity_in(1, 1), 0);
  unnamed.projections_put = {content_reference{std::string("a\0b", 3), digest_of_all(1)}};
  BOOST_TEST((refusal_of(unnamed) == errc::internal));
}

BOOST_AUTO_TEST_CASE(an_answer_without_a_command_id_is_a_bug) {
  auto b = batch_of(entity_in(1, 1), 0);
  b.answer = stored_answer{};
  BOOST_TEST((refusal_of(b) == errc::internal));
}

BOOST_AUTO_TEST_CASE(a_batch_above_the_limit_is_too_large) {
  auto b = batch_of(entity_in(1, 1), 0, {});
  b.events.assign(2, std::string(batch_bytes_max / 2, 'x'));
  BOOST_TEST((refusal_of(b) == errc::too_large));
}

BOOST_AUTO_TEST_CASE(the_size_of_a_batch_counts_all_that_is_written) {
  const auto empty = bytes_of(batch_of(entity_in(1, 1), 0, {}));
  auto b = batch_of(entity_in(1, 1), 0, {std::string(1000, 'e')});
  BOOST_TEST(bytes_of(b) >= empty + 1000);
  const auto with_event = bytes_of(b);
  b.state = state_row{1, 1, std::string(500, 's')};
  b.answer = answer_to(1, noon, std::string(300, 'a'));
  BOOST_TEST(bytes_of(b) >= with_event + 800);
  const auto with_answer = bytes_of(b);
  b.timers_set = {{noon, "a"}};
  BOOST_TEST(bytes_of(b) > with_answer);
}

BOOST_AUTO_TEST_SUITE_END()

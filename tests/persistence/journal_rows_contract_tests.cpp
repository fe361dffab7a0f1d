// SPDX-License-Identifier: Apache-2.0
// What every journal promises of the rows that follow from decisions: timers, feed, projections.
#include "tests/persistence/journal_contract.hpp"

#include <algorithm>
#include <chrono>

using namespace dossier;
using namespace dossier::samples;
using namespace std::chrono_literals;

namespace journal_rows_contract_tests {

std::vector<timer_cursor> places_of(const std::vector<timer_row>& rows) {
  std::vector<timer_cursor> places;
  for (const auto& row : rows)
    places.push_back({row.timer.due, row.entity, row.timer.name});
  return places;
}

/// Sets these timers, each in a batch of its entity.
template <class Given>
void set_timers(Given& g, const std::vector<timer_cursor>& places) {
  for (const auto& place : places) {
    auto b = batch_of(place.entity, g.events(place.entity).size());
    b.timers_set = {{place.due, place.name}};
    g.accept(b);
  }
}

} // namespace journal_rows_contract_tests

BOOST_AUTO_TEST_SUITE(journal_rows_contract_tests)

// Timers.

BOOST_AUTO_TEST_CASE_TEMPLATE(timers_come_by_due_time_then_entity_then_name, Store, stores) {
  given<Store> g;
  const auto low = entity_in(1, 1);
  const auto high = entity_in(1, 2);
  const auto year_9999 = from_ms(253'402'300'799'999);
  const std::vector<timer_cursor> in_order{{from_ms(0), high, "a"},
                                           {from_ms(1), high, std::string(32, 'a')},
                                           {noon, low, "a"},
                                           {noon, low, "aa"},
                                           {noon, low, "b"},
                                           {noon, high, "a"},
                                           {noon + 1ms, low, "a"},
                                           {year_9999, low, std::string(32, 'z')},
                                           {timestamp::max(), low, "z"}};
  auto shuffled = in_order;
  std::ranges::reverse(shuffled);
  std::swap(shuffled[1], shuffled[5]);
  set_timers(g, shuffled);
  BOOST_TEST((places_of(g.timers(1)) == in_order));
  BOOST_TEST(g.timers(0).empty());
  BOOST_TEST(g.timers(2).empty());

  BOOST_TEST(g.timers(1, noon).size() == 6u);
  BOOST_TEST(g.timers(1, noon - 1ms).size() == 2u);
  BOOST_TEST(g.timers(1, from_ms(0)).size() == 1u);
  BOOST_TEST(g.timers(1, from_ms(-1)).empty());
  BOOST_TEST(g.timers(1, year_9999).size() == 8u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(timers_are_paged_strictly_after_the_cursor, Store, stores) {
  given<Store> g;
  std::vector<timer_cursor> in_order;
  for (std::uint64_t n = 0; n < 4; ++n)
    for (const auto* name : {"a", "ab", "b"})
      in_order.push_back({noon + milliseconds{n / 2}, entity_in(1, n), name});
  set_timers(g, in_order);
  std::optional<timer_cursor> after;
  for (const auto& expected : in_order) {
    const auto page = places_of(g.timers(1, timestamp::max(), after, 1));
    BOOST_REQUIRE(page.size() == 1u);
    BOOST_TEST((page.front() == expected));
    after = page.front();
  }
  BOOST_TEST(g.timers(1, timestamp::max(), after).empty());
  BOOST_TEST(g.timers(1, noon, in_order[1]).size() == 4u);
  BOOST_TEST(g.timers(1, noon, in_order[8]).empty());
  BOOST_TEST(g.timers(1, timestamp::max(), {}, 0).empty());
  // A cursor need not be a row, nor its entity one of the shard: moments can be pointed at, too.
  BOOST_TEST(g.timers(1, timestamp::max(), timer_cursor{noon + 1ms, {}, ""}).size() == 6u);
  BOOST_TEST(g.timers(1, timestamp::max(), timer_cursor{noon, entity_in(1, 0), "aa"}).size()
             == 11u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(erased_timers_are_gone_and_others_stay, Store, stores) {
  given<Store> g;
  const auto entity = entity_in(1, 1);
  auto b = batch_of(entity, 0);
  b.timers_set = {{noon, "a"}, {noon, "b"}, {noon + 1s, "a"}};
  g.accept(b);
  b = batch_of(entity, 1);
  b.timers_erased = {{noon, "a"}, {noon, "never set"}};
  g.refuse(b, errc::internal);
  b.timers_erased = {{noon, "a"}, {noon, "never-set"}};
  g.accept(b);
  BOOST_TEST((places_of(g.timers(1))
              == std::vector<timer_cursor>{{noon, entity, "b"}, {noon + 1s, entity, "a"}}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_a_batch_erases_and_puts_is_put, Store, stores) {
  given<Store> g;
  const auto entity = entity_of("acme", 1);
  auto b = batch_of(entity, 0);
  b.timers_set = b.timers_erased = {{noon, "a"}};
  b.projections_put = b.projections_erased = {customer_listing{"acme", noon}};
  for (std::uint64_t version = 0; version < 2; ++version) {
    b.expected_version = version;
    g.accept(b);
    BOOST_TEST(g.timers(entity.shard()).size() == 1u);
    BOOST_TEST(g.listings("acme").size() == 1u);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(wished_timers_are_told_from_stored_ones, Store, stores) {
  given<Store> g;
  auto b = batch_of(entity_in(1, 1), 0);
  b.timers_set = {{noon, "a"}, {noon + 1s, "b"}};
  g.accept(b);
  const auto found
    = g.store
        .read_timers_of(entity_in(1, 1),
                        {{noon + 1s, "b"}, {noon, "b"}, {noon + 1s, "a"}, {noon, "a"}})
        .value();
  BOOST_TEST((
    places_of(found)
    == std::vector<timer_cursor>{{noon + 1s, entity_in(1, 1), "b"}, {noon, entity_in(1, 1), "a"}}));
  BOOST_TEST(g.store.read_timers_of(entity_in(1, 2), {{noon, "a"}}).value().empty());
}

// The feed.

BOOST_AUTO_TEST_CASE_TEMPLATE(each_event_gets_the_next_position_of_its_shard, Store, stores) {
  given<Store> g;
  g.write({batch_of(entity_in(1, 1), 0, {"a", "b"}), batch_of(entity_in(1, 9), 3, {"refused"}),
           batch_of(entity_in(2, 2), 0, {"c"}), batch_of(entity_in(1, 3), 0, {"d"})});
  g.accept(batch_of(entity_in(1, 1), 2, {"e"}));
  const auto rows = g.feed(1);
  BOOST_REQUIRE(rows.size() == 4u);
  const std::vector<std::pair<entity_ref, std::uint64_t>> expected{
    {entity_in(1, 1), 1}, {entity_in(1, 1), 2}, {entity_in(1, 3), 1}, {entity_in(1, 1), 3}};
  for (std::size_t i = 0; i < rows.size(); ++i) {
    BOOST_TEST(rows[i].shard == 1);
    BOOST_TEST(rows[i].position == i + 1);
    BOOST_TEST((std::pair{rows[i].entity, rows[i].sequence} == expected[i]));
  }
  BOOST_TEST(g.feed(2).size() == 1u);
  BOOST_TEST(g.feed(2).front().position == 1u);
  BOOST_TEST(g.store.read_outbox_depth().rows == 5u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_published_stays_in_the_feed_and_leaves_the_outbox, Store,
                              stores) {
  given<Store> g;
  g.accept(batch_of(entity_in(1, 1), 0, {"a", "b", "c"}));
  g.accept(batch_of(entity_in(2, 1), 0, {"a"}));
  BOOST_TEST(g.store.note_published(1, 2).has_value());
  BOOST_TEST(g.store.published_until(1) == 2u);
  BOOST_TEST(g.store.read_outbox_depth().rows == 2u);
  BOOST_TEST(g.feed(1).size() == 3u);
  BOOST_TEST(g.store.note_published(1, 3).has_value());
  g.accept(batch_of(entity_in(1, 2), 0));
  BOOST_TEST(g.feed(1, 3).front().position == 4u);
  BOOST_TEST(g.store.read_feed_end(1).value() == 4u);
  BOOST_TEST(g.store.read_feed_end(3).value() == 0u);
  BOOST_TEST(g.store.read_outbox_depth().rows == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_feed_is_paged_strictly_after_the_cursor, Store, stores) {
  given<Store> g;
  g.accept(batch_of(entity_in(1, 1), 0, std::vector<std::string>(5, "event")));
  BOOST_TEST(g.feed(1, 0, 2).back().position == 2u);
  BOOST_TEST(g.feed(1, 2, 2).front().position == 3u);
  BOOST_TEST(g.feed(1, 4).size() == 1u);
  BOOST_TEST(g.feed(1, 5).empty());
  BOOST_TEST(g.feed(1, UINT64_MAX).empty());
  BOOST_TEST(g.feed(1, 0, 0).empty());
}

// Listings and references.

BOOST_AUTO_TEST_CASE_TEMPLATE(a_reply_stands_in_the_feed_behind_its_events, Store, stores) {
  given<Store> g;
  auto told = batch_of(entity_in(1, 1), 0, {"a", "b"});
  told.reply = std::string{"re\0ply", 6};
  g.accept(told);
  batch only_reply;
  only_reply.entity = entity_in(1, 2);
  only_reply.reply = "again";
  g.accept(only_reply);
  g.accept(batch_of(entity_in(1, 1), 2));
  const auto feed = g.store.read_feed(1, 0, 100).value();
  BOOST_REQUIRE(feed.size() == 5u);
  const std::vector<std::uint64_t> sequences{1, 2, 0, 0, 3};
  for (std::size_t i = 0; i < feed.size(); ++i) {
    BOOST_TEST(feed[i].position == i + 1);
    BOOST_TEST(feed[i].sequence == sequences[i]);
    BOOST_TEST(feed[i].reply.empty() == (feed[i].sequence > 0));
  }
  BOOST_TEST(feed[2].reply == told.reply);
  BOOST_TEST((feed[3].entity == only_reply.entity));
  BOOST_TEST(g.store.read_feed_end(1).value() == 5u);
  BOOST_TEST(g.store.read_outbox_depth().rows == 5u);
  BOOST_TEST(g.events(only_reply.entity).empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_inbox_knows_what_was_handled, Store, stores) {
  given<Store> g;
  const auto handle = [&](std::uint64_t n, inbox_place place) {
    auto b = batch_of(entity_in(2, n), 0);
    b.handled = place;
    g.accept(b);
  };
  BOOST_TEST(g.store.read_inbox(3).value().source.empty());
  BOOST_TEST(g.store.read_inbox(3).value().next == 0u);
  for (const std::uint64_t offset : {300, 5, 7, 6})
    handle(offset, {3, offset});
  handle(1'000, {4, 1});
  const auto offsets = [&](std::uint16_t partition) {
    return g.store.read_inbox(partition).value().handled;
  };
  BOOST_TEST(offsets(3) == (std::vector<std::uint64_t>{5, 6, 7, 300}),
             boost::test_tools::per_element());
  const std::vector<std::uint64_t> gone{5, 6};
  BOOST_REQUIRE(g.store.note_inbox(3, "cluster/topic", 7, gone));
  BOOST_TEST(offsets(3) == (std::vector<std::uint64_t>{7, 300}), boost::test_tools::per_element());
  BOOST_TEST(g.store.read_inbox(3).value().next == 7u);
  BOOST_TEST(g.store.read_inbox(3).value().source == "cluster/topic");
  BOOST_TEST(offsets(4) == (std::vector<std::uint64_t>{1}), boost::test_tools::per_element());
  // What is refused leaves no trace.
  auto refused = batch_of(entity_in(2, 5), 7);
  refused.handled = inbox_place{3, 8};
  g.refuse(refused, errc::conflict);
  BOOST_TEST(offsets(3) == (std::vector<std::uint64_t>{7, 300}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_note_is_what_was_written_last, Store, stores) {
  given<Store> g;
  const std::string name(64, 'n');
  BOOST_TEST(!g.store.read_note(1, name).value().has_value());
  BOOST_REQUIRE(g.store.write_note(1, name, "first"));
  BOOST_REQUIRE(g.store.write_note(1, name, std::string_view{"se\0cond", 7}));
  BOOST_TEST(g.store.read_note(1, name).value().value() == (std::string{"se\0cond", 7}));
  BOOST_TEST(!g.store.read_note(2, name).value().has_value());
  for (int again = 0; again < 2; ++again) {
    BOOST_REQUIRE(g.store.write_note(1, name, ""));
    BOOST_TEST(!g.store.read_note(1, name).value().has_value());
  }
  for (const auto& bad : {std::string{}, std::string{"A"}, name + "n"})
    BOOST_TEST(!g.store.write_note(1, bad, "x"));
  BOOST_TEST(!g.store.write_note(shard_count, name, "x"));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_named_list_is_of_its_shard_newest_first_and_paged, Store, stores) {
  given<Store> g;
  const std::vector<listing> in_order{{noon + 1ms, entity_in(2, 1)},
                                      {noon, {entity_kind::letter, entity_in(2, 2).id}},
                                      {noon, {entity_kind::letter, entity_in(2, 3).id}}};
  for (const auto n : {2, 0, 1}) {
    const auto& row = in_order[static_cast<std::size_t>(n)];
    auto b = batch_of(row.entity, 0);
    b.projections_put = {list_entry{"dead", row.created_at}};
    g.accept(b);
  }
  auto elsewhere = batch_of(entity_in(2, 9), 0);
  elsewhere.projections_put = {list_entry{"dea", noon}, list_entry{"deadly", noon}};
  g.accept(elsewhere);
  BOOST_TEST((g.store.read_list(2, "dead", {}, 10).value() == in_order));
  BOOST_TEST((g.store.read_list(2, "dead", in_order[0], 1).value().front() == in_order[1]));
  BOOST_TEST(g.store.read_list(2, "dead", in_order[2], 10).value().empty());
  BOOST_TEST(g.store.read_list(1, "dead", {}, 10).value().empty());
  BOOST_TEST(g.listings("dead").empty());
  auto gone = batch_of(in_order[1].entity, 1);
  gone.projections_erased = {list_entry{"dead", noon}};
  g.accept(gone);
  BOOST_TEST(g.store.read_list(2, "dead", {}, 10).value().size() == 2u);
  auto unnamed = batch_of(entity_in(2, 10), 0);
  unnamed.projections_put = {list_entry{"Dead!", noon}};
  g.refuse(unnamed, errc::internal);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_customers_list_is_newest_first_and_paged, Store, stores) {
  given<Store> g;
  std::vector<listing> in_order{{timestamp::max(), entity_of("acme", 1)},
                                {noon + 1ms, entity_of("acme", 2)},
                                {noon, entity_of("acme", 3)},
                                {noon, entity_of("acme", 4)},
                                {from_ms(0), entity_of("acme", 5)}};
  for (const auto n : {3, 0, 4, 2, 1}) {
    const auto& row = in_order[static_cast<std::size_t>(n)];
    auto b = batch_of(row.entity, 0);
    b.projections_put = {customer_listing{"acme", row.created_at}};
    g.accept(b);
  }
  BOOST_TEST((g.listings("acme") == in_order));
  std::optional<listing> after;
  for (const auto& expected : in_order) {
    const auto page = g.listings("acme", after, 1);
    BOOST_REQUIRE(page.size() == 1u);
    BOOST_TEST((page.front() == expected));
    after = page.front();
  }
  BOOST_TEST(g.listings("acme", after).empty());
  BOOST_TEST(g.listings("acme", {}, 0).empty());
  // A page goes on where it stood when the row under the cursor has gone meanwhile.
  auto gone = batch_of(in_order[1].entity, 1);
  gone.projections_erased = {customer_listing{"acme", in_order[1].created_at}};
  g.accept(gone);
  BOOST_TEST((g.listings("acme", in_order[1], 1).front() == in_order[2]));
  BOOST_TEST(g.listings("acme").size() == 4u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(customers_whose_names_start_alike_are_apart, Store, stores) {
  given<Store> g;
  const auto [shorter, longer] = prefix_customers();
  const auto of_shorter = entity_of(shorter, 1);
  const auto of_longer = entity_of(longer, 2);
  for (const auto& [customer, entity] :
       {std::pair{shorter, of_shorter}, std::pair{longer, of_longer}}) {
    auto b = batch_of(entity, 0);
    b.projections_put = {customer_listing{customer, noon},
                         content_reference{customer, digest_of_all(customer == shorter ? 1 : 2)}};
    g.accept(b);
  }
  BOOST_TEST((g.listings(shorter) == std::vector<listing>{{noon, of_shorter}}));
  BOOST_TEST((g.listings(longer) == std::vector<listing>{{noon, of_longer}}));
  BOOST_TEST(g.listings(shorter.substr(0, 3)).empty());
  BOOST_TEST(!g.store.is_referenced(shorter, digest_of_all(2)).value());
  BOOST_TEST(!g.store.is_referenced(longer, digest_of_all(1)).value());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(content_is_referenced_until_its_last_entity_lets_go, Store, stores) {
  given<Store> g;
  for (const std::uint8_t byte : {0x00, 0x7f, 0xff}) {
    const auto sha256 = digest_of_all(byte);
    const auto first = entity_of("acme", 10u + byte);
    const auto second = entity_of("acme", 1000u + byte);
    for (const auto& entity : {first, second}) {
      auto b = batch_of(entity, 0);
      b.projections_put = {content_reference{"acme", sha256}};
      g.accept(b);
    }
    BOOST_TEST(g.store.is_referenced("acme", sha256).value());
    BOOST_TEST(!g.store.is_referenced("acme2", sha256).value());
    for (const auto& entity : {first, second}) {
      BOOST_TEST(g.store.is_referenced("acme", sha256).value());
      auto b = batch_of(entity, 1);
      b.projections_erased = {content_reference{"acme", sha256}};
      g.accept(b);
    }
    BOOST_TEST(!g.store.is_referenced("acme", sha256).value());
  }
}

// Walks.

BOOST_AUTO_TEST_CASE_TEMPLATE(every_entity_of_a_shard_is_visited_once_in_order, Store, stores) {
  given<Store> g;
  std::vector<entity_ref> in_order;
  for (std::uint64_t n = 0; n < 6; ++n)
    in_order.push_back(entity_in(1, n));
  for (std::size_t n = 0; n < in_order.size(); ++n) {
    // Of every third entity events only, of every third a state row only, of the rest both.
    auto b
      = batch_of(in_order[n], 0, std::vector<std::string>(n % 3 == 1 ? 0 : 1 + 10 * n, "event"));
    if (n % 3 != 0)
      b.state = state_row{b.events.size(), 1, "state"};
    g.accept(b);
  }
  g.accept(batch_of(entity_in(0, 7), 0));
  g.accept(batch_of(entity_in(2, 7), 0));
  BOOST_TEST((g.entities(1) == in_order));

  std::vector<entity_ref> visited;
  const auto walked = g.store.each_entity(1, [&](const entity_ref& entity) {
    visited.push_back(entity);
    BOOST_TEST(g.store.read_events(entity, 1, 1).has_value()); // Visitors read the journal.
    return visited.size() < 3;
  });
  BOOST_TEST(walked.has_value());
  BOOST_TEST((visited == std::vector<entity_ref>{in_order[0], in_order[1], in_order[2]}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(every_projection_of_a_shard_is_visited, Store, stores) {
  given<Store> g;
  const auto [shorter, longer] = prefix_customers();
  std::vector<std::pair<projection, entity_ref>> expected;
  for (const auto& customer : {shorter, longer})
    for (std::uint64_t n = 1; n <= 2; ++n)
      expected.emplace_back(customer_listing{customer, noon}, entity_of(customer, n));
  for (const auto& customer : {shorter, longer})
    expected.emplace_back(content_reference{customer, digest_of_all(5)}, entity_of(customer, 1));
  expected.emplace_back(list_entry{"dead", noon}, entity_of(shorter, 1));
  for (const auto& [row, entity] : expected) {
    auto b = batch_of(entity, g.events(entity).size());
    b.projections_put = {row};
    g.accept(b);
  }
  const auto shard = shard_of(shorter, shard_count);
  std::vector<std::pair<projection, entity_ref>> visited;
  const auto visit_until = [&](std::size_t limit) {
    visited.clear();
    const auto walked
      = g.store.each_projection(shard, [&](const projection& row, const entity_ref& entity) {
          visited.emplace_back(row, entity);
          return visited.size() < limit;
        });
    BOOST_TEST(walked.has_value());
  };
  visit_until(1000);
  BOOST_TEST((visited == expected));
  visit_until(5);
  BOOST_TEST(visited.size() == 5u);
}

BOOST_AUTO_TEST_SUITE_END()

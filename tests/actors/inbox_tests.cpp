// SPDX-License-Identifier: Apache-2.0
// Commands as messages, in virtual time: each has its effect once, whatever happens between, in the
// order of its document; what cannot be done becomes a letter and blocks nobody else.
#include "actors/event_feed_service.hpp"
#include "tests/actors/inbox_world.hpp"

#include <boost/test/unit_test.hpp>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

BOOST_AUTO_TEST_SUITE(inbox_tests)

BOOST_AUTO_TEST_CASE(a_command_has_its_effect_and_its_sender_is_told) {
  inbox_world g;
  g.send("1", "create", create_data("a.pdf"));
  g.settle();
  const auto made = g.documents();
  BOOST_REQUIRE(made.size() == 1u);
  BOOST_TEST(made.front().view.file_name == "a.pdf");
  const auto replies = g.replies();
  BOOST_REQUIRE(replies.size() == 1u);
  BOOST_TEST(replies.front().command_id == "1");
  BOOST_TEST(replies.front().customer == "acme");
  const auto& done = std::get<command_done>(replies.front().outcome);
  BOOST_TEST((done.document == made.front().id));
  BOOST_TEST(done.upload_expires_at.has_value());

  g.send("2", "change-expiry",
         of_document(done.document, R"(,"expiryDate":"2040-01-01T00:00:00Z")"));
  g.send("3", "delete", of_document(done.document));
  g.settle();
  BOOST_TEST(g.documents().empty());
  BOOST_TEST(g.replies().size() == 3u);
  BOOST_TEST(g.source.noted[g.partition()] == 103u);
}

BOOST_AUTO_TEST_CASE(a_command_that_is_sent_twice_has_its_effect_once_and_is_answered_twice) {
  inbox_world g;
  g.send("1", "create", create_data("a.pdf"));
  g.send("1", "create", create_data("a.pdf"));
  g.settle();
  g.send("1", "create", create_data("a.pdf"));
  g.settle();
  BOOST_TEST(g.documents().size() == 1u);
  const auto replies = g.replies();
  BOOST_REQUIRE(replies.size() == 3u);
  for (const auto& each : replies)
    BOOST_TEST((std::get<command_done>(each.outcome).document == g.documents().front().id));
  BOOST_TEST(g.box->stats().repeated.load() == 2u);
}

BOOST_AUTO_TEST_CASE(the_same_id_with_other_words_is_a_dead_letter) {
  inbox_world g;
  g.send("1", "create", create_data("a.pdf"));
  g.settle();
  g.send("1", "create", create_data("b.pdf"));
  g.settle();
  BOOST_TEST(g.documents().size() == 1u);
  const auto dead = g.letters(letter::status::dead);
  BOOST_REQUIRE(dead.size() == 1u);
  BOOST_TEST((dead.front().view.last.code == errc::unprocessable));
}

BOOST_AUTO_TEST_CASE(listeners_hear_the_events_between_the_replies) {
  inbox_world g;
  const auto feed = event_feed_service::open(*g.world.store, "/tests", 1'000).value();
  g.world.commits.on_committed = [&feed, others = g.world.commits.on_committed](const batch& b) {
    others(b);
    feed->committed(b);
  };
  g.send("1", "create", create_data("a.pdf"));
  g.send("1", "create", create_data("a.pdf"));
  g.send("2", "destroy", "{}");
  g.send("3", "create", create_data("b.pdf"));
  g.settle();
  BOOST_TEST(g.replies().size() == 4u);
  const auto page
    = feed->read({cloud_event_filter{}, feed_cursor::start(feed->shard_count()), 100}).value();
  BOOST_TEST(page.events.size() == 2u);
  BOOST_TEST(page.is_end);
  for (shard_number shard = 0; shard < feed->shard_count(); ++shard)
    BOOST_TEST(feed->end().positions[shard] == g.world.store->read_feed_end(shard).value());
}

BOOST_AUTO_TEST_CASE(what_cannot_be_done_is_a_dead_letter_at_once_and_blocks_nobody) {
  inbox_world g;
  received_message garbage;
  garbage.value = std::string{"\0\xff", 2};
  g.source.produce(g.partition(), garbage);
  g.send("1", "destroy", "{}");
  g.send("2", "create", R"({"customerId":"acme"})");
  g.send("3", "delete", of_document(entity_id::make(g.world.time.now(), 1, {})));
  g.send("4", "create", create_data("good.pdf"));
  g.settle();
  BOOST_TEST(g.documents().size() == 1u);
  std::vector<std::string> reasons;
  for (const auto& each : g.letters(letter::status::dead))
    reasons.emplace_back(to_string(each.view.last.code));
  std::ranges::sort(reasons);
  const std::vector<std::string> expected{"invalid-argument", "malformed", "not-found",
                                          "not-implemented"};
  BOOST_TEST(reasons == expected, boost::test_tools::per_element());
  // Whoever can be told is told.
  std::vector<std::string> refused;
  for (const auto& each : g.replies())
    if (std::holds_alternative<failure>(each.outcome))
      refused.push_back(each.command_id);
  std::ranges::sort(refused);
  const std::vector<std::string> told{"1", "2", "3"};
  BOOST_TEST(refused == told, boost::test_tools::per_element());
  BOOST_TEST(g.source.noted[g.partition()] == 105u);
}

BOOST_AUTO_TEST_CASE(what_may_succeed_later_is_retried_in_the_order_of_its_document) {
  inbox_world g;
  g.send("a", "create", create_data("a.pdf"));
  g.send("b", "create", create_data("b.pdf"));
  g.settle();
  const auto first = g.documents()[0].id;
  const auto second = g.documents()[1].id;
  g.failing = [first](const entity_id& id) {
    return id == first;
  };
  for (int year = 2040; year < 2044; ++year) {
    const auto data = R"(,"expiryDate":")" + std::to_string(year) + R"(-01-01T00:00:00Z")";
    g.send("1-" + std::to_string(year), "change-expiry", of_document(first, data));
    g.send("2-" + std::to_string(year), "change-expiry", of_document(second, data));
  }
  g.settle();
  BOOST_TEST(g.letters(letter::status::retrying).size() == 4u);
  BOOST_TEST(g.years_of(first).empty());
  const std::vector<int> years{2040, 2041, 2042, 2043};
  BOOST_TEST(g.years_of(second) == years, boost::test_tools::per_element());
  BOOST_TEST(g.source.noted[g.partition()] == 110u); // The partition goes on.
  g.pass(5s);
  g.failing = nullptr;
  g.pass(60s);
  BOOST_TEST(g.years_of(first) == years, boost::test_tools::per_element());
  BOOST_TEST(g.letters(letter::status::retrying).empty());
  BOOST_TEST(g.letters(letter::status::dead).empty());
  BOOST_TEST(g.replies().size() == 10u);
}

BOOST_AUTO_TEST_CASE(what_never_succeeds_dies_and_can_be_redriven) {
  inbox_world g;
  g.send("a", "create", create_data("a.pdf"));
  g.settle();
  const auto id = g.documents().front().id;
  g.failing = [](const entity_id&) {
    return true;
  };
  g.send("1", "delete", of_document(id));
  g.settle();
  g.pass(60s);
  const auto dead = g.letters(letter::status::dead);
  BOOST_REQUIRE(dead.size() == 1u);
  BOOST_TEST(dead.front().view.attempts == 6u);
  BOOST_TEST((dead.front().view.last.code == errc::unavailable));
  BOOST_TEST(std::holds_alternative<failure>(g.replies().back().outcome));
  g.failing = nullptr;
  // Later commands of the document were not held up by it any more.
  g.send("2", "change-expiry", of_document(id, R"(,"expiryDate":"2040-01-01T00:00:00Z")"));
  g.settle();
  BOOST_TEST(g.years_of(id).size() == 1u);
  g.redrive(dead.front().id);
  g.pass(10s);
  BOOST_TEST(g.documents().empty());
  BOOST_TEST(g.letters(letter::status::dead).empty());
  BOOST_TEST(std::holds_alternative<command_done>(g.replies().back().outcome));
}

BOOST_AUTO_TEST_CASE(a_restart_keeps_letters_before_what_came_later) {
  inbox_world g;
  g.send("a", "create", create_data("a.pdf"));
  g.settle();
  const auto id = g.documents().front().id;
  g.failing = [](const entity_id&) {
    return true;
  };
  g.send("1", "change-expiry", of_document(id, R"(,"expiryDate":"2040-01-01T00:00:00Z")"));
  g.settle();
  g.failing = nullptr;
  g.kill();
  g.send("2", "change-expiry", of_document(id, R"(,"expiryDate":"2041-01-01T00:00:00Z")"));
  g.settle();
  BOOST_TEST(g.letters(letter::status::retrying).size() == 2u);
  g.pass(30s);
  const std::vector<int> years{2040, 2041};
  BOOST_TEST(g.years_of(id) == years, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_reads_no_more_than_it_has_room_for) {
  inbox_world g;
  for (int n = 0; n < 30; ++n)
    g.send(std::to_string(n), "create", create_data("a.pdf"));
  for (int n = 0; n < 5; ++n)
    g.box->turn(0ms);
  BOOST_TEST(g.box->stats().in_flight.load() == inbox_world::in_flight_max);
  BOOST_TEST(!g.source.is_paused); // There may be room again in a moment.
  g.world.time.set(g.world.time.now() + 1s);
  g.box->turn(0ms);
  BOOST_TEST(g.box->stats().in_flight.load() == inbox_world::in_flight_max);
  BOOST_TEST(g.source.is_paused);
  g.settle();
  BOOST_TEST(!g.source.is_paused);
  BOOST_TEST(g.documents().size() == 30u);
}

BOOST_AUTO_TEST_CASE(offsets_of_another_topic_mean_nothing) {
  inbox_world g;
  g.send("1", "create", create_data("a.pdf"));
  g.settle();
  g.source.begin_anew("cluster/other");
  g.send("2", "create", create_data("b.pdf"));
  g.settle();
  BOOST_TEST(g.documents().size() == 2u);
  // The same topic, made anew: its offsets go back.
  g.send("3", "create", create_data("c.pdf"));
  g.settle();
  g.source.begin_anew("cluster/other");
  g.kill();
  g.send("4", "create", create_data("d.pdf"));
  g.settle();
  BOOST_TEST(g.documents().size() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()

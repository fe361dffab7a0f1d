// SPDX-License-Identifier: Apache-2.0
// Letters are listed over all shards, filtered, grouped and counted, and never too many at once.
#include "tests/actors/letters_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>
#include <vector>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

BOOST_FIXTURE_TEST_SUITE(letter_lists_tests, letters_world)

BOOST_AUTO_TEST_CASE(pages_of_a_list_hold_every_letter_once_the_newest_first) {
  std::vector<entity_id> newest_first;
  for (int i = 0; i < 23; ++i) {
    newest_first.insert(newest_first.begin(),
                        receive(false, "T", static_cast<shard_number>(i % 4)));
    if (i % 3 == 0)
      world.advance(1ms);
  }
  receive(true);
  std::vector<entity_id> listed;
  timestamp before = timestamp_max;
  for (std::optional<listing> after;;) {
    const auto page = world.core->letters().list({}, after, 5);
    BOOST_REQUIRE(page);
    BOOST_TEST(page->items.size() <= 5u);
    for (const auto& item : page->items) {
      BOOST_TEST((item.view.received_at <= before));
      before = item.view.received_at;
      listed.push_back(item.id);
    }
    if (!page->next)
      break;
    after = page->next;
  }
  std::sort(listed.begin(), listed.end());
  std::sort(newest_first.begin(), newest_first.end());
  BOOST_TEST((listed == newest_first));
}

BOOST_AUTO_TEST_CASE(a_list_is_filtered_by_all_that_is_given) {
  const auto first = receive(false, "A");
  world.advance(1s);
  const auto middle = world.time.now();
  const auto second = receive(false, "B", 2);
  world.advance(1s);
  receive(true, "A", 3);
  const auto ids = [&](const letter_filter& filter) {
    std::vector<entity_id> found;
    const auto page = world.core->letters().list(filter, std::nullopt, 10);
    BOOST_REQUIRE(page);
    BOOST_TEST(!page->next.has_value());
    for (const auto& item : page->items)
      found.push_back(item.id);
    return found;
  };
  using found = std::vector<entity_id>;
  letter_filter f;
  BOOST_TEST((ids(f) == found{second, first}));
  f.type = "A";
  BOOST_TEST((ids(f) == found{first}));
  f = {};
  f.older_than = middle;
  BOOST_TEST((ids(f) == found{first}));
  f = {};
  f.newer_than = middle - 1ms;
  BOOST_TEST((ids(f) == found{second}));
  f.newer_than = middle;
  BOOST_TEST(ids(f).empty());
  f = {};
  f.reason = errc::invalid_argument;
  BOOST_TEST(ids(f).size() == 2u);
  f.reason = errc::conflict;
  BOOST_TEST(ids(f).empty());
  f = {};
  f.fingerprint = view_of(second).fingerprint;
  BOOST_TEST((ids(f) == found{second}));
  f = {};
  f.status = letter::status::retrying;
  BOOST_TEST(ids(f).size() == 1u);
  f.status = letter::status::settled;
  BOOST_TEST(!world.core->letters().list(f, std::nullopt, 10).has_value());
}

BOOST_AUTO_TEST_CASE(no_more_letters_than_allowed_are_looked_at_for_one_page) {
  auto s = letter_settings_of_four_shards();
  s.letters.scan_max = 4;
  stepped_world other(s);
  for (int i = 0; i < 10; ++i) {
    other.core->letters().submit(other.core->letters().next_id(static_cast<shard_number>(i % 4)),
                                 letter::receive{{}, {}, i == 0 ? "rare" : "T", "", wrong, false},
                                 {}, std::make_shared<reply<letter::view>>([](const auto&) {}));
    other.run();
    other.advance(1ms);
  }
  letter_filter f;
  f.type = "rare";
  std::size_t pages = 0;
  std::size_t found = 0;
  for (std::optional<listing> after;;) {
    const auto page = other.core->letters().list(f, after, 10);
    BOOST_REQUIRE(page);
    ++pages;
    found += page->items.size();
    if (!page->next)
      break;
    after = page->next;
  }
  BOOST_TEST(pages == 3u);
  BOOST_TEST(found == 1u);
  const auto groups = other.core->letters().groups(letter::status::dead);
  BOOST_REQUIRE(groups);
  BOOST_TEST(groups->is_cut);
  BOOST_TEST(groups->looked_at == 4u);
}

BOOST_AUTO_TEST_CASE(no_more_bytes_than_allowed_are_held_for_one_page) {
  auto s = letter_settings_of_four_shards();
  s.letters.scan_mib_max = 1;
  stepped_world other(s);
  for (int i = 0; i < 5; ++i) {
    letter::message large;
    large.value.assign(700'000, 'x');
    other.core->letters().submit(other.core->letters().next_id(static_cast<shard_number>(i % 4)),
                                 letter::receive{{}, large, "T", "", wrong, false}, {},
                                 std::make_shared<reply<letter::view>>([](const auto&) {}));
    other.run();
  }
  std::vector<std::size_t> pages;
  for (std::optional<listing> after;;) {
    const auto page = other.core->letters().list({}, after, 100);
    BOOST_REQUIRE(page);
    pages.push_back(page->items.size());
    if (!page->next)
      break;
    after = page->next;
  }
  BOOST_TEST(pages == (std::vector<std::size_t>{2, 2, 1}), boost::test_tools::per_element());
  const auto groups = other.core->letters().groups(letter::status::dead);
  BOOST_REQUIRE(groups);
  BOOST_TEST(groups->is_cut);
  BOOST_TEST(groups->looked_at == 2u);
}

BOOST_AUTO_TEST_CASE(letters_are_grouped_by_their_cause) {
  const auto oldest = world.time.now();
  for (int i = 0; i < 3; ++i)
    receive(false, "A", static_cast<shard_number>(i));
  receive(false, "B");
  world.advance(5s);
  const auto newest = world.time.now();
  receive(false, "A");
  const auto groups = world.core->letters().groups(letter::status::dead);
  BOOST_REQUIRE(groups);
  BOOST_TEST(!groups->is_cut);
  BOOST_TEST(groups->looked_at == 5u);
  BOOST_REQUIRE(groups->groups.size() == 2u);
  const auto& most = groups->groups[0];
  BOOST_TEST(most.count == 4u);
  BOOST_TEST(most.type == "A");
  BOOST_TEST((most.example == wrong));
  BOOST_TEST((most.oldest == oldest));
  BOOST_TEST((most.newest == newest));
  BOOST_TEST(groups->groups[1].count == 1u);
}

BOOST_AUTO_TEST_CASE(letters_are_counted_anew_after_a_restart) {
  receive(false);
  receive(true, "T", 2);
  receive(true, "T", 3);
  world.kill_and_restart();
  counts_are(2, 1);
}

BOOST_AUTO_TEST_SUITE_END()

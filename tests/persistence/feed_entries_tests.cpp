// SPDX-License-Identifier: Apache-2.0
// Rows of the feed with their events: from memory, from the disk, and at the seam of the two.
#include "persistence/recent_feed.hpp"
#include "tests/persistence/journal_contract.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace dossier {

using namespace samples;

namespace feed_entries {

/// Each entry must say what its row and its event say alone.
void check_all(const journal& store, shard_number shard, std::size_t limit) {
  std::uint64_t after = 0;
  while (true) {
    const auto rows = store.read_feed(shard, after, limit).value();
    const auto entries = store.read_feed_events(shard, after, limit).value();
    BOOST_REQUIRE(rows.size() == entries.size());
    if (rows.empty())
      return;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      BOOST_TEST(entries[i].row.position == rows[i].position);
      BOOST_TEST((entries[i].row.entity == rows[i].entity));
      BOOST_TEST(entries[i].row.sequence == rows[i].sequence);
      BOOST_TEST(entries[i].row.reply == rows[i].reply);
      const auto event = store.read_event(rows[i].entity, rows[i].sequence).value();
      BOOST_TEST(event.has_value() == (entries[i].event != nullptr));
      BOOST_TEST((!event || *event == *entries[i].event));
    }
    after = rows.back().position;
  }
}

/// Entities in no order, some with several events, some answered.
void fill(journal& store, std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  std::vector<std::uint64_t> versions(100);
  for (int i = 0; i < 600; ++i) {
    const auto n = dice() % versions.size();
    auto b = batch_of(entity_in(static_cast<shard_number>(n % 2), n), versions[n]);
    b.events.front() = std::to_string(i);
    if (dice() % 4 == 0)
      b.events.emplace_back("and then");
    if (dice() % 4 == 0)
      b.reply = "reply " + std::to_string(i);
    versions[n] += b.events.size();
    BOOST_REQUIRE(store.write(std::vector{b}, noon).value().front().has_value());
  }
}

feed_entry entry_of(shard_number shard, std::uint64_t position, std::size_t bytes) {
  return {{shard, position, entity_in(shard, position), 1, {}},
          std::make_shared<const std::string>(bytes, 'e')};
}

} // namespace feed_entries

BOOST_AUTO_TEST_SUITE(feed_entries)

BOOST_AUTO_TEST_CASE_TEMPLATE(entries_say_what_rows_and_events_say, Store, stores) {
  given<Store> g;
  fill(g.store, 1);
  for (const std::size_t limit : {1u, 7u, 1000u})
    for (const shard_number shard : {0, 1, 2, 9})
      check_all(g.store, shard, limit);
  BOOST_TEST(g.store.read_feed_events(0, 0, 0).value().empty());
}

BOOST_AUTO_TEST_CASE(what_memory_lacks_is_read_from_the_disk) {
  // Nothing, a little of it, and all of it fits.
  for (const std::size_t bytes : {0u, 4'000u, 1'000'000u}) {
    const scratch_directory directory;
    rocks_options options;
    options.path = directory / "journal";
    options.shard_count = shard_count;
    options.recent_feed_bytes = bytes;
    auto store = rocks_journal::open(options).value();
    fill(*store, 2);
    const auto check = [&] {
      for (const std::size_t limit : {1u, 64u, 1000u})
        for (const shard_number shard : {0, 1})
          check_all(*store, shard, limit);
    };
    check();
    store.reset();
    store = rocks_journal::open(options).value();
    check();
    const auto end = store->read_feed_end(1).value();
    BOOST_REQUIRE(store->write(std::vector{batch_of(entity_in(1, 1'001), 0)}, noon)
                    .value()
                    .front()
                    .has_value());
    BOOST_TEST(store->read_feed_events(1, end, 10).value().size() == 1u);
    check();
  }
}

BOOST_AUTO_TEST_CASE(memory_holds_the_newest_within_its_bound) {
  recent_feed recent(2, 10'000);
  BOOST_TEST(!recent.read(0, 0, 10).has_value());
  for (std::uint64_t position = 1; position <= 100; ++position) {
    std::vector<feed_entry> entries{entry_of(0, position, 500), entry_of(1, position, 500)};
    recent.add(entries);
  }
  BOOST_TEST(!recent.read(0, 0, 10).has_value());
  std::uint64_t first = 0;
  while (!recent.read(0, first, 10))
    ++first;
  BOOST_TEST(first > 90u);
  BOOST_TEST(first < 100u);
  const auto all = recent.read(0, first, 100).value();
  BOOST_TEST(all.size() == 100 - first);
  BOOST_TEST(all.front().row.position == first + 1);
  BOOST_TEST(all.back().row.position == 100u);
  BOOST_TEST(recent.read(0, first, 2).value().size() == 2u);
  BOOST_TEST(recent.read(1, 100, 2).value().empty());
  BOOST_TEST(recent.read(1, 1'000, 2).value().empty());
  BOOST_TEST(!recent.read(2, 0, 2).has_value());
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_larger_than_the_bound_is_not_held) {
  recent_feed recent(1, 1'000);
  std::vector<feed_entry> entries{entry_of(0, 1, 100), entry_of(0, 2, 5'000)};
  recent.add(entries);
  BOOST_TEST(entries.empty());
  BOOST_TEST(!recent.read(0, 0, 10).has_value());
  entries = {entry_of(0, 3, 100)};
  recent.add(entries);
  BOOST_TEST(!recent.read(0, 1, 10).has_value());
  BOOST_TEST(recent.read(0, 2, 10).value().size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

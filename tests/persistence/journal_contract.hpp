// SPDX-License-Identifier: Apache-2.0
// The two journals that are held to one contract, and the few calls that its cases need.
#pragma once

#include "persistence/journal.hpp"
#include "persistence/memory_journal.hpp"
#include "persistence/rocks_journal.hpp"
#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace dossier::samples {

struct in_memory {
  std::unique_ptr<journal> owned = memory_journal::make(shard_count);
};

struct on_rocks {
  scratch_directory directory;
  std::unique_ptr<journal> owned = open(directory);

  static std::unique_ptr<journal> open(const scratch_directory& directory) {
    rocks_options options;
    options.path = directory / "journal";
    options.shard_count = shard_count;
    return rocks_journal::open(options).value();
  }
};

using stores = std::tuple<in_memory, on_rocks>;

/// A journal of one kind with the few calls that every case needs.
template <class Store>
struct given : Store {
  journal& store = *this->owned;

  std::vector<write_outcome> write(const std::vector<batch>& group, timestamp now = noon) {
    return store.write(group, now).value();
  }
  void accept(const batch& b, timestamp now = noon) {
    const auto outcomes = write({b}, now);
    BOOST_REQUIRE_MESSAGE(outcomes.front(), outcomes.front().error().why);
  }
  void refuse(const batch& b, errc code, timestamp now = noon) {
    const auto outcomes = write({b}, now);
    BOOST_REQUIRE(!outcomes.front());
    BOOST_TEST((outcomes.front().error().code == code), outcomes.front().error().why);
  }
  std::vector<std::string> events(const entity_ref& entity, std::uint64_t first = 1,
                                  std::size_t limit = 1000) {
    std::vector<std::string> found;
    auto sequence = first;
    for (const auto& event : store.read_events(entity, first, limit).value()) {
      BOOST_TEST(event.sequence == sequence++);
      found.push_back(event.bytes);
    }
    return found;
  }
  std::vector<timer_row> timers(shard_number shard, timestamp until = timestamp::max(),
                                std::optional<timer_cursor> after = {}, std::size_t limit = 1000) {
    return store.read_timers(shard, after, until, limit).value();
  }
  std::vector<listing> listings(std::string_view customer, std::optional<listing> after = {},
                                std::size_t limit = 1000) {
    return store.read_listings(customer, after, limit).value();
  }
  std::vector<feed_row> feed(shard_number shard, std::uint64_t after = 0,
                             std::size_t limit = 1000) {
    return store.read_feed(shard, after, limit).value();
  }
  std::vector<entity_ref> entities(shard_number shard) {
    std::vector<entity_ref> found;
    BOOST_TEST(store
                 .each_entity(shard,
                              [&](const entity_ref& entity) {
                                found.push_back(entity);
                                return true;
                              })
                 .has_value());
    return found;
  }
};

} // namespace dossier::samples

// SPDX-License-Identifier: Apache-2.0
// Keys are frozen bytes that sort as their meaning does. Comparisons of raw keys stand in
// parentheses: Boost.Test would compare the strings only up to their first zero byte.
#include "persistence/keys.hpp"

#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <random>
#include <span>

using namespace dossier;
using namespace dossier::samples;

namespace keys_tests {

entity_ref sample_entity() {
  entity_ref entity;
  for (std::size_t i = 0; i < entity_id::size; ++i)
    entity.id.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  return entity; // Its shard is 0x1617.
}

const std::string sample_entity_hex = "01"
                                      "101112131415161718191a1b1c1d1e1f2021";

/// Every key of every row, of one entity.
std::vector<std::string> sample_keys() {
  const auto entity = sample_entity();
  return {
    keys::event_key(entity, 7),
    keys::state_key(entity),
    keys::timer_key(entity, {noon, "expiry"}),
    keys::feed_key(entity.shard(), 9),
    keys::projection_key(entity.shard(), customer_listing{"acme", noon}, entity),
    keys::projection_key(entity.shard(), content_reference{"acme", digest_of_all(0)}, entity)};
}

bool is_parsed_by_any(std::string_view key) {
  return keys::parse_event_key(key) || keys::parse_state_key(key) || keys::parse_timer_key(key)
         || keys::parse_feed_key(key) || keys::parse_listing_key(key)
         || keys::parse_projection_key(key);
}

} // namespace keys_tests

BOOST_AUTO_TEST_SUITE(keys_tests)

BOOST_AUTO_TEST_CASE(the_bytes_of_each_key_are_frozen) {
  const auto entity = sample_entity();
  BOOST_TEST(hex(keys::event_key(entity, 0x0102))
             == "161765" + sample_entity_hex + "0000000000000102");
  BOOST_TEST(hex(keys::state_key(entity)) == "161773" + sample_entity_hex);
  BOOST_TEST(hex(keys::timer_key(entity, {from_ms(0), "ttl"}))
             == "161774"
                "8000000000000000"
                  + sample_entity_hex + "74746c");
  BOOST_TEST(hex(keys::feed_key(0x1617, 3))
             == "16176f"
                "0000000000000003");
  BOOST_TEST(hex(keys::projection_key(0x1617, customer_listing{"ab", from_ms(1)}, entity))
             == "16176c"
                "616200"
                "7ffffffffffffffe"
                  + sample_entity_hex);
  BOOST_TEST(hex(keys::projection_key(0x1617, content_reference{"ab", digest_of_all(0xcd)}, entity))
             == "161772"
                "616200"
                  + hex(std::string(32, '\xcd')) + sample_entity_hex);
  BOOST_TEST(hex(keys::answer_key(0x1617, command(0xee)))
             == "161761" + hex(std::string(16, '\xee')));
  BOOST_TEST(hex(keys::published_key(0x1617)) == "161770");
}

BOOST_AUTO_TEST_CASE(keys_are_read_back_as_they_were_written) {
  const auto entity = sample_entity();
  const auto event = keys::parse_event_key(keys::event_key(entity, UINT64_MAX));
  BOOST_TEST((event.value() == std::pair{entity, UINT64_MAX}));
  BOOST_TEST((keys::parse_state_key(keys::state_key(entity)).value() == entity));
  BOOST_TEST((keys::parse_feed_key(keys::feed_key(9, 77)).value()
              == std::pair{shard_number{9}, std::uint64_t{77}}));
  for (const auto ms : {INT64_MIN, std::int64_t{-1}, std::int64_t{0},
                        std::int64_t{253'402'300'799'999}, INT64_MAX}) {
    const auto timer = keys::parse_timer_key(keys::timer_key(entity, {from_ms(ms), "a:b_c-9"}));
    BOOST_TEST((timer.value().entity == entity));
    BOOST_TEST((timer.value().timer == dossier::timer{from_ms(ms), "a:b_c-9"}));
    const customer_listing listed{std::string(64, 'z'), from_ms(ms)};
    const auto key = keys::projection_key(entity.shard(), listed, entity);
    BOOST_TEST((keys::parse_projection_key(key).value() == std::pair{projection{listed}, entity}));
    BOOST_TEST((keys::parse_listing_key(key).value() == listing{from_ms(ms), entity}));
  }
  for (const auto byte : {0x00, 0xff}) {
    const content_reference refers{"a", digest_of_all(static_cast<std::uint8_t>(byte))};
    const auto key = keys::projection_key(entity.shard(), refers, entity);
    BOOST_TEST((keys::parse_projection_key(key).value() == std::pair{projection{refers}, entity}));
  }
}

BOOST_AUTO_TEST_CASE(a_key_of_another_row_or_length_is_refused_as_corrupt) {
  for (const auto& key : sample_keys()) {
    BOOST_TEST(is_parsed_by_any(key));
    for (std::size_t size = 0; size < key.size(); ++size) {
      // Only a timer's name may be shorter and still be one.
      const bool is_timer = key[2] == static_cast<char>(keys::row::timer);
      if (!is_timer || size <= key.size() - std::string_view{"expiry"}.size())
        BOOST_TEST(!is_parsed_by_any(key.substr(0, size)),
                   "of length " << size << ": " << hex(key));
    }
    BOOST_TEST(!is_parsed_by_any(key + '\0'));
  }
  const auto refused = keys::parse_event_key(keys::state_key(sample_entity()));
  BOOST_TEST((refused.error().code == errc::corrupt));
  BOOST_TEST(refused.error().why.find("161773" + sample_entity_hex) != std::string::npos,
             refused.error().why);
}

BOOST_AUTO_TEST_CASE(parts_that_no_writer_writes_are_refused_as_corrupt) {
  const auto entity = sample_entity();
  const auto is_corrupt = [](const auto& parsed) {
    return parsed.has_error() && parsed.error().code == errc::corrupt;
  };
  auto other_kind = keys::state_key(entity);
  other_kind[3] = 9;
  BOOST_TEST(is_corrupt(keys::parse_state_key(other_kind)));
  auto other_shard = keys::state_key(entity);
  other_shard[1] ^= 1;
  BOOST_TEST(is_corrupt(keys::parse_state_key(other_shard)));
  BOOST_TEST(is_corrupt(keys::parse_event_key(keys::event_key(entity, 0))));
  BOOST_TEST(is_corrupt(keys::parse_feed_key(keys::feed_key(1, 0))));
  for (const auto& name :
       {std::string{}, std::string{"Expiry"}, std::string{"a b"}, std::string(33, 'a')})
    BOOST_TEST(is_corrupt(keys::parse_timer_key(keys::timer_key(entity, {noon, name}))), name);
  for (const auto& customer : {std::string{}, std::string{".a"}, std::string(65, 'a')}) {
    const auto key = keys::projection_key(entity.shard(), customer_listing{customer, noon}, entity);
    BOOST_TEST(is_corrupt(keys::parse_listing_key(key)), customer);
  }
  const auto reference
    = keys::projection_key(entity.shard(), content_reference{"a", digest_of_all(1)}, entity);
  BOOST_TEST(is_corrupt(keys::parse_listing_key(reference)));
}

BOOST_AUTO_TEST_CASE(timers_sort_by_due_time_then_entity_then_name) {
  const auto low = entity_in(1, 1);
  const auto high = entity_in(1, 2);
  const std::vector<std::string> in_order{
    keys::timer_key(high, {from_ms(INT64_MIN), "b"}), keys::timer_key(high, {from_ms(-1), "b"}),
    keys::timer_key(high, {from_ms(0), "b"}),         keys::timer_key(low, {from_ms(1), "a"}),
    keys::timer_key(low, {from_ms(1), "aa"}),         keys::timer_key(low, {from_ms(1), "b"}),
    keys::timer_key(high, {from_ms(1), "a"}),         keys::timer_key(low, {from_ms(256), "a"}),
    keys::timer_key(low, {from_ms(INT64_MAX), "a"})};
  BOOST_TEST(std::ranges::is_sorted(in_order));
  BOOST_TEST((std::ranges::adjacent_find(in_order) == in_order.end()));
}

BOOST_AUTO_TEST_CASE(listings_sort_by_customer_then_newest_then_entity) {
  const auto key = [](const std::string& customer, std::int64_t ms, std::uint64_t n) {
    return keys::projection_key(1, customer_listing{customer, from_ms(ms)}, entity_in(1, n));
  };
  const std::vector<std::string> in_order{key("a", 9, 1), key("a", 8, 1),  key("a", 8, 2),
                                          key("a", 0, 1), key("a-", 9, 1), key("ab", 9, 1)};
  BOOST_TEST(std::ranges::is_sorted(in_order));
}

BOOST_AUTO_TEST_CASE(random_event_keys_sort_as_entity_and_sequence) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random{seed};
    std::vector<std::pair<entity_ref, std::uint64_t>> meanings;
    for (int i = 0; i < 500; ++i)
      meanings.emplace_back(entity_in(1, random() % 5), random() >> random() % 64);
    std::ranges::sort(meanings);
    std::vector<std::string> bytes;
    for (const auto& [entity, sequence] : meanings)
      bytes.push_back(keys::event_key(entity, sequence));
    BOOST_TEST(std::ranges::is_sorted(bytes));
  }
}

BOOST_AUTO_TEST_CASE(the_end_of_a_prefix_is_behind_all_that_starts_with_it) {
  BOOST_TEST(keys::end_of("ab") == "ac");
  BOOST_TEST((keys::end_of(std::string{"a\xff\xff"}) == "b"));
  const auto prefix = keys::timer_prefix(3, timestamp::max());
  const auto last = keys::timer_key(entity_in(3, UINT64_MAX), {timestamp::max(), "z"});
  BOOST_TEST((last < keys::end_of(prefix)));
  BOOST_TEST((keys::end_of(prefix) <= keys::prefix(3, static_cast<keys::row>('u'))));
  BOOST_TEST((keys::listing_prefix(3, "a") < keys::listing_prefix(3, "ab")));
  BOOST_TEST((keys::end_of(keys::listing_prefix(3, "a")) <= keys::listing_prefix(3, "ab")));
}

BOOST_AUTO_TEST_CASE(every_row_of_a_shard_lies_before_the_next_shard) {
  const auto largest
    = keys::timer_key(entity_in(5, UINT64_MAX), {timestamp::max(), std::string(32, 'z')});
  BOOST_TEST((largest < keys::prefix(6, keys::row::answer)));
  BOOST_TEST((keys::prefix(255, keys::row::timer) < keys::prefix(256, keys::row::answer)));
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
#include "protocol/ids.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <string>
#include <unordered_set>
#include <utility>

namespace dossier {

namespace ids_tests {

entity_id any_id() {
  entity_id id;
  std::ranges::generate(id.bytes, [] { return *rc::gen::arbitrary<std::uint8_t>(); });
  return id;
}

} // namespace ids_tests

BOOST_AUTO_TEST_SUITE(ids_tests)

BOOST_AUTO_TEST_CASE(an_id_carries_its_birth_and_its_shard) {
  const auto id
    = entity_id::make(from_ms(1'795'240'430'123), 0xabcd, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
  BOOST_TEST(to_ms(id.born()) == 1'795'240'430'123);
  BOOST_TEST(id.shard() == 0xabcd);
  BOOST_TEST(id.bytes.back() == 10);
  BOOST_TEST(id.text().size() == entity_id::text_size);
}

BOOST_AUTO_TEST_CASE(a_known_id_has_a_known_text) {
  // 144 bits behind one zero bit, five at a time.
  entity_id id;
  id.bytes.fill(0xff);
  BOOST_TEST(id.text() == "fzzzzzzzzzzzzzzzzzzzzzzzzzzzz");
  id.bytes.fill(0);
  BOOST_TEST(id.text() == "00000000000000000000000000000");
  id.bytes.back() = 33;
  BOOST_TEST(id.text() == "00000000000000000000000000011");
  id.bytes.front() = 0x80;
  BOOST_TEST(id.text() == "80000000000000000000000000011");
}

BOOST_AUTO_TEST_CASE(a_clock_outside_of_48_bits_does_not_wrap_around) {
  BOOST_TEST(to_ms(entity_id::make(from_ms(-5), 1, {}).born()) == 0);
  BOOST_TEST(to_ms(entity_id::make(from_ms(std::int64_t{1} << 50), 1, {}).born())
             == (std::int64_t{1} << 48) - 1);
}

RC_BOOST_PROP(every_id_reads_back_from_its_text, ()) {
  const entity_id id = any_id();
  const auto read = entity_id::parse(id.text());
  RC_ASSERT((read && *read == id));
}

RC_BOOST_PROP(texts_sort_as_bytes_do, ()) {
  const entity_id a = any_id();
  const entity_id b = any_id();
  RC_ASSERT((a.text() < b.text()) == (a.view() < b.view()));
  RC_ASSERT((a < b) == (a.view() < b.view()));
}

BOOST_AUTO_TEST_CASE(younger_ids_sort_later_whatever_their_shard_and_dice) {
  const auto older = entity_id::make(from_ms(1'000), 9, {0xff});
  const auto newer = entity_id::make(from_ms(1'001), 1, {});
  BOOST_TEST((older.text() < newer.text()));
}

BOOST_AUTO_TEST_CASE(only_what_text_writes_is_read) {
  const std::string good = entity_id::make(from_ms(1'795'240'430'123), 5, {9}).text();
  BOOST_REQUIRE(entity_id::parse(good));
  const auto is_refused = [](std::string text) {
    const auto read = entity_id::parse(text);
    BOOST_TEST(!read, text);
    if (!read)
      BOOST_TEST(to_string(read.error().code) == to_string(errc::invalid_argument));
  };
  is_refused("");
  is_refused(good.substr(1));
  is_refused(good + "0");
  for (const char c : std::string_view("ilouILOUABZ-_ /.%\x80\0", 20)) {
    std::string bad = good;
    bad[12] = c;
    is_refused(bad);
    bad = good;
    bad[0] = c;
    is_refused(bad);
  }
  for (const char c : std::string_view("ghjkmnpqrstvwxyz")) { // The padding bit is set.
    std::string bad = good;
    bad[0] = c;
    is_refused(bad);
  }
}

BOOST_AUTO_TEST_CASE(hashes_of_fresh_ids_differ) {
  std::unordered_set<std::size_t> seen;
  for (std::uint8_t i = 0; i < 200; ++i)
    seen.insert(std::hash<entity_id>{}(entity_id::make(from_ms(1), 1, {0, 0, 0, i})));
  BOOST_TEST(seen.size() == 200U);
}

BOOST_AUTO_TEST_CASE(an_entity_is_named_by_kind_and_id) {
  const entity_ref ref{entity_kind::document, entity_id::make(from_ms(1), 3, {})};
  BOOST_TEST(ref.text() == "document/" + ref.id.text());
  BOOST_TEST(ref.shard() == 3);
  BOOST_REQUIRE(parse_entity_kind("document"));
  BOOST_TEST(!parse_entity_kind("Document"));
  BOOST_TEST(!parse_entity_kind(""));
}

BOOST_AUTO_TEST_CASE(shards_are_those_of_kafkas_default_partitioner) {
  // Vectors of Kafka's own UtilsTest. Several counts together pin all 31 bits.
  const std::pair<std::string_view, std::int32_t> vectors[]
    = {{"21", -973932308},
       {"foobar", -790332482},
       {"a-little-bit-long-string", -985981536},
       {"a-little-bit-longer-string", -1486304829},
       {"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971},
       {"abc", 479470107}};
  for (const auto& [key, hash] : vectors)
    for (const shard_number count : {1, 2, 64, 1024, 65521, 65535})
      BOOST_TEST(shard_of(key, count) == (static_cast<std::uint32_t>(hash) & 0x7fffffffU) % count);
}

BOOST_AUTO_TEST_CASE(customers_are_plain_names) {
  for (const std::string& good : {std::string("a"), std::string("Acme-1_2.3"), std::string(64, 'x'),
                                  std::string("-"), std::string("a..b")})
    BOOST_TEST(check_customer(good).has_value(), good);
  for (const std::string& bad :
       {std::string(), std::string(65, 'x'), std::string(".a"), std::string("."), std::string(".."),
        std::string("a/b"), std::string("a b"), std::string("a%"), std::string("\xc3\xa9"),
        std::string("a\0b", 3), std::string("a\n")}) {
    const auto checked = check_customer(bad);
    BOOST_TEST(!checked, bad);
    if (!checked)
      BOOST_TEST(to_string(checked.error().code) == to_string(errc::invalid_argument));
  }
}

BOOST_AUTO_TEST_CASE(a_command_id_is_set_once_any_byte_is) {
  command_id id;
  BOOST_TEST(!id.is_set());
  id.bytes.back() = 1;
  BOOST_TEST(id.is_set());
  BOOST_TEST(id.view().size() == 16U);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

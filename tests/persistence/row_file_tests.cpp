// SPDX-License-Identifier: Apache-2.0
// What a file of rows promises: what was put in comes out, by number and by key.
#include "persistence/row_cursor.hpp"

#include "protocol/crc32c.hpp"
#include "protocol/digest.hpp"
#include "tests/persistence/row_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <thread>

namespace dossier {

using namespace test;

namespace row_file_tests {

std::optional<stored_reject> reject_of(const row_file& file, std::uint64_t number) {
  reject_cursor rejects(file);
  require(rejects.seek(number));
  return rejects.number() == number ? std::optional(owned(rejects.present())) : std::nullopt;
}

} // namespace row_file_tests

BOOST_FIXTURE_TEST_SUITE(row_file_tests, row_fixture)

BOOST_AUTO_TEST_CASE(rows_and_rejects_are_read_back_as_they_were_written) {
  sizes = {400, 97};
  for (const std::size_t rows_at_once : {1, 7, 100, 10'000}) {
    const auto wanted = some_file(1'500);
    const auto counts = write(wanted, rows_at_once);
    const auto file = opened();
    BOOST_TEST((counts == row_file_counts{wanted.rows.size(), wanted.rejects.size(), 5, 77}));
    BOOST_TEST((file->counts() == counts));
    BOOST_TEST((file->key() == key));
    BOOST_TEST(file->schema_text() == "calls, version 1");
    BOOST_TEST(file->size_bytes() == bytes().size());
    BOOST_TEST(rows_from(*file, 0, no_limit) == wanted.rows, boost::test_tools::per_element());
    const auto rejects = file->rejects_from(0, no_limit, no_limit);
    require(rejects);
    BOOST_TEST((*rejects == wanted.rejects));
    require(file->check());
  }
}

BOOST_AUTO_TEST_CASE(a_chunk_without_rows_and_rejects_is_a_file) {
  for (keyed = keyed_by::nothing; keyed != keyed_by::cost; keyed = keyed_by::cost) {
    write({}, 1);
    const auto file = opened();
    BOOST_TEST((file->counts() == row_file_counts{0, 0, 5, 77}));
    BOOST_TEST(rows_from(*file, 0, no_limit).empty());
    BOOST_TEST(file->rejects_from(0, no_limit, no_limit)->empty());
    BOOST_TEST(!reject_of(*file, 1));
    key_entry entry;
    auto keys = file->keys();
    BOOST_TEST(!*keys.next(entry));
    require(file->check());
  }
}

BOOST_AUTO_TEST_CASE(a_walk_begins_at_any_record_and_ends_at_its_limit) {
  const auto wanted = some_file(60);
  write(wanted, 9);
  const auto file = opened();
  for (std::uint64_t number = 0; number <= 62; ++number) {
    const auto first = std::ranges::lower_bound(wanted.rows, number, {}, &known_row::number);
    for (const std::size_t limit : {0, 1, 9, 25, 100}) {
      const auto left = static_cast<std::size_t>(wanted.rows.end() - first);
      const std::vector<known_row> expected(
        first, first + static_cast<std::ptrdiff_t>(std::min(limit, left)));
      BOOST_TEST(rows_from(*file, number, limit) == expected, boost::test_tools::per_element());
    }
  }
  int visits = 0;
  require(file->rows_from(0, no_limit, [&](const auto&, std::uint32_t) { return ++visits < 12; }));
  BOOST_TEST(visits == 12);
}

BOOST_AUTO_TEST_CASE(each_record_is_a_row_or_a_reject_or_neither) {
  sizes.reject_block_bytes = 200;
  const auto wanted = some_file(200);
  write(wanted, 11);
  const auto file = opened();
  for (std::uint64_t number = 0; number <= 202; ++number) {
    const auto seen = rows_from(*file, number, 1);
    const auto known = std::ranges::find(wanted.rows, number, &known_row::number);
    BOOST_TEST((!seen.empty() && seen[0].number == number) == (known != wanted.rows.end()));
    if (known != wanted.rows.end())
      BOOST_TEST((seen == std::vector{*known}));
    const auto refused = std::ranges::find_if(
      wanted.rejects, [&](const auto& r) { return r.record.number == number; });
    const auto reject = reject_of(*file, number);
    BOOST_TEST(reject.has_value() == (refused != wanted.rejects.end()));
    if (reject)
      BOOST_TEST((*reject == *refused));
  }
}

BOOST_AUTO_TEST_CASE(rejects_keep_their_whole_text_however_long) {
  known_file wanted;
  for (std::uint64_t number = 1; number <= 5; ++number)
    wanted.rejects.push_back(some_reject(number, std::string((4U << 20) - number, 'x')));
  wanted.rejects.push_back(some_reject(6, std::string("\0\n\xff", 3)));
  write(wanted, 1);
  const auto file = opened();
  for (const auto& r : wanted.rejects)
    BOOST_TEST((reject_of(*file, r.record.number) == r));
  require(file->check());
}

BOOST_AUTO_TEST_CASE(rejects_end_at_a_limit_of_number_or_of_bytes) {
  sizes.reject_block_bytes = 300;
  known_file wanted;
  for (std::uint64_t number = 1; number <= 40; ++number)
    wanted.rejects.push_back(some_reject(number * 2, std::string(100, 'x')));
  write(wanted, 1);
  const auto file = opened();
  const auto numbers_of = [](const result<std::vector<stored_reject>>& rejects) {
    require(rejects);
    std::vector<std::uint64_t> numbers;
    for (const auto& r : *rejects)
      numbers.push_back(r.record.number);
    return numbers;
  };
  BOOST_TEST(numbers_of(file->rejects_from(0, 0, no_limit)).empty());
  BOOST_TEST((numbers_of(file->rejects_from(0, 2, no_limit)) == std::vector<std::uint64_t>{2, 4}));
  BOOST_TEST((numbers_of(file->rejects_from(7, 2, no_limit)) == std::vector<std::uint64_t>{8, 10}));
  BOOST_TEST((numbers_of(file->rejects_from(6, 9, 101)) == std::vector<std::uint64_t>{6, 8}));
  BOOST_TEST((numbers_of(file->rejects_from(6, 9, 1)) == std::vector<std::uint64_t>{6}));
  BOOST_TEST(numbers_of(file->rejects_from(81, 9, no_limit)).empty());
}

BOOST_AUTO_TEST_CASE(rows_are_found_by_their_key_in_many_runs) {
  sizes.run_entries = 400;
  const auto wanted = some_file(3'000);
  write(wanted, 50);
  const auto file = opened();
  std::map<std::string, std::vector<std::uint64_t>> numbers;
  for (const auto& row : wanted.rows)
    numbers[row.reference].push_back(row.number);
  for (const auto& [reference, of_key] : numbers) {
    const auto found = file->find_key(reference, no_limit);
    require(found);
    BOOST_TEST(*found == of_key, boost::test_tools::per_element());
  }
  BOOST_TEST(file->find_key("reference", no_limit)->empty());
  BOOST_TEST(file->find_key("", no_limit)->empty());
}

BOOST_AUTO_TEST_CASE(a_key_that_all_rows_have_finds_them_in_their_order) {
  sizes.run_entries = 1'000;
  known_file wanted;
  for (std::uint64_t number = 1; number <= 5'000; ++number)
    wanted.rows.push_back({number, "same", {}});
  write(wanted, 300);
  const auto file = opened();
  const auto found = file->find_key("same", no_limit);
  require(found);
  BOOST_TEST(found->size() == 5'000u);
  BOOST_TEST(std::ranges::is_sorted(*found));
  const auto some = file->find_key("same", 1'234);
  BOOST_TEST(some->size() == 1'234u);
  BOOST_TEST(some->back() == 1'234u);
  BOOST_TEST(file->find_key("same", 0)->empty());
}

BOOST_AUTO_TEST_CASE(keys_may_be_numbers) {
  keyed = keyed_by::cost;
  const auto wanted = some_file(500);
  write(wanted, 50);
  const auto file = opened();
  for (std::int64_t cost = 0; cost < 1'000; ++cost) {
    std::vector<std::uint64_t> numbers;
    for (const auto& row : wanted.rows)
      if (row.cost == cost)
        numbers.push_back(row.number);
    BOOST_TEST((*file->find_key(key_bytes_of(cost), no_limit) == numbers));
  }
  require(file->check());
}

BOOST_AUTO_TEST_CASE(without_a_key_there_is_none_to_look_for) {
  keyed = keyed_by::nothing;
  write(some_file(50), 9);
  const auto file = opened();
  BOOST_TEST(!file->has_keys());
  check_fails(file->find_key("a", 1), errc::invalid_argument, path());
  key_entry entry;
  auto keys = file->keys();
  BOOST_TEST(!*keys.next(entry));
  require(file->check());
}

BOOST_AUTO_TEST_CASE(another_key_of_the_same_hash_is_not_found) {
  known_file wanted;
  for (std::uint64_t number = 1; number <= 300; ++number)
    wanted.rows.push_back({number, "key " + std::to_string(number), {}});
  write(wanted, 40);
  // All entries are in one page; each gets the same hash.
  const std::uint64_t hash = hash_of_key("key 123");
  std::string text = bytes();
  const std::size_t entries_bytes = 300 * row_format::entry_bytes;
  const std::size_t page = text.size() - sizeof(row_format::tail_part)
                           - sizeof(row_format::footer_head) - 8 * sizeof(row_format::placed_block)
                           - sizeof(row_format::placed_run) - 8 - 4 - entries_bytes;
  std::string first_hash;
  for (std::uint32_t ordinal = 0; ordinal < 300; ++ordinal) {
    char* entry = text.data() + page + ordinal * row_format::entry_bytes;
    if (ordinal == 0)
      first_hash.assign(entry, 8);
    std::memcpy(entry, &hash, 8);
    std::memcpy(entry + 8, &ordinal, 4);
  }
  const auto footer = text.rfind(first_hash);
  text.replace(footer, 8, row_format::bytes_of(hash));
  const std::uint32_t page_checksum = crc32c(std::string_view(text).substr(page, entries_bytes));
  text.replace(page + entries_bytes, 4, row_format::bytes_of(page_checksum));
  const std::string_view footer_part = std::string_view(text).substr(
    page + entries_bytes + 4, footer + 12 - page - entries_bytes - 4);
  const std::uint32_t footer_checksum = crc32c(footer_part);
  text.replace(footer + 12, 4, row_format::bytes_of(footer_checksum));
  overwrite(text);

  const auto file = opened();
  BOOST_TEST((*file->find_key("key 123", no_limit) == std::vector<std::uint64_t>{123}));
  BOOST_TEST(file->find_key("key 124", no_limit)->empty());
  check_fails(file->check(), errc::corrupt, "keys are not those of its rows");
}

BOOST_AUTO_TEST_CASE(a_cursor_gives_all_keys_of_all_runs_in_order) {
  sizes.run_entries = 6'000;
  const auto wanted = some_file(40'000);
  write(wanted, 1'000);
  const auto file = opened();
  std::vector<key_entry> entries;
  for (std::uint32_t ordinal = 0; ordinal < wanted.rows.size(); ++ordinal)
    entries.push_back({hash_of_key(wanted.rows[ordinal].reference), ordinal});
  std::ranges::sort(entries);
  auto keys = file->keys();
  key_entry entry;
  for (const auto& e : entries) {
    BOOST_REQUIRE(*keys.next(entry));
    BOOST_REQUIRE((entry == e));
  }
  BOOST_TEST(!*keys.next(entry));
  BOOST_TEST(!*keys.next(entry));

  for (const std::uint64_t step : {1ULL << 50, 1ULL << 56, 1ULL << 61, 3ULL << 62}) {
    auto skipping = file->keys();
    for (std::uint64_t hash = 0; hash <= ~step; hash += step) {
      require(skipping.skip_to(hash));
      const auto next = std::ranges::lower_bound(entries, key_entry{hash, 0});
      const auto has_next = skipping.next(entry);
      require(has_next);
      // Two steps may lead to the same entry, which was given already.
      if (next == entries.end())
        BOOST_REQUIRE(!*has_next);
      else if (*has_next)
        BOOST_REQUIRE(entry >= *next);
    }
  }
}

BOOST_AUTO_TEST_CASE(rows_are_looked_up_by_their_ordinals) {
  const auto wanted = some_file(500);
  write(wanted, 33);
  const auto file = opened();
  row_cursor rows(*file);
  for (int i = 0; i < 2'000; ++i) {
    const auto ordinal = static_cast<std::uint32_t>(dice() % wanted.rows.size());
    require(rows.go_to(ordinal));
    BOOST_TEST(row_in(rows.block(), rows.row()) == wanted.rows[ordinal]);
  }
  check_fails(rows.go_to(static_cast<std::uint32_t>(wanted.rows.size())), errc::corrupt, path());
}

BOOST_AUTO_TEST_CASE(rows_are_walked_from_any_record_on) {
  const auto wanted = some_file(300);
  write(wanted, 33);
  const auto file = opened();
  for (std::uint64_t number = 0; number <= 302; ++number) {
    row_cursor rows(*file);
    require(rows.seek(number));
    for (const auto& known : wanted.rows) {
      if (known.number < number)
        continue;
      BOOST_REQUIRE(rows.number() == known.number);
      BOOST_TEST(row_in(rows.block(), rows.row()) == known);
      require(rows.next());
    }
    BOOST_TEST(rows.number() == no_record);
  }
}

BOOST_AUTO_TEST_CASE(a_run_as_large_as_in_the_product_is_sorted) {
  known_file wanted;
  for (std::uint64_t number = 1; number <= 300'000; ++number)
    wanted.rows.push_back({number, std::to_string(dice() % 250'000), {}});
  write(wanted, 20'000);
  const auto file = opened();
  require(file->check());
  const auto& last = wanted.rows.back();
  BOOST_TEST(file->find_key(last.reference, no_limit)->back() == last.number);
}

BOOST_AUTO_TEST_CASE(one_file_serves_many_threads) {
  sizes = {500, 200};
  const auto wanted = some_file(2'000);
  write(wanted, 30);
  const auto file = opened();
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      for (std::size_t i = static_cast<std::size_t>(t); i < wanted.rows.size(); i += 40) {
        const auto found = file->find_key(wanted.rows[i].reference, no_limit);
        if (!found || std::ranges::find(*found, wanted.rows[i].number) == found->end())
          ++wrong;
      }
    });
  for (auto& thread : threads)
    thread.join();
  BOOST_TEST(wrong.load() == 0);
}

BOOST_AUTO_TEST_CASE(hashes_of_keys_are_frozen) {
  // By openssl mac, as tests/protocol/siphash_tests.cpp does, with the key "dossier row keys".
  BOOST_TEST(hash_of_key("") == 0x6ef8'832b'59a9'92d4);
  BOOST_TEST(hash_of_key("A1") == 0xae64'62ce'66bd'fc6b);
  BOOST_TEST(hash_of_key("44123456789") == 0x0bd8'e570'511b'09e5);
  BOOST_TEST(hash_of_key(key_bytes_of(42)) == 0x115a'b5c7'e790'd7f1);
}

BOOST_AUTO_TEST_CASE(packed_or_not_a_file_says_the_same) {
  const auto wanted = some_file(3'000);
  std::uint64_t size_bytes = 0;
  for (const bool packs : {false, true}) {
    sizes.packs_blocks = packs;
    write(wanted, 500);
    const auto file = opened();
    require(file->check());
    BOOST_TEST(rows_from(*file, 0, no_limit) == wanted.rows, boost::test_tools::per_element());
    BOOST_TEST((file->rejects_from(0, no_limit, no_limit).value() == wanted.rejects));
    BOOST_TEST((packs ? file->size_bytes() < size_bytes : file->size_bytes() > 0));
    size_bytes = file->size_bytes();
    std::filesystem::remove(path());
  }
}

BOOST_AUTO_TEST_CASE(the_format_is_frozen) {
  // What zstd makes of a block is not ours to freeze.
  sizes.packs_blocks = false;
  write({{{1, "A1", 12}, {2, "A2", {}}, {4, "A3", -1}}, {some_reject(3, "free,A4")}}, 2);
  BOOST_TEST(bytes().size() == 697u);
  // Not by CRC-32C, which is the same behind whatever it closes.
  BOOST_TEST(to_hex(sha256_of(bytes()))
             == "796217be79ebd9b1d994116bbf59d35eb68ce59871fea6d096910577010cf665");
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

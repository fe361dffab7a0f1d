// SPDX-License-Identifier: Apache-2.0
// What a chunk's records are by now: its file as if each corrected record had been so from the
// start.
#include "persistence/chunk_cursor.hpp"

#include "tests/persistence/row_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>

namespace dossier {

using namespace test;

namespace chunk_rows_tests {

/// A store with one chunk, some of whose records were corrected.
struct corrected_chunk : row_fixture {
  corrected_chunk() { store = row_store::open(files, scratch / "rows").value(); }

  void put(const row_file_key& under, const known_file& file) {
    auto writer = store->begin(under, calls(keyed), "calls, version 1");
    require(writer);
    append(**writer, file, 7);
    require((*writer)->finish(0, 0));
  }

  /// Of about every fourth record.
  known_file some_correction(std::size_t records) {
    known_file file;
    for (std::uint64_t number = 1; number <= records; ++number) {
      const auto die = dice() % 8;
      if (die == 0)
        file.rejects.push_back(some_reject(number, "again " + std::string(dice() % 20, 'c')));
      else if (die == 1)
        file.rows.push_back({number, "reference " + std::to_string(dice() % records), {}});
    }
    return file;
  }

  void make(std::size_t records) {
    auto base = some_file(records);
    const auto correction = some_correction(records);
    put(key, base);
    put({a_job, 3, 9, row_file_kind::correction}, correction);
    for (auto& r : base.rows)
      rows.emplace(r.number, r);
    for (auto& r : base.rejects)
      rejects.emplace(r.record.number, r);
    for (auto& r : correction.rows) {
      rejects.erase(r.number);
      rows[r.number] = r;
    }
    for (auto& r : correction.rejects) {
      rows.erase(r.record.number);
      rejects[r.record.number] = r;
    }
  }

  chunk_rows opened() const {
    auto chunk = chunk_rows::open(*store, key, 9);
    require(chunk);
    return std::move(*chunk);
  }

  std::unique_ptr<row_store> store;
  std::map<std::uint64_t, known_row> rows;
  std::map<std::uint64_t, stored_reject> rejects;
};

template <class T>
std::vector<T> values_from(const std::map<std::uint64_t, T>& all, std::uint64_t number,
                           std::uint64_t limit) {
  std::vector<T> found;
  for (auto at = all.lower_bound(number); at != all.end() && found.size() < limit; ++at)
    found.push_back(at->second);
  return found;
}

} // namespace chunk_rows_tests

BOOST_FIXTURE_TEST_SUITE(chunk_rows_tests, chunk_rows_tests::corrected_chunk)

BOOST_AUTO_TEST_CASE(without_a_correction_it_is_its_file) {
  const auto wanted = some_file(100);
  put(key, wanted);
  const auto chunk = chunk_rows::open(*store, key, 0);
  require(chunk);
  BOOST_TEST(chunk->correction() == nullptr);
  BOOST_TEST(rows_from(*chunk, 0, no_limit) == wanted.rows, boost::test_tools::per_element());
  BOOST_TEST((chunk->rejects_from(0, no_limit, no_limit).value() == wanted.rejects));
}

BOOST_AUTO_TEST_CASE(walks_begin_anywhere_and_end_at_their_limit) {
  make(80);
  const auto chunk = opened();
  for (std::uint64_t number = 0; number <= 82; ++number)
    for (const std::uint64_t limit :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{5}, no_limit}) {
      BOOST_TEST(rows_from(chunk, number, limit) == values_from(rows, number, limit),
                 boost::test_tools::per_element());
      BOOST_TEST((chunk.rejects_from(number, limit, no_limit).value()
                  == values_from(rejects, number, limit)));
    }
}

BOOST_AUTO_TEST_CASE(a_visit_that_says_no_is_the_last) {
  make(80);
  const auto chunk = opened();
  for (std::size_t wanted = 1; wanted <= rows.size(); ++wanted) {
    std::size_t seen = 0;
    require(
      chunk.rows_from(0, no_limit, [&](const auto&, std::uint32_t) { return ++seen < wanted; }));
    BOOST_TEST(seen == wanted);
  }
  for (std::size_t wanted = 1; wanted <= rejects.size(); ++wanted) {
    std::size_t seen = 0;
    require(chunk.rejects_from(0, [&](const csv::reject&) { return ++seen < wanted; }));
    BOOST_TEST(seen == wanted);
  }
}

BOOST_AUTO_TEST_CASE(each_record_is_one_thing) {
  make(300);
  chunk_row_cursor row(opened());
  chunk_reject_cursor reject(opened());
  for (std::uint64_t number = 0; number <= 301; ++number) {
    require(row.seek(number));
    BOOST_TEST((row.number() == number) == rows.contains(number));
    if (row.number() == number)
      BOOST_TEST(row_in(row.at().block(), row.at().row()) == rows.at(number));
    require(reject.seek(number));
    BOOST_TEST((reject.number() == number) == rejects.contains(number));
    if (reject.number() == number)
      BOOST_TEST((owned(reject.at().present()) == rejects.at(number)));
  }
}

BOOST_AUTO_TEST_CASE(cursors_are_sent_anywhere_and_go_on_from_there) {
  make(400);
  chunk_row_cursor row(opened());
  chunk_reject_cursor reject(opened());
  const auto check = [](auto& cursor, const auto& all, auto at) {
    const auto wanted = at == all.end() ? no_record : at->first;
    BOOST_REQUIRE(cursor.number() == wanted);
    return wanted != no_record;
  };
  for (int i = 0; i < 3'000; ++i) {
    // Mostly a little ahead, as those go who look things up.
    const auto number
      = dice() % 3 == 0 || row.number() == no_record ? dice() % 405 : row.number() + dice() % 6;
    require(row.seek(number));
    require(reject.seek(number));
    auto next_row = rows.lower_bound(number);
    auto next_reject = rejects.lower_bound(number);
    for (auto steps = dice() % 5; check(row, rows, next_row) && steps > 0; --steps, ++next_row)
      require(row.next());
    for (auto steps = dice() % 5; check(reject, rejects, next_reject) && steps > 0;
         --steps, ++next_reject)
      require(reject.next());
  }
}

BOOST_AUTO_TEST_CASE(keys_are_found_where_the_rows_are) {
  make(300);
  const auto chunk = opened();
  for (int i = 0; i < 300; ++i) {
    const auto wanted = "reference " + std::to_string(i);
    std::vector<std::uint64_t> numbers;
    for (const auto& [number, row] : rows)
      if (row.reference == wanted)
        numbers.push_back(number);
    BOOST_TEST(chunk.find_key(wanted, no_limit).value() == numbers,
               boost::test_tools::per_element());
    numbers.resize(std::min<std::size_t>(numbers.size(), 1));
    BOOST_TEST(chunk.find_key(wanted, 1).value() == numbers, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(many_corrections_with_large_texts_are_all_seen) {
  known_file base, correction;
  for (std::uint64_t number = 1; number <= 1'000; ++number) {
    base.rejects.push_back(some_reject(number, "before"));
    if (number % 2 == 0)
      correction.rejects.push_back(some_reject(number, std::string(10'000, 'x')));
  }
  put(key, base);
  put({a_job, 3, 9, row_file_kind::correction}, correction);
  const auto all = opened().rejects_from(1, no_limit, no_limit);
  require(all);
  BOOST_REQUIRE(all->size() == 1'000u);
  for (std::size_t i = 0; i < all->size(); ++i)
    BOOST_TEST(((*all)[i].text.size() == (i % 2 == 0 ? 6u : 10'000u)));
}

BOOST_AUTO_TEST_CASE(a_correction_that_is_gone_is_said) {
  put(key, some_file(10));
  check_fails(chunk_rows::open(*store, key, 4), errc::not_found, "3-4.correction");
}

BOOST_AUTO_TEST_CASE(attempts_and_corrections_go_without_each_other) {
  put(key, some_file(10));
  for (const std::uint32_t revision : {1, 2, 5, 7})
    put({a_job, 3, revision, row_file_kind::correction}, some_correction(10));
  BOOST_TEST(store->remove_earlier_revisions({a_job, 3, 5, row_file_kind::correction}).value()
             == 2u);
  BOOST_TEST(store->has(key));
  BOOST_TEST(store->remove_other_attempts(key).value() == 0u);
  BOOST_TEST(store->has({a_job, 3, 5, row_file_kind::correction}));
  BOOST_TEST(store->has({a_job, 3, 7, row_file_kind::correction}));
  BOOST_TEST(store->remove_job(a_job).value() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

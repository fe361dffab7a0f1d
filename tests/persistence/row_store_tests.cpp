// SPDX-License-Identifier: Apache-2.0
// What the store of rows promises: a file is whole and durable under its name, or leaves no trace;
// and what nobody speaks of can be removed.
#include "persistence/row_store.hpp"

#include "tests/persistence/row_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <map>

namespace dossier {

using namespace test;

namespace row_store_tests {

const entity_id another_job = entity_id::make(timestamp{}, 8, {10, 9, 8, 7, 6, 5, 4, 3, 2, 1});

struct row_store_fixture {
  scratch_directory scratch;
  watched_files files;
  std::unique_ptr<row_store> store = opened();

  std::unique_ptr<row_store> opened() {
    auto made = row_store::open(files, scratch / "rows");
    require(made);
    return std::move(*made);
  }

  std::unique_ptr<row_file_writer> begun(const row_file_key& key) {
    auto writer = store->begin(key, calls(keyed_by::reference), "calls, version 1");
    require(writer);
    const std::vector<known_row> rows{{1, "A1", 12}, {2, "A2", {}}};
    require((*writer)->append(block_of(rows)));
    require((*writer)->append(borrowed(some_reject(3, "free,A3"))));
    return std::move(*writer);
  }

  void stored(const row_file_key& key) { require(begun(key)->finish(0, 3)); }

  std::vector<std::string> files_left() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path()))
      if (entry.is_regular_file())
        paths.push_back(entry.path().string().substr(scratch.path().size() + 1));
    std::ranges::sort(paths);
    return paths;
  }

  std::vector<row_file_key> keys_left() const {
    std::vector<row_file_key> keys;
    require(store->each([&](const row_file_key& key, std::uint64_t size_bytes) {
      BOOST_TEST(size_bytes > 0);
      keys.push_back(key);
      return true;
    }));
    std::ranges::sort(keys);
    return keys;
  }
};

} // namespace row_store_tests

BOOST_FIXTURE_TEST_SUITE(row_store_tests, row_store_tests::row_store_fixture)

BOOST_AUTO_TEST_CASE(a_finished_attempt_is_read_under_its_key) {
  stored({a_job, 3, 2});
  BOOST_TEST((files_left() == std::vector<std::string>{"rows/" + a_job.text() + "/3-2.rows"}));
  BOOST_TEST(store->has({a_job, 3, 2}));
  const auto file = store->read({a_job, 3, 2});
  require(file);
  BOOST_TEST(((*file)->counts() == row_file_counts{2, 1, 0, 3}));
  require((*file)->check());
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_not_found) {
  stored({a_job, 3, 2});
  for (const row_file_key& key : {row_file_key{a_job, 3, 1}, {a_job, 2, 2}, {another_job, 3, 2}}) {
    BOOST_TEST(!store->has(key));
    check_fails(store->read(key), errc::not_found);
  }
}

BOOST_AUTO_TEST_CASE(a_file_under_the_name_of_another_is_corrupt) {
  stored({a_job, 3, 2});
  const auto directory = scratch / "rows/" + a_job.text();
  std::filesystem::rename(directory + "/3-2.rows", directory + "/4-2.rows");
  check_fails(store->read({a_job, 4, 2}), errc::corrupt, "attempt 2 at chunk 3");
}

BOOST_AUTO_TEST_CASE(data_is_synced_before_its_name_and_the_directory_after) {
  auto writer = begun({a_job, 3, 2});
  files.done.clear();
  require(writer->finish(0, 3));
  files.done.erase(files.done.begin(), std::ranges::find(files.done, "sync"));
  const std::vector<std::string> wanted{"sync", "make_directories", "rename", "sync_directory"};
  BOOST_TEST(files.done == wanted, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_attempt_that_is_given_up_leaves_no_trace) {
  auto writer = begun({a_job, 3, 2});
  BOOST_TEST(files_left().size() == 1u);
  writer.reset();
  BOOST_TEST(files_left().empty());
}

BOOST_AUTO_TEST_CASE(a_failing_disk_fails_the_attempt_and_leaves_no_trace) {
  for (const auto* operation : {"append", "sync", "make_directories", "rename"}) {
    auto writer = begun({a_job, 3, 2});
    files.failing = operation;
    check_fails(writer->finish(0, 3), errc::unavailable, operation);
    files.failing.clear();
    writer.reset();
    BOOST_CHECK_MESSAGE(files_left().empty(), operation);
  }
  files.failing = "sync_directory";
  check_fails(begun({a_job, 3, 2})->finish(0, 3), errc::unavailable);
  files.failing.clear();
  // It has its name, but nobody was told so: the next attempt is another one.
  stored({a_job, 3, 3});
  BOOST_TEST(*store->remove_other_attempts({a_job, 3, 3}) == 1u);
}

BOOST_AUTO_TEST_CASE(an_attempt_that_lost_rows_is_never_finished) {
  for (const bool is_reject : {false, true}) {
    auto writer = begun({a_job, 3, 2});
    files.failing = "append";
    const std::vector<known_row> rows{{4, "A4", 1}};
    if (is_reject)
      check_fails(writer->append(borrowed(some_reject(5, std::string(300'000, 'x')))),
                  errc::unavailable);
    else
      check_fails(writer->append(block_of(rows)), errc::unavailable);
    files.failing.clear();
    check_fails(writer->finish(0, 3), errc::unavailable, "3-2.rows");
    writer.reset();
    BOOST_TEST(files_left().empty());
  }
}

BOOST_AUTO_TEST_CASE(what_is_too_large_fails_the_attempt) {
  auto writer = begun({a_job, 3, 2});
  const std::string text(33U << 20, 'x');
  check_fails(writer->append(borrowed(some_reject(5, text))), errc::too_large);
  check_fails(writer->finish(0, 3), errc::unavailable);
  writer.reset();
  check_fails(store->begin({a_job, 3, 2}, calls(keyed_by::nothing), text), errc::too_large);
  BOOST_TEST(files_left().empty());
}

BOOST_AUTO_TEST_CASE(opening_removes_what_an_earlier_life_left_and_keeps_finished_files) {
  stored({a_job, 3, 2});
  std::ofstream(scratch / "rows/incoming/0") << "half";
  std::ofstream(scratch / "rows/incoming/77") << "half";
  store = opened();
  BOOST_TEST(files_left().size() == 1u);
  require(store->read({a_job, 3, 2}));
}

BOOST_AUTO_TEST_CASE(opening_to_look_changes_nothing) {
  stored({a_job, 3, 2});
  std::ofstream(scratch / "rows/incoming/0") << "half";
  const auto store_read = row_store::open_read_only(files, scratch / "rows");
  require(store_read);
  require((*store_read)->read({a_job, 3, 2}));
  BOOST_TEST(files_left().size() == 2u);
  check_fails(row_store::open_read_only(files, scratch / "elsewhere"), errc::not_found);
}

BOOST_AUTO_TEST_CASE(attempts_come_and_go_without_each_other) {
  for (const std::uint32_t attempt : {1, 2, 12})
    stored({a_job, 3, attempt});
  stored({a_job, 13, 1});
  stored({another_job, 3, 1});
  BOOST_TEST(*store->remove_other_attempts({a_job, 3, 2}) == 2u);
  BOOST_TEST(
    (keys_left() == std::vector<row_file_key>{{a_job, 3, 2}, {a_job, 13, 1}, {another_job, 3, 1}}));
  BOOST_TEST(*store->remove_other_attempts({a_job, 3, 2}) == 0u);
  BOOST_TEST(*store->remove_job(a_job) == 2u);
  BOOST_TEST((keys_left() == std::vector<row_file_key>{{another_job, 3, 1}}));
  require(store->remove({another_job, 3, 1}));
  require(store->remove({another_job, 3, 1}));
  BOOST_TEST(*store->remove_job(another_job) == 0u);
  BOOST_TEST(keys_left().empty());
}

BOOST_AUTO_TEST_CASE(an_attempt_under_way_is_not_removed_with_its_job) {
  auto writer = begun({a_job, 3, 2});
  BOOST_TEST(*store->remove_job(a_job) == 0u);
  require(writer->finish(0, 3));
  require(store->read({a_job, 3, 2}));
}

BOOST_AUTO_TEST_CASE(who_reads_a_file_goes_on_when_it_is_removed_or_made_anew) {
  stored({a_job, 3, 2});
  const auto file = store->read({a_job, 3, 2});
  require(file);
  stored({a_job, 3, 2});
  require(store->remove({a_job, 3, 2}));
  store.reset();
  require((*file)->check());
}

BOOST_AUTO_TEST_CASE(names_that_are_not_ours_are_left_alone) {
  stored({a_job, 3, 2});
  const auto directory = scratch / "rows/" + a_job.text();
  for (const auto* name : {"3-1", "03-1.rows", "3-1.rows.old", "3.rows", "-1.rows", "3-.rows",
                           "4294967296-1.rows", "3 1.rows", ".rows", "3-1.rowsx"})
    std::ofstream(directory + "/" + name) << "x";
  BOOST_TEST((keys_left() == std::vector<row_file_key>{{a_job, 3, 2}}));
  BOOST_TEST(*store->remove_job(a_job) == 1u);
  BOOST_TEST(files_left().size() == 10u);
}

BOOST_AUTO_TEST_CASE(visiting_ends_when_told_to) {
  stored({a_job, 3, 2});
  stored({a_job, 3, 3});
  stored({another_job, 1, 1});
  int visits = 0;
  require(store->each([&](const row_file_key&, std::uint64_t) { return ++visits < 2; }));
  BOOST_TEST(visits == 2);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

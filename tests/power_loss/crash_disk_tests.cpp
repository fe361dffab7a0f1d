// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/crash_disk.hpp"
#include "tests/power_loss/crash_files.hpp"
#include "tests/power_loss/dice.hpp"
#include "tests/power_loss/rocks_disk.hpp"

#include <boost/test/unit_test.hpp>
#include <rocksdb/db.h>

#include <set>

using namespace dossier;
using namespace dossier::power_loss;

namespace crash_disk_tests {

constexpr int seeds = 300;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

std::string content(const crash_disk& disk, const std::string& path) {
  auto file = disk.open_for_reading(path);
  if (!file)
    return "(none)";
  std::string text(disk.size_bytes(*file).value(), ' ');
  BOOST_REQUIRE_EQUAL(disk.read(*file, 0, text).value(), text.size());
  return text;
}

/// Every content that the seeds leave under this path, "(none)" among them where the name is lost.
std::set<std::string> found_after_cuts(const crash_disk& disk, const std::string& path) {
  std::set<std::string> found;
  for (int seed = 0; seed < seeds; ++seed)
    found.insert(content(*disk.cut(seed), path));
  return found;
}

crash_disk::handle write(crash_disk& disk, const std::string& path, std::string_view text) {
  auto file = disk.open_for_writing(path, crash_disk::opening::must_be_new).value();
  BOOST_REQUIRE(disk.append(file, text));
  return file;
}

crash_disk::handle write_durably(crash_disk& disk, const std::string& path, std::string_view text) {
  auto file = write(disk, path, text);
  BOOST_REQUIRE(disk.sync(file));
  BOOST_REQUIRE(disk.sync_directory("/"));
  return file;
}

struct rocks {
  explicit rocks(crash_disk& disk)
    : env(make_rocks_env(disk)) {
    options.env = env.get();
    options.create_if_missing = true;
    options.write_buffer_size = 64 << 10;
    options.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  }
  rocksdb::Status open() {
    rocksdb::DB* opened = nullptr;
    auto status = rocksdb::DB::Open(options, "/db", &opened);
    db.reset(opened);
    return status;
  }
  std::unique_ptr<rocksdb::Env> env;
  rocksdb::Options options;
  std::unique_ptr<rocksdb::DB> db;
};

} // namespace crash_disk_tests

BOOST_AUTO_TEST_SUITE(crash_disk_tests)

BOOST_AUTO_TEST_CASE(what_is_synced_with_its_name_survives_every_cut) {
  crash_disk disk;
  write_durably(disk, "/a", "kept");
  BOOST_TEST(found_after_cuts(disk, "/a") == std::set<std::string>{"kept"});
}

BOOST_AUTO_TEST_CASE(a_synced_file_without_a_synced_name_may_vanish) {
  crash_disk disk;
  auto file = write(disk, "/a", "kept");
  BOOST_REQUIRE(disk.sync(file));
  auto expected = std::set<std::string>{"(none)", "kept"};
  BOOST_TEST(found_after_cuts(disk, "/a") == expected);
}

BOOST_AUTO_TEST_CASE(a_synced_name_does_not_bring_its_content) {
  crash_disk disk;
  write(disk, "/a", "lost");
  BOOST_REQUIRE(disk.sync_directory("/"));
  auto found = found_after_cuts(disk, "/a");
  BOOST_TEST(found.contains(""));
  BOOST_TEST(found.contains("lost"));
  BOOST_TEST(found.contains(std::string(4, '\0')));
  BOOST_TEST(!found.contains("(none)"));
}

BOOST_AUTO_TEST_CASE(unsynced_writes_never_harm_synced_bytes_before_them) {
  crash_disk disk;
  auto file = write_durably(disk, "/a", "kept");
  BOOST_REQUIRE(disk.append(file, std::string(2000, 'x')));
  BOOST_REQUIRE(disk.append(file, std::string(2000, 'y')));
  bool later_without_earlier = false;
  bool is_torn = false;
  for (const auto& found : found_after_cuts(disk, "/a")) {
    BOOST_TEST(found.starts_with("kept"));
    later_without_earlier
      |= !(found.find('x') != std::string::npos) && found.ends_with(std::string(2000, 'y'));
    is_torn |= found.substr(0, 512) == "kept" + std::string(508, '\0') && found[512] == 'x';
  }
  BOOST_TEST(later_without_earlier);
  BOOST_TEST(is_torn);
}

BOOST_AUTO_TEST_CASE(a_file_kept_in_order_is_found_with_a_beginning_of_what_was_written) {
  crash_disk disk;
  auto file = write_durably(disk, "/a", "kept");
  disk.keep_in_order(file);
  std::string tail(3000, 'x');
  BOOST_REQUIRE(disk.append(file, tail));
  for (const auto& found : found_after_cuts(disk, "/a"))
    BOOST_TEST(("kept" + tail).starts_with(found));
  BOOST_TEST(found_after_cuts(disk, "/a").contains("kept" + tail));
}

BOOST_AUTO_TEST_CASE(an_unsynced_rename_is_whole_or_undone) {
  crash_disk disk;
  write_durably(disk, "/old", "new content");
  write_durably(disk, "/name", "old content");
  BOOST_REQUIRE(disk.rename("/old", "/name"));
  bool was_done = false;
  bool was_undone = false;
  for (int seed = 0; seed < seeds; ++seed) {
    auto found = disk.cut(seed);
    bool is_done = content(*found, "/old") == "(none)";
    BOOST_TEST(content(*found, "/name") == (is_done ? "new content" : "old content"));
    (is_done ? was_done : was_undone) = true;
  }
  BOOST_TEST(was_done);
  BOOST_TEST(was_undone);
}

BOOST_AUTO_TEST_CASE(a_rename_is_durable_with_the_directory_it_leads_to) {
  crash_disk disk;
  BOOST_REQUIRE(disk.make_directory("/from"));
  BOOST_REQUIRE(disk.make_directory("/to"));
  BOOST_REQUIRE(disk.sync_directory("/"));
  BOOST_REQUIRE(disk.sync(write(disk, "/from/a", "kept")));
  BOOST_REQUIRE(disk.rename("/from/a", "/to/a"));
  BOOST_REQUIRE(disk.sync_directory("/from"));
  BOOST_TEST(found_after_cuts(disk, "/to/a").contains("(none)"));
  BOOST_REQUIRE(disk.sync_directory("/to"));
  BOOST_TEST(found_after_cuts(disk, "/to/a") == std::set<std::string>{"kept"});
  BOOST_TEST(found_after_cuts(disk, "/from/a") == std::set<std::string>{"(none)"});
}

BOOST_AUTO_TEST_CASE(an_unsynced_removal_may_come_back) {
  crash_disk disk;
  write_durably(disk, "/a", "kept");
  BOOST_REQUIRE(disk.remove("/a"));
  BOOST_TEST(content(disk, "/a") == "(none)");
  auto expected = std::set<std::string>{"(none)", "kept"};
  BOOST_TEST(found_after_cuts(disk, "/a") == expected);
}

BOOST_AUTO_TEST_CASE(an_unsynced_directory_takes_its_files_along) {
  crash_disk disk;
  BOOST_REQUIRE(disk.make_directory("/d"));
  BOOST_REQUIRE(disk.sync(write(disk, "/d/a", "kept")));
  BOOST_REQUIRE(disk.sync_directory("/d"));
  BOOST_TEST(found_after_cuts(disk, "/d/a").contains("(none)"));
}

BOOST_AUTO_TEST_CASE(changes_of_one_directory_survive_in_their_order) {
  crash_disk disk;
  BOOST_REQUIRE(disk.make_directory("/d"));
  BOOST_REQUIRE(disk.sync_directory("/"));
  for (const auto* path : {"/a", "/d/b", "/c"})
    BOOST_REQUIRE(disk.sync(write(disk, path, "kept")));
  bool is_second_directory_ahead = false;
  for (int seed = 0; seed < seeds; ++seed) {
    auto found = disk.cut(seed);
    auto has = [&](const char* path) {
      return found->kind_of(path) == crash_disk::kind::file;
    };
    BOOST_TEST((has("/a") || !has("/c")));
    is_second_directory_ahead |= has("/d/b") && !has("/a");
  }
  BOOST_TEST(is_second_directory_ahead);
}

BOOST_AUTO_TEST_CASE(the_same_seed_leaves_the_same_disk) {
  crash_disk disk;
  auto file = write_durably(disk, "/a", "kept");
  BOOST_REQUIRE(disk.append(file, std::string(5000, 'x')));
  for (int seed = 0; seed < seeds; ++seed)
    BOOST_TEST(content(*disk.cut(seed), "/a") == content(*disk.cut(seed), "/a"));
}

BOOST_AUTO_TEST_CASE(after_the_power_went_nothing_works_and_nothing_changes) {
  crash_disk disk;
  auto file = write_durably(disk, "/a", "kept");
  disk.cut_power_at(disk.operations() + 1);
  BOOST_TEST(disk.append(file, "x").has_value());
  BOOST_TEST(disk.is_dead());
  BOOST_TEST((disk.append(file, "y").error().code == errc::unavailable));
  BOOST_TEST((disk.sync(file).error().code == errc::unavailable));
  BOOST_TEST((disk.open_for_reading("/a").error().code == errc::unavailable));
  BOOST_TEST((disk.remove("/a").error().code == errc::unavailable));
  for (const auto& found : found_after_cuts(disk, "/a"))
    BOOST_TEST(found.size() <= 5u);
}

BOOST_AUTO_TEST_CASE(the_products_files_keep_their_promises_on_it) {
  crash_disk disk;
  crash_files files(disk);
  BOOST_REQUIRE(files.make_directories("/data/blobs/ab"));
  BOOST_TEST(files.is_directory("/data/blobs/ab"));
  auto file = files.create("/data/blobs/new").value();
  BOOST_TEST((files.create("/data/blobs/new").error().code == errc::conflict));
  BOOST_REQUIRE(file->append(bytes_of("some content")));
  BOOST_REQUIRE(file->sync());
  BOOST_REQUIRE(files.rename("/data/blobs/new", "/data/blobs/ab/name"));
  BOOST_REQUIRE(files.sync_directory("/data/blobs/ab"));
  BOOST_TEST(!files.exists("/data/blobs/new"));
  BOOST_TEST(files.open("/data/blobs/ab/name").value()->size_bytes() == 12u);
  BOOST_TEST((files.open("/data/blobs/ab/none").error().code == errc::not_found));
  BOOST_TEST(files.remove("/data/blobs/ab/none").has_value());
  BOOST_TEST(files.list("/data/blobs").value() == std::vector<std::string>{"ab"},
             boost::test_tools::per_element());
  BOOST_TEST(found_after_cuts(disk, "/data/blobs/ab/name")
             == std::set<std::string>{"some content"});
}

BOOST_AUTO_TEST_CASE(rocksdb_keeps_every_write_up_to_the_last_synced_one) {
  for (int seed = 0; seed < 40; ++seed) {
    dice d(seed);
    crash_disk disk;
    int synced_until = 0;
    {
      // Why: RocksDB makes its directory but never syncs the parent.
      BOOST_REQUIRE(disk.make_directory("/db"));
      BOOST_REQUIRE(disk.sync_directory("/"));
      rocks before(disk);
      BOOST_REQUIRE(before.open().ok());
      disk.cut_power_at(disk.operations() + d.below(300));
      for (int i = 1; !disk.is_dead(); ++i) {
        rocksdb::WriteOptions how;
        how.sync = d.chance(30);
        auto status = before.db->Put(how, std::to_string(i), std::string(d.below(3000), 'v'));
        if (status.ok() && how.sync)
          synced_until = i;
      }
    }
    auto found = disk.cut(seed);
    rocks after(*found);
    auto opened = after.open();
    BOOST_REQUIRE_MESSAGE(opened.ok(), "seed " << seed << ": " << opened.ToString());
    std::string value;
    int i = 1;
    while (after.db->Get({}, std::to_string(i), &value).ok())
      ++i;
    BOOST_TEST(i > synced_until,
               "seed " << seed << ": synced until " << synced_until << ", found until " << i - 1);
  }
}

BOOST_AUTO_TEST_SUITE_END()

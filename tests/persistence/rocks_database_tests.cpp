// SPDX-License-Identifier: Apache-2.0
// Directories that are held by others, foreign, missing or of another layout: refused by name.
#include "persistence/rocks_database.hpp"

#include "tests/persistence/rocks_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

using namespace dossier;
using namespace dossier::samples;

namespace rocks_database_tests {

failure refusal_of(const rocks_options& options) {
  auto opened = rocks_journal::open(options);
  BOOST_REQUIRE(opened.has_error());
  return opened.error();
}

} // namespace rocks_database_tests

BOOST_AUTO_TEST_SUITE(rocks_database_tests)

BOOST_AUTO_TEST_CASE(another_shard_count_is_refused) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  open(path);
  auto options = options_for(path);
  options.shard_count = shard_count + 1;
  const auto refused = refusal_of(options);
  BOOST_TEST((refused.code == errc::corrupt));
  BOOST_TEST(refused.why.find("4 shards") != std::string::npos, refused.why);
  options.shard_count = 0;
  BOOST_TEST((refusal_of(options).code == errc::invalid_argument));
  BOOST_TEST(open(path)->shard_count() == shard_count);
}

BOOST_AUTO_TEST_CASE(a_directory_in_use_is_refused_with_who_uses_it) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  const auto store = open(path);
  for (const bool read_only : {false, true}) {
    auto options = options_for(path);
    options.read_only = read_only;
    const auto refused = refusal_of(options);
    BOOST_TEST((refused.code == errc::unavailable));
    BOOST_TEST(refused.why.find("another dossier is using the directory") != std::string::npos,
               refused.why);
  }
}

BOOST_AUTO_TEST_CASE(a_directory_in_use_by_another_process_is_refused) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  open(path);
  const auto lock_path = path + "/LOCK";
  int is_locked[2];
  int may_end[2];
  BOOST_REQUIRE(pipe(is_locked) == 0);
  BOOST_REQUIRE(pipe(may_end) == 0);
  const auto child = fork();
  BOOST_REQUIRE(child >= 0);
  if (child == 0) {
    // Only async-signal-safe calls here: this process has threads.
    struct flock whole {};
    whole.l_type = F_WRLCK;
    const int lock = ::open(lock_path.c_str(), O_RDWR);
    char byte = fcntl(lock, F_SETLK, &whole) == 0 ? 'y' : 'n';
    close(may_end[1]);
    if (write(is_locked[1], &byte, 1) == 1 && read(may_end[0], &byte, 1) == 0)
      _exit(0);
    _exit(1);
  }
  close(may_end[0]);
  char byte = 0;
  BOOST_REQUIRE(read(is_locked[0], &byte, 1) == 1);
  BOOST_REQUIRE(byte == 'y');
  for (const bool read_only : {false, true}) {
    auto options = options_for(path);
    options.read_only = read_only;
    const auto refused = refusal_of(options);
    BOOST_TEST((refused.code == errc::unavailable));
    BOOST_TEST(refused.why.find("another dossier") != std::string::npos, refused.why);
  }
  close(may_end[1]);
  int status = -1;
  BOOST_REQUIRE(waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  close(is_locked[0]);
  close(is_locked[1]);
  open(path);
}

BOOST_AUTO_TEST_CASE(a_missing_directory_is_not_made_for_reading) {
  const scratch_directory directory;
  auto options = options_for(directory / "journal");
  options.read_only = true;
  BOOST_TEST((refusal_of(options).code == errc::not_found));
  BOOST_TEST(std::filesystem::is_empty(directory.path()));
}

BOOST_AUTO_TEST_CASE(a_directory_that_is_not_ours_is_refused) {
  const scratch_directory directory;
  rocksdb::Options foreign;
  foreign.create_if_missing = true;
  const auto make = [&](const std::string& name, const std::function<void(rocksdb::DB&)>& fill) {
    rocksdb::DB* db = nullptr;
    const auto status = rocksdb::DB::Open(foreign, directory / name, &db);
    BOOST_REQUIRE_MESSAGE(status.ok(), status.ToString());
    const std::unique_ptr<rocksdb::DB> owned{db};
    fill(*db);
  };
  make("with rows",
       [](rocksdb::DB& db) { BOOST_REQUIRE(db.Put(rocksdb::WriteOptions{}, "some", "row").ok()); });
  make("with columns", [](rocksdb::DB& db) {
    rocksdb::ColumnFamilyHandle* handle = nullptr;
    BOOST_REQUIRE(db.CreateColumnFamily({}, "foreign", &handle).ok());
    BOOST_REQUIRE(db.DestroyColumnFamilyHandle(handle).ok());
  });
  for (const auto* name : {"with rows", "with columns"}) {
    const auto refused = refusal_of(options_for(directory / name));
    BOOST_TEST((refused.code == errc::corrupt), refused.why);
  }
}

BOOST_AUTO_TEST_CASE(a_directory_of_a_later_layout_is_refused) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  open(path);
  edit(path, [](rocks_database& database) {
    put_raw(database, column::meta, "layout", std::string("\0\0\0\0\0\0\0\2\0\0\0\0\0\0\0\4", 16));
  });
  const auto refused = refusal_of(options_for(path));
  BOOST_TEST((refused.code == errc::corrupt));
  BOOST_TEST(refused.why.find("layout 2") != std::string::npos, refused.why);
}

BOOST_AUTO_TEST_SUITE_END()

// SPDX-License-Identifier: Apache-2.0
// What posix_files promises about files, names and directories, and how it says what went wrong.
#include "persistence/files.hpp"

#include "tests/persistence/blob_world.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <string_view>

namespace dossier {

namespace files_tests {

using test::bytes_of;
using test::require;

template <class T>
void check_refused(const result<T>& outcome, errc code, std::string_view part) {
  BOOST_REQUIRE(outcome.has_error());
  BOOST_CHECK_EQUAL(to_string(outcome.error().code), to_string(code));
  BOOST_CHECK_MESSAGE(outcome.error().why.find(part) != std::string::npos, outcome.error().why);
}

void write_file(const std::string& path, std::string_view text) {
  auto file = posix_files().create(path);
  require(file);
  require((*file)->append(bytes_of(text)));
  require((*file)->sync());
}

std::string read_file(const std::string& path) {
  auto file = posix_files().open(path);
  require(file);
  std::string text((*file)->size_bytes(), '\0');
  const auto count = (*file)->read(0, std::as_writable_bytes(std::span(text)));
  require(count);
  BOOST_CHECK_EQUAL(*count, text.size());
  return text;
}

mode_t mode_of(const std::string& path) {
  struct stat about;
  BOOST_REQUIRE_EQUAL(stat(path.c_str(), &about), 0);
  return about.st_mode & 07777;
}

/// No file may grow beyond this while it is alive: a device that fills up in the middle of a write.
class file_size_limit {
public:
  explicit file_size_limit(rlim_t bytes)
    : before_handler_(signal(SIGXFSZ, SIG_IGN)) {
    BOOST_REQUIRE_EQUAL(getrlimit(RLIMIT_FSIZE, &before_), 0);
    const rlimit now{bytes, before_.rlim_max};
    BOOST_REQUIRE_EQUAL(setrlimit(RLIMIT_FSIZE, &now), 0);
  }
  ~file_size_limit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, before_handler_);
  }

private:
  rlimit before_{};
  sighandler_t before_handler_;
};

/// How much of a file is not on the medium yet; nullopt where the kernel is older than 6.5.
std::optional<std::uint64_t> queued_bytes(const std::string& path) {
  constexpr long cachestat = 451; // On every architecture; not in the headers of Debian 12.
  const std::uint64_t all[2]{0, 0};
  std::uint64_t pages[5]{}; // cached, dirty, being written back, evicted, recently evicted
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  BOOST_REQUIRE(descriptor >= 0);
  const auto outcome = ::syscall(cachestat, descriptor, all, pages, 0);
  ::close(descriptor);
  if (outcome != 0)
    return std::nullopt;
  return (pages[1] + pages[2]) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

struct scratch_fixture {
  file_system& files = posix_files();
  scratch_directory scratch;
};

} // namespace files_tests

BOOST_FIXTURE_TEST_SUITE(files_tests, files_tests::scratch_fixture)

BOOST_AUTO_TEST_CASE(a_file_holds_what_was_appended_and_is_private) {
  auto file = files.create(scratch / "a");
  require(file);
  require((*file)->append(bytes_of("one ")));
  require((*file)->append({}));
  require((*file)->append(bytes_of("two")));
  require((*file)->sync());
  BOOST_CHECK_EQUAL(read_file(scratch / "a"), "one two");
  BOOST_CHECK_EQUAL(mode_of(scratch / "a"), 0600);
}

BOOST_AUTO_TEST_CASE(a_large_file_does_not_queue_up_before_the_medium) {
  auto file = files.create(scratch / "a");
  require(file);
  std::string wanted;
  for (int i = 0; i < 40; ++i) {
    const std::string piece(300'007, static_cast<char>('a' + i));
    require((*file)->append(bytes_of(piece)));
    wanted += piece;
  }
  const auto queued = queued_bytes(scratch / "a");
  if (queued)
    BOOST_TEST(*queued <= 5u * 1'048'576);
  else
    BOOST_TEST_MESSAGE("this kernel does not tell what is queued");
  require((*file)->sync());
  BOOST_CHECK(read_file(scratch / "a") == wanted);
}

BOOST_AUTO_TEST_CASE(bypassing_the_cache_changes_no_byte) {
  constexpr std::size_t gathered = 1'048'576;
  for (const auto size : {std::size_t{0}, std::size_t{1}, gathered - 1, gathered, gathered + 1,
                          3 * gathered + 4'097}) {
    const auto path = scratch / std::to_string(size);
    auto file = files.create(path, caching::bypassed);
    require(file);
    std::string wanted;
    for (std::size_t i = 0; wanted.size() < size; ++i) {
      const std::string piece(std::min<std::size_t>(300'007, size - wanted.size()),
                              static_cast<char>('a' + i));
      require((*file)->append(bytes_of(piece)));
      wanted += piece;
    }
    require((*file)->sync());
    BOOST_CHECK(read_file(path) == wanted);
    // What follows a sync begins in the middle of a block.
    require((*file)->append(bytes_of("and more")));
    require((*file)->sync());
    BOOST_CHECK(read_file(path) == wanted + "and more");
  }
}

BOOST_AUTO_TEST_CASE(creating_what_exists_is_a_conflict_and_changes_nothing) {
  write_file(scratch / "a", "first");
  check_refused(files.create(scratch / "a"), errc::conflict, "File exists");
  BOOST_CHECK_EQUAL(read_file(scratch / "a"), "first");
}

BOOST_AUTO_TEST_CASE(failures_name_the_path_and_the_reason) {
  const auto path = scratch / "missing/a";
  check_refused(files.create(path), errc::unavailable,
                "Could not create " + path + ": No such file or directory");
  check_refused(files.rename(path, scratch / "b"), errc::unavailable, path);
  check_refused(files.sync_directory(scratch / "missing"), errc::unavailable,
                "Could not sync the directory " + (scratch / "missing"));
}

BOOST_AUTO_TEST_CASE(opening_needs_a_regular_file) {
  check_refused(files.open(scratch / "a"), errc::not_found, scratch / "a");
  check_refused(files.open(scratch.path()), errc::unavailable, "not a regular file");
  BOOST_REQUIRE_EQUAL(mkfifo((scratch / "pipe").c_str(), 0600), 0);
  check_refused(files.open(scratch / "pipe"), errc::unavailable, "not a regular file");
}

BOOST_AUTO_TEST_CASE(reading_starts_at_the_offset_and_ends_at_the_end) {
  write_file(scratch / "a", "0123456789");
  auto file = files.open(scratch / "a");
  require(file);
  BOOST_CHECK_EQUAL((*file)->size_bytes(), 10u);
  std::string into(4, '.');
  const auto read_at = [&](std::uint64_t offset) {
    const auto count = (*file)->read(offset, std::as_writable_bytes(std::span(into)));
    require(count);
    return into.substr(0, *count);
  };
  BOOST_CHECK_EQUAL(read_at(3), "3456");
  BOOST_CHECK_EQUAL(read_at(8), "89");
  BOOST_CHECK_EQUAL(read_at(10), "");
  BOOST_CHECK_EQUAL(read_at(1'000), "");
}

BOOST_AUTO_TEST_CASE(descriptors_are_not_inherited) {
  write_file(scratch / "a", "x");
  auto file = files.open(scratch / "a");
  require(file);
  BOOST_CHECK_EQUAL(fcntl((*file)->descriptor(), F_GETFD), FD_CLOEXEC);
}

BOOST_AUTO_TEST_CASE(renaming_replaces_what_was_there) {
  write_file(scratch / "a", "new");
  write_file(scratch / "b", "old");
  require(files.rename(scratch / "a", scratch / "b"));
  BOOST_CHECK(!files.exists(scratch / "a"));
  BOOST_CHECK_EQUAL(read_file(scratch / "b"), "new");
}

BOOST_AUTO_TEST_CASE(removing_succeeds_if_nothing_is_there_and_spares_directories) {
  write_file(scratch / "a", "x");
  require(files.remove(scratch / "a"));
  BOOST_CHECK(!files.exists(scratch / "a"));
  require(files.remove(scratch / "a"));
  require(files.make_directories(scratch / "d"));
  check_refused(files.remove(scratch / "d"), errc::unavailable, scratch / "d");
  BOOST_CHECK(files.is_directory(scratch / "d"));
}

BOOST_AUTO_TEST_CASE(missing_parents_are_made_private_and_making_again_is_fine) {
  require(files.make_directories(scratch / "x/y/z"));
  require(files.make_directories(scratch / "x/y/z/"));
  require(files.make_directories("/"));
  for (const auto* name : {"x", "x/y", "x/y/z"}) {
    BOOST_CHECK(files.is_directory(scratch / name));
    BOOST_CHECK_EQUAL(mode_of(scratch / name), 0700);
  }
}

BOOST_AUTO_TEST_CASE(a_file_in_the_way_of_a_directory_is_named) {
  write_file(scratch / "x", "");
  check_refused(files.make_directories(scratch / "x/y"), errc::unavailable,
                "Could not make the directory " + (scratch / "x"));
  BOOST_CHECK(!files.is_directory(scratch / "x"));
  BOOST_CHECK(!files.is_directory(scratch / "absent"));
}

BOOST_AUTO_TEST_CASE(a_list_has_every_name_but_the_dots) {
  write_file(scratch / ".hidden", "");
  write_file(scratch / "b", "");
  require(files.make_directories(scratch / "a"));
  auto names = files.list(scratch.path());
  require(names);
  std::ranges::sort(*names);
  const std::vector<std::string> wanted{".hidden", "a", "b"};
  BOOST_CHECK_EQUAL_COLLECTIONS(names->begin(), names->end(), wanted.begin(), wanted.end());
  check_refused(files.list(scratch / "absent"), errc::not_found, scratch / "absent");
}

BOOST_AUTO_TEST_CASE(a_directory_of_a_process_that_has_ended_is_made_or_emptied) {
  const auto path = scratch / "x/incoming";
  require(make_empty_directory(files, path));
  BOOST_CHECK(files.is_directory(path));
  write_file(path + "/1", "left");
  write_file(path + "/.2", "");
  write_file(scratch / "x/beside", "stays");
  require(make_empty_directory(files, path));
  const auto names = files.list(path);
  require(names);
  BOOST_CHECK(names->empty());
  BOOST_CHECK_EQUAL(read_file(scratch / "x/beside"), "stays");
  require(files.make_directories(path + "/directory"));
  check_refused(make_empty_directory(files, path), errc::unavailable, path + "/directory");
  write_file(scratch / "file", "");
  check_refused(make_empty_directory(files, scratch / "file"), errc::unavailable, scratch / "file");
}

BOOST_AUTO_TEST_CASE(past_the_cache_a_write_that_ends_short_goes_on_the_usual_way) {
  auto file = files.create(scratch / "a", caching::bypassed);
  require(file);
  {
    // No whole number of blocks: what is left of the limit no device takes directly.
    const file_size_limit limit(1'000'001);
    check_refused((*file)->append(bytes_of(std::string(1'500'000, 'x'))), errc::unavailable,
                  "File too large");
  }
  BOOST_CHECK_EQUAL(read_file(scratch / "a").size(), 1'000'001u);
  check_refused((*file)->append(bytes_of("y")), errc::unavailable, "an earlier write");
  check_refused((*file)->sync(), errc::unavailable, "an earlier write");
}

BOOST_AUTO_TEST_CASE(a_write_that_ends_short_is_continued_and_its_failure_kept) {
  auto file = files.create(scratch / "a");
  require(file);
  {
    const file_size_limit limit(1'000);
    // The kernel takes 1,000 bytes and refuses the rest.
    check_refused((*file)->append(bytes_of(std::string(1'500, 'x'))), errc::unavailable,
                  "File too large");
  }
  BOOST_CHECK_EQUAL(read_file(scratch / "a").size(), 1'000u);
  check_refused((*file)->append(bytes_of("y")), errc::unavailable, "an earlier write");
  check_refused((*file)->sync(), errc::unavailable, "an earlier write");
  BOOST_CHECK_EQUAL(read_file(scratch / "a").size(), 1'000u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

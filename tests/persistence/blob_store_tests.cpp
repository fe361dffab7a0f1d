// SPDX-License-Identifier: Apache-2.0
// What the blob store promises of content: it is whole, and durable before it is acknowledged.
#include "persistence/blob_store.hpp"

#include "tests/persistence/blob_world.hpp"

#include <boost/test/unit_test.hpp>

#include <fstream>
#include <functional>
#include <thread>

namespace dossier {

using namespace test;

BOOST_FIXTURE_TEST_SUITE(blob_store_tests, store_fixture)

BOOST_AUTO_TEST_CASE(content_is_read_back_under_its_digest) {
  auto upload = store->begin("a", false);
  require(upload);
  for (const auto* piece : {"he", "", "llo"})
    require((*upload)->append(bytes_of(piece)));
  BOOST_CHECK_EQUAL((*upload)->size_bytes(), 5u);
  const auto content = (*upload)->finish({});
  require(content);
  BOOST_CHECK(content->sha256 == a_hello.sha256);
  BOOST_CHECK_EQUAL(content->size_bytes, 5u);
  BOOST_CHECK(store->has(a_hello));
  BOOST_CHECK_EQUAL(read(a_hello), "hello");
  BOOST_CHECK_EQUAL(store->stats().uploads_finished.load(), 1u);
  BOOST_CHECK_EQUAL(store->stats().bytes_in.load(), 5u);
}

BOOST_AUTO_TEST_CASE(empty_content_is_content) {
  const auto content = stored("a", "");
  BOOST_CHECK_EQUAL(content.size_bytes, 0u);
  BOOST_CHECK_EQUAL(read(key_of("a", "")), "");
}

BOOST_AUTO_TEST_CASE(equal_content_is_kept_once_for_each_customer) {
  const auto first = stored("a", "hello");
  const auto second = stored("a", "hello");
  BOOST_CHECK_EQUAL(files_left().size(), 1u);
  const auto third = stored("b", "hello");
  BOOST_CHECK_EQUAL(files_left().size(), 2u);
}

BOOST_AUTO_TEST_CASE(what_is_absent_is_not_found) {
  BOOST_CHECK(!store->has(a_hello));
  const auto file = store->read(a_hello);
  BOOST_REQUIRE(file.has_error());
  BOOST_CHECK(file.error().code == errc::not_found);
}

BOOST_AUTO_TEST_CASE(data_is_synced_before_its_name_and_the_directory_after) {
  auto upload = sent("a", "hello");
  files.done.clear();
  require(upload->finish({}));
  const std::vector<std::string> wanted{"sync", "make_directories", "rename", "sync_directory"};
  BOOST_CHECK_EQUAL_COLLECTIONS(files.done.begin(), files.done.end(), wanted.begin(), wanted.end());
}

BOOST_AUTO_TEST_CASE(content_that_was_there_already_is_made_durable_no_less) {
  const auto first = stored("a", "hello");
  auto upload = sent("a", "hello");
  files.done.clear();
  require(upload->finish({}));
  const std::vector<std::string> wanted{"sync", "rename", "sync_directory"};
  BOOST_CHECK_EQUAL_COLLECTIONS(files.done.begin(), files.done.end(), wanted.begin(), wanted.end());
}

BOOST_AUTO_TEST_CASE(an_upload_makes_damaged_content_whole_and_disturbs_no_reader) {
  auto content = stored("a", "hello");
  const auto paths = files_left();
  BOOST_REQUIRE_EQUAL(paths.size(), 1u);
  std::ofstream(paths[0]) << "help!";
  const auto damaged = store->read(a_hello);
  require(damaged);
  const auto checked = store->check(a_hello);
  BOOST_REQUIRE(checked.has_error());
  BOOST_CHECK(checked.error().code == errc::corrupt);
  const auto again = stored("a", "hello");
  require(store->check(a_hello));
  std::string text(5, '\0');
  require((*damaged)->read(0, std::as_writable_bytes(std::span(text))));
  BOOST_CHECK_EQUAL(text, "help!");
}

BOOST_AUTO_TEST_CASE(what_was_declared_and_is_true_is_accepted) {
  md5_digest md5;
  require(parse_base64("XUFAKrxLKna5cZ2REBfFkg==", md5));
  require(sent("a", "hello")->finish({5, a_hello.sha256, md5}));
}

BOOST_AUTO_TEST_CASE(what_was_declared_and_is_false_is_refused_by_name_and_leaves_no_trace) {
  const std::string sha256 = to_hex(sha256_of("other"));
  const std::vector<std::tuple<content_checks, std::string, std::string>> cases{
    {{6, {}, {}}, "sizeBytes", "is 5, but 6 was declared"},
    {{{}, sha256_of("other"), {}}, "sha256", "but " + sha256 + " was declared"},
    {{{}, {}, md5_digest{}},
     "Content-MD5",
     "is XUFAKrxLKna5cZ2REBfFkg==, but AAAAAAAAAAAAAAAAAAAAAA== was declared"},
  };
  for (const auto& [checks, where, part] : cases) {
    const auto finished = sent("a", "hello")->finish(checks);
    BOOST_REQUIRE(finished.has_error());
    BOOST_CHECK(finished.error().code == errc::content_mismatch);
    BOOST_CHECK_EQUAL(finished.error().where, where);
    BOOST_CHECK_MESSAGE(finished.error().why.find(part) != std::string::npos, finished.error().why);
    BOOST_CHECK(files_left().empty());
  }
  BOOST_CHECK_EQUAL(store->stats().uploads_finished.load(), 0u);
}

BOOST_AUTO_TEST_CASE(an_upload_that_is_given_up_leaves_no_trace) {
  auto upload = sent("a", "hello");
  BOOST_CHECK_EQUAL(files_left().size(), 1u);
  upload.reset();
  BOOST_CHECK(files_left().empty());
}

BOOST_AUTO_TEST_CASE(a_failing_disk_fails_the_upload_and_holds_nothing) {
  for (const auto* operation : {"sync", "make_directories", "rename"}) {
    files.failing = operation;
    const auto finished = sent("a", "hello")->finish({});
    BOOST_REQUIRE_MESSAGE(finished.has_error(), operation);
    BOOST_CHECK(finished.error().code == errc::unavailable);
    files.failing.clear();
    BOOST_CHECK_MESSAGE(files_left().empty(), operation);
  }
  files.failing = "sync_directory";
  BOOST_CHECK(sent("a", "hello")->finish({}).has_error());
  files.failing.clear();
  // It has its name, but nobody was told so and no pin is left.
  BOOST_CHECK(is_collected(a_hello));
}

BOOST_AUTO_TEST_CASE(an_upload_that_lost_bytes_is_never_finished) {
  auto upload = sent("a", "hello");
  files.failing = "append";
  BOOST_CHECK(upload->append(bytes_of(" world")).has_error());
  files.failing.clear();
  const auto finished = upload->finish({});
  BOOST_REQUIRE(finished.has_error());
  BOOST_CHECK(finished.error().code == errc::unavailable);
  upload.reset();
  BOOST_CHECK(files_left().empty());
}

BOOST_AUTO_TEST_CASE(opening_removes_what_an_earlier_life_left_and_keeps_content) {
  const auto content = stored("a", "hello");
  std::ofstream(scratch / "incoming/0") << "half";
  std::ofstream(scratch / "incoming/77") << "half";
  const auto again = opened();
  BOOST_CHECK_EQUAL(files_left().size(), 1u);
  BOOST_CHECK(again->has(a_hello));
}

BOOST_AUTO_TEST_CASE(customers_that_could_leave_the_directory_are_refused) {
  for (const auto* name : {"", ".", "..", ".a", "a/b", "a\n", "ä"}) {
    const auto upload = store->begin(name, false);
    BOOST_REQUIRE_MESSAGE(upload.has_error(), name);
    BOOST_CHECK(upload.error().code == errc::invalid_argument);
  }
  BOOST_CHECK(files_left().empty());
}

BOOST_AUTO_TEST_CASE(each_content_is_visited_with_its_customer_and_size_until_told_to_stop) {
  const auto one = stored("a", "hello");
  const auto two = stored("b", "longer than that");
  std::map<content_key, std::uint64_t> seen;
  require(store->each([&](const content_key& key, std::uint64_t size_bytes) {
    seen[key] = size_bytes;
    return true;
  }));
  const std::map<content_key, std::uint64_t> wanted{{a_hello, 5},
                                                    {key_of("b", "longer than that"), 16}};
  BOOST_CHECK(seen == wanted);
  int visits = 0;
  require(store->each([&](const content_key&, std::uint64_t) { return ++visits < 1; }));
  BOOST_CHECK_EQUAL(visits, 1);
}

BOOST_AUTO_TEST_CASE(checking_reads_every_byte) {
  std::string text(3'000'000, 'x');
  const auto content = stored("a", text);
  const auto key = key_of("a", text);
  require(store->check(key));
  const auto path = files_left().at(0);
  std::fstream(path, std::ios::in | std::ios::out).seekp(2'999'999).put('y');
  const auto checked = store->check(key);
  BOOST_REQUIRE(checked.has_error());
  BOOST_CHECK(checked.error().code == errc::corrupt);
  BOOST_CHECK(checked.error().why.find(path) != std::string::npos);
  std::filesystem::resize_file(path, 2'999'999);
  BOOST_CHECK(store->check(key).has_error());
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

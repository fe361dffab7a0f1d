// SPDX-License-Identifier: Apache-2.0
// Content is kept while anything holds it and gone after, whoever uploads meanwhile.
#include "tests/persistence/blob_world.hpp"

#include <boost/test/unit_test.hpp>

#include <thread>

namespace dossier {

using namespace test;

BOOST_FIXTURE_TEST_SUITE(content_collection_tests, store_fixture)

BOOST_AUTO_TEST_CASE(pinned_content_is_not_collected) {
  auto first = stored("a", "hello");
  auto second = stored("a", "hello");
  BOOST_CHECK(!is_collected(a_hello));
  first.pin = {};
  BOOST_CHECK(!is_collected(a_hello));
  auto moved = std::move(second.pin);
  second.pin = {};
  BOOST_CHECK(!is_collected(a_hello));
  moved = {};
  BOOST_CHECK(is_collected(a_hello));
  BOOST_CHECK(!store->has(a_hello));
  BOOST_CHECK_EQUAL(store->stats().collected.load(), 1u);
}

BOOST_AUTO_TEST_CASE(a_pin_that_takes_another_ones_place_gives_its_own_up) {
  auto one = stored("a", "hello").pin;
  auto other = stored("a", "other").pin;
  one = std::move(other);
  BOOST_CHECK(is_collected(a_hello));
  BOOST_CHECK(!is_collected(key_of("a", "other")));
}

BOOST_AUTO_TEST_CASE(referenced_content_is_not_collected) {
  references.add(a_hello);
  stored("a", "hello").pin = {};
  stored("b", "hello").pin = {};
  BOOST_CHECK(!is_collected(a_hello));
  BOOST_CHECK(is_collected(key_of("b", "hello")));
  references.drop(a_hello);
  BOOST_CHECK(is_collected(a_hello));
  BOOST_CHECK(!is_collected(a_hello));
}

BOOST_AUTO_TEST_CASE(a_journal_that_cannot_say_keeps_everything) {
  stored("a", "hello").pin = {};
  references.answer_is = fail(errc::unavailable, "The journal is closed.");
  const auto collected = store->collect(a_hello);
  BOOST_REQUIRE(collected.has_error());
  BOOST_CHECK_EQUAL(collected.error().why, "The journal is closed.");
  BOOST_CHECK(store->collect_all([] { return false; }).has_error());
  BOOST_CHECK(store->has(a_hello));
  references.answer_is.reset();
  BOOST_CHECK(is_collected(a_hello));
}

BOOST_AUTO_TEST_CASE(a_walk_collects_exactly_what_nothing_holds) {
  for (const auto* customer : {"a", "b", "c.d-e_F"}) {
    stored(customer, "kept").pin = {};
    references.add(key_of(customer, "kept"));
    stored(customer, "lost").pin = {};
  }
  const auto pinned = stored("b", "pinned");
  const auto count = store->collect_all([] { return false; });
  require(count);
  BOOST_CHECK_EQUAL(*count, 3u);
  for (const auto* customer : {"a", "b", "c.d-e_F"}) {
    BOOST_CHECK(store->has(key_of(customer, "kept")));
    BOOST_CHECK(!store->has(key_of(customer, "lost")));
  }
  BOOST_CHECK(store->has(key_of("b", "pinned")));
}

BOOST_AUTO_TEST_CASE(a_walk_stops_when_it_is_asked_to) {
  for (const auto* text : {"1", "2", "3"})
    stored("a", text).pin = {};
  int asked = 0;
  const auto count = store->collect_all([&] { return ++asked == 2; });
  require(count);
  BOOST_CHECK_EQUAL(*count, 1u);
  BOOST_CHECK_EQUAL(files_left().size(), 2u);
}

BOOST_AUTO_TEST_CASE(a_walk_leaves_strangers_alone) {
  const auto content = stored("a", "hello");
  const auto path = files_left().at(0);
  const auto directory = path.substr(0, path.rfind('/'));
  std::ofstream(directory + "/notes.txt") << "x";
  std::ofstream(directory + "/" + std::string(64, 'A')) << "x";
  std::ofstream(scratch / "content/notes.txt") << "x";
  std::filesystem::create_directories(scratch / "content/zz/a");
  std::ofstream(scratch / "content/zz/a/" + to_hex(a_hello.sha256)) << "x";
  references.add(a_hello);
  const auto count = store->collect_all([] { return false; });
  require(count);
  BOOST_CHECK_EQUAL(*count, 0u);
  BOOST_CHECK_EQUAL(files_left().size(), 5u);
  int seen = 0;
  require(store->each([&](const content_key&, std::uint64_t) { return ++seen > 0; }));
  BOOST_CHECK_EQUAL(seen, 1);
}

BOOST_AUTO_TEST_CASE(an_upload_during_a_collection_outlives_it) {
  stored("a", "hello").pin = {};
  auto upload = sent("a", "hello");
  result<stored_content> finished = fail(errc::internal, "The upload was not finished.");
  std::thread uploader;
  references.on_question = [&] {
    if (!uploader.joinable())
      uploader = std::thread([&] { finished = upload->finish({}); });
  };
  const auto collected = store->collect(a_hello);
  uploader.join();
  references.on_question = [] {
  };
  require(collected);
  require(finished);
  BOOST_CHECK(*collected);
  BOOST_CHECK_EQUAL(read(a_hello), "hello");
  BOOST_CHECK(!is_collected(a_hello));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(content_collection_threads_tests)

BOOST_AUTO_TEST_CASE(held_content_is_there_whatever_collectors_do) {
  const scratch_directory scratch;
  references_only references;
  auto opened = blob_store::open(posix_files(), scratch.path(), references);
  require(opened);
  auto& store = **opened;
  std::atomic<int> uploads{0};
  std::atomic<int> losses{0};
  std::atomic<bool> is_over{false};
  const auto expect = [&](bool holds) {
    losses += holds ? 0 : 1;
  };
  const auto upload = [&](bool refers) {
    auto begun = store.begin("a", false);
    expect(begun && (*begun)->append(bytes_of("hello")));
    auto content = (*begun)->finish({});
    expect(content && store.has(a_hello));
    ++uploads;
    if (!refers)
      return;
    references.add(a_hello);
    content->pin = {};
    expect(store.check(a_hello).has_value());
    references.drop(a_hello);
  };
  {
    std::vector<std::jthread> collectors;
    for (int i = 0; i < 2; ++i)
      collectors.emplace_back([&] {
        while (!is_over)
          expect(store.collect(a_hello).has_value());
      });
    {
      std::vector<std::jthread> uploaders;
      for (int i = 0; i < 3; ++i)
        uploaders.emplace_back([&] {
          for (int n = 0; n < 50; ++n)
            upload(n % 2 == 0);
        });
    }
    is_over = true;
  }
  BOOST_CHECK_EQUAL(losses.load(), 0);
  BOOST_CHECK_EQUAL(uploads.load(), 150);
  require(store.collect(a_hello));
  BOOST_CHECK(!store.has(a_hello));
  BOOST_CHECK_GT(store.stats().collected.load(), 0u);
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier

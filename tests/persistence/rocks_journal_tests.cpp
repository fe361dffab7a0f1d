// SPDX-License-Identifier: Apache-2.0
// What RocksDB adds to the contract: what was written is there after a kill, damage is named, and a
// disk that fails is believed.
#include "persistence/rocks_journal.hpp"

#include "persistence/memory_journal.hpp"
#include "persistence/rocks_database.hpp"
#include "tests/persistence/journal_samples.hpp"
#include "tests/persistence/rocks_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

using namespace dossier;
using namespace dossier::samples;
using namespace std::chrono_literals;

namespace rocks_journal_tests {

void accept(journal& store, const batch& b) {
  const auto outcomes = store.write(std::span{&b, 1}, noon).value();
  BOOST_REQUIRE_MESSAGE(outcomes.front(), outcomes.front().error().why);
}

std::vector<std::pair<std::string, std::uintmax_t>> files_in(const std::string& path) {
  std::vector<std::pair<std::string, std::uintmax_t>> files;
  for (const auto& entry : std::filesystem::directory_iterator{path}) {
    std::error_code vanished;
    const auto size = entry.file_size(vanished);
    if (!vanished)
      files.emplace_back(entry.path().filename().string(), size);
  }
  std::ranges::sort(files);
  return files;
}

/// The journal's directory as a kill at this moment would leave it. The test writes nothing
/// meanwhile, but RocksDB may flush, compact and remove files in the background: a copy counts only
/// when the directory looked the same before and after it.
void copy_as_killed(const std::string& from, const std::string& to) {
  for (auto tries_left = 200; tries_left > 0; --tries_left) {
    std::filesystem::remove_all(to);
    std::filesystem::create_directory(to);
    const auto before = files_in(from);
    auto is_whole = true;
    for (const auto& [name, size] : before) {
      std::error_code why;
      std::filesystem::copy_file(from + '/' + name, to + '/' + name, why);
      BOOST_REQUIRE_MESSAGE(!why || why == std::errc::no_such_file_or_directory, why.message());
      is_whole = is_whole && !why;
    }
    if (is_whole && files_in(from) == before && files_in(to) == before)
      return;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
  BOOST_FAIL("the journal's directory never came to rest");
}

std::string newest_log(const std::string& path) {
  std::string newest;
  for (const auto& [name, size] : files_in(path))
    if (name.ends_with(".log") && size > 0)
      newest = std::max(newest, path + '/' + name);
  BOOST_REQUIRE(!newest.empty());
  return newest;
}

/// A disk whose log files refuse to sync while `is_failing`.
class failing_file final : public rocksdb::FSWritableFileOwnerWrapper {
public:
  failing_file(std::unique_ptr<rocksdb::FSWritableFile>&& target,
               const std::atomic<bool>& is_failing)
    : FSWritableFileOwnerWrapper(std::move(target))
    , is_failing_(is_failing) {}
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* debug) override {
    if (is_failing_)
      return rocksdb::IOStatus::IOError("the disk is gone");
    return FSWritableFileOwnerWrapper::Sync(options, debug);
  }

private:
  const std::atomic<bool>& is_failing_;
};

class failing_disk final : public rocksdb::FileSystemWrapper {
public:
  failing_disk()
    : FileSystemWrapper(rocksdb::FileSystem::Default()) {}
  const char* Name() const override { return "failing_disk"; }
  rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                    std::unique_ptr<rocksdb::FSWritableFile>* file,
                                    rocksdb::IODebugContext* debug) override {
    auto status = FileSystemWrapper::NewWritableFile(name, options, file, debug);
    if (status.ok() && name.ends_with(".log"))
      *file = std::make_unique<failing_file>(std::move(*file), is_failing);
    return status;
  }
  std::atomic<bool> is_failing{false};
};

/// A group that two journals must treat alike: good, late and doubled batches with all kinds of
/// rows.
std::vector<batch> random_group(std::mt19937_64& random, const journal& store) {
  std::vector<batch> group(1 + random() % 8);
  for (auto& b : group) {
    const std::string customer = random() % 2 == 0 ? "acme" : "globex";
    b.entity = entity_of(customer, random() % 6);
    b.expected_version = store.read_events(b.entity, 1, 1000).value().size() + (random() % 8 == 0);
    for (auto n = random() % 3; n > 0; --n)
      b.events.push_back("event " + std::to_string(random()));
    if (random() % 2 == 0)
      b.state = state_row{b.expected_version + b.events.size(), 1, std::to_string(random())};
    const auto any_timer = [&] {
      return timer{noon + seconds{random() % 4}, random() % 2 == 0 ? "a" : "ab"};
    };
    const auto any_projection = [&]() -> projection {
      if (random() % 2 == 0)
        return customer_listing{customer, noon + milliseconds{random() % 3}};
      return content_reference{customer, digest_of_all(static_cast<std::uint8_t>(random() % 3))};
    };
    for (auto n = random() % 3; n > 0; --n) {
      b.timers_set.push_back(any_timer());
      b.timers_erased.push_back(any_timer());
      b.projections_put.push_back(any_projection());
      b.projections_erased.push_back(any_projection());
    }
    if (random() % 3 == 0)
      b.answer = answer_to(static_cast<std::uint8_t>(1 + random() % 5),
                           noon + seconds{random() % 20}, std::to_string(random()));
  }
  return group;
}

/// All that can be read of a journal, as text.
std::string contents_of(const journal& store, timestamp now) {
  std::string text = std::to_string(store.read_outbox_depth().rows) + " unpublished\n";
  for (shard_number shard = 0; shard < store.shard_count(); ++shard) {
    BOOST_REQUIRE(store.each_entity(shard, [&](const entity_ref& entity) {
      text += entity.text();
      for (const auto& event : store.read_events(entity, 1, 1000).value())
        text += ' ' + std::to_string(event.sequence) + '=' + event.bytes;
      if (const auto state = store.read_state(entity).value())
        text += " state " + std::to_string(state->version) + '=' + state->bytes;
      text += '\n';
      return true;
    }));
    BOOST_REQUIRE(
      store.each_projection(shard, [&](const projection& row, const entity_ref& entity) {
        text += "projection " + std::to_string(row.index()) + ' ' + entity.text() + '\n';
        return true;
      }));
    for (const auto& row : store.read_timers(shard, {}, timestamp::max(), 10'000).value())
      text += "timer " + std::to_string(to_ms(row.timer.due)) + row.entity.text() + row.timer.name
              + '\n';
    for (const auto& row : store.read_feed(shard, 0, 10'000).value())
      text += "outbox " + std::to_string(row.position) + row.entity.text()
              + std::to_string(row.sequence) + '\n';
    for (std::uint8_t n = 1; n <= 5; ++n)
      if (const auto answer = store.find_answer(shard, command(n), now).value())
        text += "answer " + std::to_string(n) + answer->bytes + '\n';
  }
  for (const auto* customer : {"acme", "globex"})
    for (const auto& row : store.read_listings(customer, {}, 10'000).value())
      text += std::string{"listed "} + customer + std::to_string(to_ms(row.created_at))
              + row.entity.text() + '\n';
  return text;
}

} // namespace rocks_journal_tests

BOOST_AUTO_TEST_SUITE(rocks_journal_tests)

BOOST_AUTO_TEST_CASE(both_journals_agree_on_random_groups_also_when_opened_again) {
  const auto seed = std::random_device{}();
  BOOST_TEST_CONTEXT("seed " << seed) {
    std::mt19937_64 random{seed};
    const scratch_directory directory;
    const auto path = directory / "journal";
    const auto model = memory_journal::make(shard_count);
    auto store = open(path);
    for (int round = 0; round < 400; ++round) {
      const auto now = noon + milliseconds{round * 50};
      const auto group = random_group(random, *model);
      const auto expected = model->write(group, now).value();
      const auto outcomes = store->write(group, now).value();
      BOOST_REQUIRE(outcomes.size() == expected.size());
      for (std::size_t i = 0; i < outcomes.size(); ++i)
        BOOST_REQUIRE(outcomes[i].has_value() == expected[i].has_value());
      if (round % 100 == 99) {
        BOOST_REQUIRE(contents_of(*store, now) == contents_of(*model, now));
        store.reset();
        store = open(path);
        BOOST_REQUIRE(contents_of(*store, now) == contents_of(*model, now));
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(a_killed_process_has_lost_nothing) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  auto store = open(path);
  for (std::uint64_t n = 0; n < 50; ++n)
    accept(*store, batch_of(entity_in(1, n), 0, {"a", "b"}));
  copy_as_killed(path, directory / "killed");
  const auto reopened = open(directory / "killed");
  BOOST_TEST(contents_of(*reopened, noon) == contents_of(*store, noon));
  BOOST_TEST(reopened->read_outbox_depth().rows == 100u);
}

BOOST_AUTO_TEST_CASE(an_id_that_is_taken_stays_taken_whatever_came_after_it) {
  const scratch_directory directory;
  auto store = open(directory / "journal");
  for (const auto n : {std::uint64_t{5}, std::uint64_t{9}})
    accept(*store, batch_of(entity_in(1, n), 0, {"a"}));
  for (const bool is_reopened : {false, true}) {
    if (is_reopened) {
      store = nullptr;
      store = open(directory / "journal");
    }
    for (const auto n : {std::uint64_t{5}, std::uint64_t{9}}) {
      const auto again = batch_of(entity_in(1, n), 0, {"b"});
      const auto outcomes = store->write(std::span{&again, 1}, noon).value();
      BOOST_REQUIRE(!outcomes.front());
      BOOST_TEST((outcomes.front().error().code == errc::conflict));
    }
    const std::uint64_t between = is_reopened ? 7 : 6;
    accept(*store, batch_of(entity_in(1, between), 0, {"a"}));
    accept(*store, batch_of(entity_in(1, between + 10), 0, {"a"}));
    accept(*store, batch_of(entity_in(0, between), 0, {"a"}));
  }
}

BOOST_AUTO_TEST_CASE(a_torn_write_at_the_end_of_the_log_vanishes_whole) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  auto store = open(path);
  accept(*store, batch_of(entity_in(1, 1), 0, {"kept"}));
  const auto kept = contents_of(*store, noon);
  auto torn = batch_of(entity_in(1, 2), 0, {"torn", std::string(1000, 'x')});
  torn.timers_set = {{noon, "expiry"}};
  accept(*store, torn);
  copy_as_killed(path, directory / "killed");
  const auto log = newest_log(directory / "killed");
  std::filesystem::resize_file(log, std::filesystem::file_size(log) - 7);
  BOOST_TEST(contents_of(*open(directory / "killed"), noon) == kept);
}

BOOST_AUTO_TEST_CASE(what_was_published_stays_published) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  {
    const auto store = open(path);
    accept(*store, batch_of(entity_in(1, 1), 0, {"a", "b", "c"}));
    BOOST_TEST(store->note_published(1, 2).has_value());
    BOOST_TEST(store->read_outbox_depth().rows == 1u);
  }
  const auto store = open(path);
  BOOST_TEST(store->published_until(1) == 2u);
  BOOST_TEST(store->read_outbox_depth().rows == 1u);
  accept(*store, batch_of(entity_in(1, 2), 0));
  BOOST_TEST(store->read_feed(1, 2, 10).value().back().position == 4u);
  BOOST_TEST(store->read_outbox_depth().rows == 2u);
}

BOOST_AUTO_TEST_CASE(reading_changes_nothing_and_knows_the_shards) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  {
    const auto store = open(path);
    accept(*store, batch_of(entity_in(1, 1), 0, {"flushed"}));
  }
  {
    const auto store = open(path);
    accept(*store, batch_of(entity_in(1, 1), 1, {"in the log only"}));
    copy_as_killed(path, directory / "killed");
  }
  const auto before = files_in(directory / "killed");
  {
    auto options = options_for(directory / "killed");
    options.read_only = true;
    options.shard_count = 0;
    const auto store = rocks_journal::open(options).value();
    BOOST_TEST(store->shard_count() == shard_count);
    BOOST_TEST(store->read_events(entity_in(1, 1), 1, 10).value().size() == 2u);
    BOOST_TEST(store->read_outbox_depth().rows == 2u);
    const auto b = batch_of(entity_in(1, 2), 0);
    const auto written = store->write(std::span{&b, 1}, noon);
    BOOST_TEST((written.error().code == errc::unavailable));
  }
  BOOST_TEST((files_in(directory / "killed") == before));
}

BOOST_AUTO_TEST_CASE(damaged_rows_are_corrupt_and_named_by_their_key) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  const auto entity = entity_of("acme", 1);
  const auto shard = entity.shard();
  open(path);
  const auto answer_key = keys::answer_key(shard, command(1));
  const auto state_key = keys::state_key(entity);
  edit(path, [&](rocks_database& database) {
    put_raw(database, column::events, keys::event_key(entity, 1) + 'x', "event");
    put_raw(database, column::states, state_key, "short");
    put_raw(database, column::answers, answer_key, "short");
    put_raw(database, column::timers, keys::timer_key(entity, {noon, "NOT A NAME"}), "");
    put_raw(database, column::events, keys::feed_key(shard, 1), "short");
    put_raw(database, column::states, keys::listing_prefix(shard, "acme") + "short", "");
  });
  const auto store = open(path);
  const auto is_corrupt = [](const auto& read) {
    return read.has_error() && read.error().code == errc::corrupt;
  };
  BOOST_TEST(is_corrupt(store->read_events(entity, 1, 10)));
  BOOST_TEST(is_corrupt(store->find_answer(shard, command(1), noon)));
  BOOST_TEST(is_corrupt(store->read_timers(shard, {}, timestamp::max(), 10)));
  BOOST_TEST(is_corrupt(store->read_feed(shard, 0, 10)));
  BOOST_TEST(is_corrupt(store->read_listings("acme", {}, 10)));
  BOOST_TEST(is_corrupt(store->each_entity(shard, [](const entity_ref&) { return true; })));
  BOOST_TEST(is_corrupt(
    store->each_projection(shard, [](const projection&, const entity_ref&) { return true; })));
  const auto state = store->read_state(entity);
  BOOST_REQUIRE(is_corrupt(state));
  const std::span key{reinterpret_cast<const std::uint8_t*>(state_key.data()), state_key.size()};
  BOOST_TEST(state.error().why.find(to_hex(key)) != std::string::npos, state.error().why);

  // A damaged answer refuses the batches of its id, and them only.
  auto again = batch_of(entity, 0);
  again.answer = answer_to(1, noon);
  const std::vector<batch> group{again, batch_of(entity_in(shard, 2), 0)};
  const auto outcomes = store->write(group, noon).value();
  BOOST_TEST(is_corrupt(outcomes[0]));
  BOOST_TEST(outcomes[1].has_value());
}

BOOST_AUTO_TEST_CASE(expired_answers_go_when_their_files_are_rewritten) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  edit(path, [](rocks_database& database) {
    const auto key_of = [](std::uint8_t n) {
      return keys::answer_key(1, command(n));
    };
    const auto expiry_at = [](timestamp expiry) {
      std::string value(40, '\0');
      for (int i = 0; i < 8; ++i)
        value[static_cast<std::size_t>(i)]
          = static_cast<char>(to_ms(expiry) >> (56 - 8 * i) & 0xff);
      return value;
    };
    put_raw(database, column::answers, key_of(1), expiry_at(noon - 1ms));
    put_raw(database, column::answers, key_of(2), expiry_at(noon));
    put_raw(database, column::answers, key_of(3), "damaged");
    const auto survivors = [&] {
      std::string found;
      for (std::uint8_t n = 1; n <= 3; ++n)
        if (database.find(keys::row::answer, key_of(n)).value())
          found += std::to_string(n);
      return found;
    };
    rocksdb::CompactRangeOptions all;
    all.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    auto& db = database.db();
    BOOST_REQUIRE(db.CompactRange(all, database.handle(column::answers), nullptr, nullptr).ok());
    BOOST_TEST(survivors() == "123"); // Nothing was written yet, so it is no time.
    database.filter().set_now(noon);
    BOOST_REQUIRE(db.CompactRange(all, database.handle(column::answers), nullptr, nullptr).ok());
    BOOST_TEST(survivors() == "23");
  });
}

BOOST_AUTO_TEST_CASE(after_a_failed_sync_nothing_more_is_written_until_it_is_opened_again) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  const auto disk = std::make_shared<failing_disk>();
  const auto env = rocksdb::NewCompositeEnv(disk);
  auto options = options_for(path);
  options.env = env.get();
  {
    const auto store = rocks_journal::open(options).value();
    accept(*store, batch_of(entity_in(1, 1), 0, {"durable"}));
    disk->is_failing = true;
    const auto lost = batch_of(entity_in(1, 2), 0);
    const auto failed = store->write(std::span{&lost, 1}, noon);
    BOOST_REQUIRE(failed.has_error());
    BOOST_TEST((failed.error().code == errc::unavailable));
    BOOST_TEST(failed.error().why.find("the disk is gone") != std::string::npos,
               failed.error().why);
    disk->is_failing = false;
    BOOST_TEST((store->write(std::span{&lost, 1}, noon).error().code == errc::unavailable));
  }
  const auto store = open(path);
  BOOST_TEST(store->read_events(entity_in(1, 1), 1, 10).value().size() == 1u);
  accept(*store, batch_of(entity_in(1, 3), 0));
}

BOOST_AUTO_TEST_CASE(the_figures_of_the_store_follow_what_is_written) {
  const scratch_directory directory;
  const auto path = directory / "journal";
  {
    const auto store = open(path);
    const auto before = store->stats();
    accept(*store, batch_of(entity_in(1, 1), 0, {std::string(200'000, 'x')}));
    const auto after = store->stats();
    BOOST_TEST(!after.is_write_stopped);
    BOOST_TEST(after.memtable_bytes >= before.memtable_bytes + 200'000);
    BOOST_TEST(after.sst_bytes == 0u);
  }
  const auto stats = open(path)->stats();
  BOOST_TEST(stats.sst_bytes > 0u);
  BOOST_TEST(stats.level0_files == 1u);
}

BOOST_AUTO_TEST_SUITE_END()

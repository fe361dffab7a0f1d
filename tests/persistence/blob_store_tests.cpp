// SPDX-License-Identifier: Apache-2.0
// What the blob store promises: content is whole, durable before it is acknowledged, kept while it
// is needed and gone after.
#include "persistence/blob_store.hpp"

#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <thread>

namespace dossier {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

template <class T>
void require(const result<T>& outcome) {
  BOOST_REQUIRE_MESSAGE(outcome.has_value(), (outcome.has_error() ? outcome.error().why : ""));
}

/// A journal that knows references and nothing else. Thread-safe.
class references_only final : public journal {
public:
  void add(const content_key& key) {
    const std::lock_guard lock(mutex_);
    ++counts_[key];
  }
  void drop(const content_key& key) {
    const std::lock_guard lock(mutex_);
    if (--counts_[key] == 0)
      counts_.erase(key);
  }
  std::function<void()> on_question = [] {
  };                                ///< Called when somebody asks, before the answer.
  std::optional<failure> answer_is; ///< Instead of an answer.

  result<bool> is_referenced(std::string_view customer,
                             const sha256_digest& sha256) const override {
    on_question();
    if (answer_is)
      return *answer_is;
    const std::lock_guard lock(mutex_);
    return counts_.contains({std::string(customer), sha256});
  }

  shard_number shard_count() const override { return 1; }
  result<std::optional<state_row>> read_state(const entity_ref&) const override { return unused(); }
  result<std::vector<stored_event>> read_events(const entity_ref&, std::uint64_t,
                                                std::size_t) const override {
    return unused();
  }
  result<std::optional<stored_answer>> find_answer(shard_number, const command_id&,
                                                   timestamp) const override {
    return unused();
  }
  result<std::vector<timer_row>> read_timers(shard_number, const std::optional<timer_cursor>&,
                                             timestamp, std::size_t) const override {
    return unused();
  }
  result<std::vector<timer_row>> read_timers_of(const entity_ref&,
                                                const std::vector<timer>&) const override {
    return unused();
  }
  result<std::vector<feed_row>> read_feed(shard_number, std::uint64_t, std::size_t) const override {
    return unused();
  }
  result<std::vector<listing>> read_listings(std::string_view, const std::optional<listing>&,
                                             std::size_t) const override {
    return unused();
  }
  result<std::uint64_t> read_feed_end(shard_number) const override { return std::uint64_t{0}; }
  std::uint64_t published_until(shard_number) const override { return 0; }
  outbox_depth read_outbox_depth() const override { return {}; }
  result<void> note_published(shard_number, std::uint64_t) override { return {}; }
  result<void> each_entity(shard_number,
                           const std::function<bool(const entity_ref&)>&) const override {
    return unused();
  }
  result<void>
  each_projection(shard_number,
                  const std::function<bool(const projection&, const entity_ref&)>&) const override {
    return unused();
  }
  result<std::vector<write_outcome>> write(std::span<const batch>, timestamp) override {
    return unused();
  }

private:
  static failure unused() {
    return fail(errc::internal, "The blob store asks for references only.");
  }

  mutable std::mutex mutex_;
  std::map<content_key, int> counts_;
};

/// The real files, with a record of what was done to them, and failures on demand.
class watched_files final : public file_system {
public:
  std::vector<std::string> done;
  std::string failing; ///< The operation that fails, e.g. "sync".

  result<std::unique_ptr<output_file>> create(const std::string& path) override;
  result<std::unique_ptr<input_file>> open(const std::string& path) const override {
    return real_.open(path);
  }
  bool exists(const std::string& path) const override { return real_.exists(path); }
  result<void> rename(const std::string& from, const std::string& to) override {
    return note("rename", [&] { return real_.rename(from, to); });
  }
  result<void> remove(const std::string& path) override {
    return note("remove", [&] { return real_.remove(path); });
  }
  result<void> make_directories(const std::string& path) override {
    return note("make_directories", [&] { return real_.make_directories(path); });
  }
  result<void> sync_directory(const std::string& path) override {
    return note("sync_directory", [&] { return real_.sync_directory(path); });
  }
  result<std::vector<std::string>> list(const std::string& path) const override {
    return real_.list(path);
  }
  bool is_directory(const std::string& path) const override { return real_.is_directory(path); }

  template <class Call>
  result<void> note(const std::string& operation, Call call) {
    {
      const std::lock_guard lock(mutex_);
      done.push_back(operation);
    }
    if (operation == failing)
      return fail(errc::unavailable, "Could not " + operation + ": the test says so.");
    return call();
  }

private:
  file_system& real_ = posix_files();
  std::mutex mutex_; ///< Guards `done`.
};

class watched_file final : public output_file {
public:
  watched_file(watched_files& files, std::unique_ptr<output_file> real)
    : files_(files)
    , real_(std::move(real)) {}
  result<void> append(std::span<const std::byte> bytes) override {
    return files_.note("append", [&] { return real_->append(bytes); });
  }
  void start_writeback() override {
    (void)files_.note("start_writeback", [&]() -> result<void> {
      real_->start_writeback();
      return {};
    });
  }
  result<void> sync() override {
    return files_.note("sync", [&] { return real_->sync(); });
  }

private:
  watched_files& files_;
  std::unique_ptr<output_file> real_;
};

result<std::unique_ptr<output_file>> watched_files::create(const std::string& path) {
  auto file = real_.create(path);
  if (!file)
    return file.error();
  return std::make_unique<watched_file>(*this, std::move(*file));
}

struct store_fixture {
  scratch_directory scratch;
  watched_files files;
  references_only references;
  std::unique_ptr<blob_store> store = opened();

  std::unique_ptr<blob_store> opened() {
    auto made = blob_store::open(files, scratch.path(), references);
    require(made);
    return std::move(*made);
  }

  std::unique_ptr<blob_upload> sent(std::string_view customer, std::string_view text) {
    auto upload = store->begin(customer, /*with_md5=*/true);
    require(upload);
    require((*upload)->append(bytes_of(text)));
    return std::move(*upload);
  }

  stored_content stored(std::string_view customer, std::string_view text) {
    auto finished = sent(customer, text)->finish({});
    require(finished);
    return std::move(*finished);
  }

  std::string read(const content_key& key) {
    auto file = store->read(key);
    require(file);
    std::string text((*file)->size_bytes(), '\0');
    require((*file)->read(0, std::as_writable_bytes(std::span(text))));
    return text;
  }

  /// All files of the store, whatever their names.
  std::vector<std::string> files_left() const {
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(scratch.path()))
      if (entry.is_regular_file())
        paths.push_back(entry.path().string());
    return paths;
  }

  bool is_collected(const content_key& key) {
    const auto collected = store->collect(key);
    require(collected);
    return *collected;
  }
};

content_key key_of(std::string customer, std::string_view text) {
  return {std::move(customer), sha256_of(text)};
}

const content_key a_hello = key_of("a", "hello");

} // namespace

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

BOOST_AUTO_TEST_CASE(writing_back_starts_every_eight_mebibytes) {
  auto upload = store->begin("a", false);
  require(upload);
  const std::string piece(256 * 1024, 'x');
  for (int i = 0; i < 65; ++i)
    require((*upload)->append(bytes_of(piece)));
  BOOST_CHECK_EQUAL(std::ranges::count(files.done, "start_writeback"), 2);
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

BOOST_AUTO_TEST_SUITE(blob_store_threads_tests)

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

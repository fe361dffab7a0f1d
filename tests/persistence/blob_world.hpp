// SPDX-License-Identifier: Apache-2.0
// A blob store in a directory of its own, on a disk that is watched and fails when told to.
#pragma once

#include "persistence/blob_store.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace dossier::test {

inline std::span<const std::byte> bytes_of(std::string_view text) {
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
  result<std::vector<feed_entry>> read_feed_events(shard_number, std::uint64_t,
                                                   std::size_t) const override {
    return unused();
  }
  result<std::vector<listing>> read_listings(std::string_view, const std::optional<listing>&,
                                             std::size_t) const override {
    return unused();
  }
  result<std::vector<listing>> read_list(shard_number, std::string_view,
                                         const std::optional<listing>&,
                                         std::size_t) const override {
    return unused();
  }
  result<std::optional<std::string>> read_event(const entity_ref&, std::uint64_t) const override {
    return std::optional<std::string>{};
  }
  result<std::uint64_t> read_feed_end(shard_number) const override { return std::uint64_t{0}; }
  std::uint64_t published_until(shard_number) const override { return 0; }
  result<inbox_state> read_inbox(std::uint16_t) const override { return unused(); }
  result<std::optional<std::string>> read_note(shard_number, std::string_view) const override {
    return unused();
  }
  result<void> note_inbox(std::uint16_t, std::string_view, std::uint64_t,
                          std::span<const std::uint64_t>) override {
    return unused();
  }
  result<void> write_note(shard_number, std::string_view, std::string_view) override {
    return unused();
  }
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

  result<std::unique_ptr<output_file>> create(const std::string& path, caching how) override;
  using file_system::create;
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
  result<void> sync() override {
    return files_.note("sync", [&] { return real_->sync(); });
  }

private:
  watched_files& files_;
  std::unique_ptr<output_file> real_;
};

inline result<std::unique_ptr<output_file>> watched_files::create(const std::string& path,
                                                                  caching how) {
  auto file = real_.create(path, how);
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

inline content_key key_of(std::string customer, std::string_view text) {
  return {std::move(customer), sha256_of(text)};
}

inline const content_key a_hello = key_of("a", "hello");

} // namespace dossier::test

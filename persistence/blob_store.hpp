// SPDX-License-Identifier: Apache-2.0
// Content, kept by its SHA-256 under its customer; equal content of one customer is kept once.
// Content enters as a temporary file that is hashed on the way, synced, renamed to its digest, its
// directory synced. It stays while a content_reference row or a pin holds it, and is collected
// after.
#pragma once

#include "persistence/files.hpp"
#include "persistence/journal.hpp"
#include "protocol/digest.hpp"
#include "protocol/ids.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

namespace dossier {

/// What an upload must turn out to be, as far as somebody declared it.
struct content_checks {
  std::optional<std::uint64_t> size_bytes;
  std::optional<sha256_digest> sha256; ///< Declared at creation or by Repr-Digest.
  std::optional<md5_digest> md5;       ///< Content-MD5.
};

/// Which content: the key of everything below.
struct content_key {
  std::string customer;
  sha256_digest sha256{};
  auto operator<=>(const content_key&) const = default;
};

class blob_store;

/// Keeps content from being collected while it is alive. Movable, any thread.
class content_pin {
public:
  content_pin() = default;
  content_pin(content_pin&& other) noexcept;
  content_pin& operator=(content_pin&& other) noexcept;
  ~content_pin();

private:
  friend class blob_store;
  content_pin(blob_store& store, content_key key)
    : store_(&store)
    , key_(std::move(key)) {}
  blob_store* store_ = nullptr;
  content_key key_;
};

/// Content that is durable under its digest, pinned until a reference to it is committed.
struct stored_content {
  sha256_digest sha256{};
  std::uint64_t size_bytes = 0;
  content_pin pin;
};

/// One upload on its way in. One thread at a time, but for a piece that is written and hashed side
/// by side. Destroying it before finish() leaves no trace.
class blob_upload {
public:
  ~blob_upload();
  blob_upload(const blob_upload&) = delete;
  blob_upload& operator=(const blob_upload&) = delete;

  /// Both of what follows.
  result<void> append(std::span<const std::byte> bytes);
  /// Each piece goes through both, in the same order; each of them on one thread at a time.
  result<void> write(std::span<const std::byte> bytes);
  void hash(std::span<const std::byte> bytes);

  std::uint64_t size_bytes() const { return size_bytes_; }
  /// Checks, syncs, names, syncs the directory. content_mismatch says what differs from what.
  /// Blocks on the disk: call it on a thread that may.
  result<stored_content> finish(const content_checks& checks);

private:
  friend class blob_store;
  blob_upload(blob_store& store, std::string customer, std::string temporary_path,
              std::unique_ptr<output_file> file, bool with_md5);

  blob_store& store_;
  const std::string customer_;
  const std::string temporary_path_;
  const bool with_md5_;
  std::unique_ptr<output_file> file_; ///< Null after finish().
  content_hasher hasher_;
  std::uint64_t size_bytes_ = 0;
  bool has_failed_ = false; ///< The file holds other bytes than were hashed.
  bool is_named_ = false;   ///< There is no temporary file any more.
};

struct blob_stats {
  std::atomic<std::uint64_t> uploads_finished{0};
  std::atomic<std::uint64_t> bytes_in{0};
  std::atomic<std::uint64_t> collected{0};
};

class blob_store {
public:
  /// Makes its directories and removes temporary files of an earlier life. `root` is absolute.
  static result<std::unique_ptr<blob_store>> open(file_system& files, std::string root,
                                                  const journal& references);

  /// Changes nothing; for `verify`. not_found if there is no store at `root`.
  static result<std::unique_ptr<const blob_store>>
  open_read_only(file_system& files, std::string root, const journal& references);

  result<std::unique_ptr<blob_upload>> begin(std::string_view customer, bool with_md5);
  /// not_found if there is none.
  result<std::unique_ptr<input_file>> read(const content_key& key) const;
  bool has(const content_key& key) const;
  /// Pins content that is there; not_found if there is none. May wait for a collection of it to
  /// end.
  result<content_pin> hold(const content_key& key);

  /// Removes the content if neither a reference row nor a pin holds it; true if it went. Safe
  /// against uploads of the same content: those pin it before they name it.
  result<bool> collect(const content_key& key);
  /// Walks all content and collects what nothing holds: what a crash left between naming and
  /// commit. Checks `should_stop` between files. Returns how many went.
  result<std::uint64_t> collect_all(const std::function<bool()>& should_stop);
  /// Every content that is stored, for `verify`.
  result<void>
  each(const std::function<bool(const content_key&, std::uint64_t size_bytes)>& visit) const;
  /// Reads the content and compares its digest; corrupt if it differs.
  result<void> check(const content_key& key) const;

  const blob_stats& stats() const { return stats_; }

private:
  friend class blob_upload;
  friend class content_pin;

  blob_store(file_system& files, std::string root, const journal& references);
  std::string directory_of(const std::string& customer) const;
  std::string path_of(const content_key& key) const;
  /// Waits until a collection of the same content has ended.
  content_pin pin(const content_key& key);
  void unpin(const content_key& key);
  /// Makes the synced temporary file durable under its digest. The key is pinned.
  result<void> name(const std::string& temporary_path, const content_key& key);
  result<void> make_directory_of(const std::string& customer);
  result<bool> remove_unreferenced(const content_key& key);

  file_system& files_;
  const std::string root_;
  const journal& references_;
  blob_stats stats_;
  std::atomic<std::uint64_t> next_temporary_{0};
  std::mutex mutex_; ///< Guards what follows; held for no call to the disk or the journal.
  std::condition_variable has_left_;
  std::map<content_key, int> pins_;   ///< How many pins hold it; never 0.
  std::set<content_key> leaving_;     ///< Being collected now.
  std::set<std::string> directories_; ///< Customers whose directory is known to be durable.
};

} // namespace dossier

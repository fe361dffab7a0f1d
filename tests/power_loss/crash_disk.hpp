// SPDX-License-Identifier: Apache-2.0
// A disk in memory that forgets, when the power goes, what was not synced. Content is durable after
// its file's sync, names after their directory's sync, and neither speaks for the other. Paths are
// absolute.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::power_loss {

/// Thread-safe. Every call that would change the medium, a sync included, is one operation; the
/// power may be set to go at a given one. From then on every call fails as unavailable and changes
/// nothing.
class crash_disk {
public:
  struct node; ///< A file or a directory, whatever its name.
  using handle = std::shared_ptr<node>;
  enum class kind { absent, file, directory };
  /// What happens to content that is there when a file is opened for writing.
  enum class opening { must_be_new, truncates, appends };

  crash_disk();
  ~crash_disk();
  crash_disk(const crash_disk&) = delete;
  crash_disk& operator=(const crash_disk&) = delete;

  // The power.

  /// The operation of this number (they count from 0) and all after it fail. A dead disk stays
  /// dead.
  void cut_power_at(std::uint64_t operation);
  std::uint64_t operations() const;
  bool is_dead() const;
  /// A disk as it may be found after the power went now: what was synced is there, of the rest
  /// anything the seed decides. Files: each unsynced write kept, lost, torn between sectors of 512
  /// bytes, zeros or garbage in its place, whatever became of earlier ones, any length between.
  /// Names: of each directory's unsynced changes those up to some point, mostly none.
  std::unique_ptr<crash_disk> cut(std::uint64_t seed) const;

  // Files. not_found and conflict as the file system they stand in for would say.

  result<handle> open_for_writing(const std::string& path, opening how);
  result<handle> open_for_reading(const std::string& path) const;
  /// From now on a cut leaves of this file a beginning of what was written, at whatever length, as
  /// file systems do that extend a file only after its data is there (ext4, XFS, btrfs).
  void keep_in_order(const handle& file);
  result<void> append(const handle& file, std::string_view bytes);
  result<void> truncate(const handle& file, std::uint64_t size_bytes);
  /// Makes content and length durable, not the name.
  result<void> sync(const handle& file);
  result<std::size_t> read(const handle& file, std::uint64_t offset, std::span<char> into) const;
  result<std::uint64_t> size_bytes(const handle& file) const;

  // Names. A rename is durable with its target's directory.

  kind kind_of(const std::string& path) const;
  result<std::vector<std::string>> list(const std::string& directory) const;
  result<void> make_directory(const std::string& path);
  result<void> remove_directory(const std::string& path);
  result<void> rename(const std::string& from, const std::string& to);
  result<void> link(const std::string& from, const std::string& to);
  result<void> remove(const std::string& path);
  result<void> sync_directory(const std::string& path);

private:
  /// One name in one directory, and what it leads to after the edit; nullptr: nothing.
  struct edit {
    handle directory;
    std::string name;
    handle target;

    bool same_name_as(const edit& other) const {
      return directory == other.directory && name == other.name;
    }
    void apply_to(std::map<std::string, handle>& entries) const;
  };
  /// Edits that happen together and are lost together.
  struct change {
    std::vector<edit> edits;
    handle decisive; ///< The directory whose sync makes it durable.
  };
  struct place {
    handle directory;
    std::string name;
  };
  class survivors;

  bool is_off() const { return power_goes_at_ && operations_ >= *power_goes_at_; }
  result<void> begin_operation(std::string_view what, const std::string& path);
  result<void> check_power(std::string_view what, const std::string& path) const;
  handle find(const std::string& path) const;
  result<place> place_of(const std::string& path) const;
  result<handle> find_directory(const std::string& path) const;
  void record(change made);
  void make_durable(std::size_t index);

  mutable std::mutex mutex_;
  handle root_;
  std::vector<change> unsynced_; ///< In the order in which they were made.
  std::uint64_t operations_ = 0;
  std::optional<std::uint64_t> power_goes_at_;
};

} // namespace dossier::power_loss

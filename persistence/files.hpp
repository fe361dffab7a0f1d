// SPDX-License-Identifier: Apache-2.0
// The seam to the file system for content, keys and secrets. Production is POSIX; tests put a disk
// in its place that loses, tears and reorders what was not synced. Paths are absolute.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace dossier {

/// A file open for appending. Destroying it closes it; what was not synced may be lost with the
/// power.
class output_file {
public:
  virtual ~output_file() = default;
  /// Writes all of it or fails. Of a large file only the last few mebibytes are left to the kernel:
  /// all of it at once would queue up before the medium, where others' syncs would have to wait
  /// behind it.
  virtual result<void> append(std::span<const std::byte> bytes) = 0;
  /// Returns when data and length are on the medium. After a failure the file must not be trusted.
  virtual result<void> sync() = 0;
};

/// A file open for reading; `descriptor` is for sendfile and pread, -1 on disks that have none.
class input_file {
public:
  virtual ~input_file() = default;
  virtual std::uint64_t size_bytes() const = 0;
  virtual int descriptor() const = 0;
  /// Reads up to into.size() bytes at `offset`; 0 at the end.
  virtual result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const = 0;
};

/// Whether what is written to a file stays in memory for those who read it.
enum class caching {
  kept,
  /// It goes past the page cache, if the file system can do that: for much that is written once and
  /// read later, if at all. It pushes nothing else out, and costs no copy.
  bypassed
};

class file_system {
public:
  virtual ~file_system() = default;
  /// Creates a new file, mode 0600; conflict if it exists.
  virtual result<std::unique_ptr<output_file>> create(const std::string& path, caching how) = 0;
  result<std::unique_ptr<output_file>> create(const std::string& path) {
    return create(path, caching::kept);
  }
  /// not_found if there is none.
  virtual result<std::unique_ptr<input_file>> open(const std::string& path) const = 0;
  virtual bool exists(const std::string& path) const = 0;
  /// Atomic; replaces `to`. Durable only after sync_directory of the parent.
  virtual result<void> rename(const std::string& from, const std::string& to) = 0;
  /// Removing what does not exist succeeds.
  virtual result<void> remove(const std::string& path) = 0;
  /// Makes the directory and its missing parents, mode 0700, each made durable in its parent.
  virtual result<void> make_directories(const std::string& path) = 0;
  virtual result<void> sync_directory(const std::string& path) = 0;
  /// Names of the entries of a directory, unordered, without "." and "..".
  virtual result<std::vector<std::string>> list(const std::string& path) const = 0;
  virtual bool is_directory(const std::string& path) const = 0;
};

/// Makes a directory whose files lived in a process that has ended, or empties it of them. It holds
/// files only. That they are gone need not survive a power cut: the next start looks again.
result<void> make_empty_directory(file_system& files, const std::string& path);

/// The real one. Owned by nobody: it has no state.
file_system& posix_files();

} // namespace dossier

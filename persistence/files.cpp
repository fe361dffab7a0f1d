// SPDX-License-Identifier: Apache-2.0
// The file system of the machine. Linux only: sync_file_range is Linux's own.
#include "persistence/files.hpp"

#include "protocol/assert.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <string_view>
#include <system_error>
#include <utility>

namespace dossier {

namespace {

std::string advice_for(int error) {
  switch (error) {
  case ENOSPC:
  case EDQUOT:
    return "; make room on this device";
  case EACCES:
  case EPERM:
    return "; look at who owns it and at its mode";
  case EMFILE:
  case ENFILE:
    return "; raise the limit of open files (ulimit -n)";
  case EROFS:
    return "; this device is mounted read-only";
  case EIO:
    return "; the device fails, the kernel's log says more";
  default:
    return "";
  }
}

failure failed(errc code, std::string_view attempt, const std::string& path, int error) {
  return fail(code, "Could not " + std::string(attempt) + " " + path + ": "
                      + std::generic_category().message(error) + advice_for(error) + ".");
}

failure failed(std::string_view attempt, const std::string& path) {
  return failed(errc::unavailable, attempt, path, errno);
}

/// Repeats a system call for as long as signals interrupt it.
template <class Call>
auto uninterrupted(Call call) {
  decltype(call()) outcome;
  do
    outcome = call();
  while (outcome == -1 && errno == EINTR);
  return outcome;
}

/// Owns a descriptor.
class owned_descriptor {
public:
  explicit owned_descriptor(int number)
    : number_(number) {}
  owned_descriptor(owned_descriptor&& other) noexcept
    : number_(std::exchange(other.number_, -1)) {}
  owned_descriptor& operator=(owned_descriptor&&) = delete;
  // Why no retry: Linux has released the number even if close was interrupted.
  ~owned_descriptor() {
    if (number_ >= 0)
      ::close(number_);
  }
  int number() const { return number_; }
  bool is_open() const { return number_ >= 0; }

private:
  int number_;
};

owned_descriptor open_path(const std::string& path, int flags, mode_t mode = 0) {
  return owned_descriptor(
    uninterrupted([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
}

/// Switches writing past the page cache on or off; false if the file system cannot.
bool set_direct(int descriptor, bool is_direct) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0
         && ::fcntl(descriptor, F_SETFL, is_direct ? flags | O_DIRECT : flags & ~O_DIRECT) == 0;
}

/// False if it was off already.
bool switch_direct_off(int descriptor) {
  const int flags = ::fcntl(descriptor, F_GETFL);
  return flags >= 0 && (flags & O_DIRECT) != 0 && set_direct(descriptor, false);
}

/// Before the kernel is asked to write back: so much, and as much again, may queue before the
/// medium.
constexpr off_t writeback_step_bytes = 2 * 1024 * 1024;

class posix_output_file final : public output_file {
public:
  posix_output_file(std::string path, owned_descriptor file)
    : path_(std::move(path))
    , file_(std::move(file)) {}

  result<void> append(std::span<const std::byte> bytes) override {
    if (has_failed_)
      return already_failed();
    while (!bytes.empty()) {
      const auto count
        = uninterrupted([&] { return ::write(file_.number(), bytes.data(), bytes.size()); });
      // Why: some devices have blocks that ours do not fit, and a write that was cut short leaves
      // none.
      if (count < 0 && errno == EINVAL && switch_direct_off(file_.number()))
        continue;
      if (count < 0) {
        has_failed_ = true;
        return failed("write", path_);
      }
      written_bytes_ += static_cast<off_t>(count);
      bytes = bytes.subspan(static_cast<std::size_t>(count));
      if (written_bytes_ - writeback_bytes_ >= writeback_step_bytes)
        start_writeback();
    }
    return {};
  }

  result<void> sync() override {
    if (has_failed_)
      return already_failed();
    if (uninterrupted([&] { return ::fdatasync(file_.number()); }) == 0)
      return {};
    // Why: the kernel reports a lost page once. A second sync would succeed and prove nothing.
    has_failed_ = true;
    return failed("sync", path_);
  }

private:
  /// Asks the kernel to write back what is new, and waits for what it was asked for before.
  void start_writeback() {
    const auto begin = std::exchange(writeback_bytes_, written_bytes_);
    ::sync_file_range(file_.number(), begin, written_bytes_ - begin, SYNC_FILE_RANGE_WRITE);
    const auto waited = std::exchange(waited_bytes_, begin);
    if (begin > waited
        && ::sync_file_range(file_.number(), waited, begin - waited, SYNC_FILE_RANGE_WAIT_BEFORE)
             != 0)
      // Why: the kernel reports a lost page once, and sync() would hear no more of it. Anything
      // else means that it does not take the hint.
      has_failed_ |= errno == EIO || errno == ENOSPC || errno == EDQUOT;
  }

  failure already_failed() const {
    return fail(errc::unavailable, "Could not go on with " + path_
                                     + ": an earlier write or sync of it failed. Start it anew.");
  }

  const std::string path_;
  const owned_descriptor file_;
  off_t written_bytes_ = 0;
  off_t writeback_bytes_ = 0; ///< Up to here the kernel was asked,
  off_t waited_bytes_ = 0;    ///< and up to here it has been waited for.
  bool has_failed_ = false;
};

/// Gathers whole blocks, which the device takes from this memory. What is left over at a sync goes
/// the usual way, and so does all that follows.
class direct_output_file final : public output_file {
public:
  direct_output_file(std::string path, owned_descriptor file)
    : descriptor_(file.number())
    , file_(std::move(path), std::move(file))
    , gathered_(new (block) std::byte[gathered_bytes_max]) {}

  result<void> append(std::span<const std::byte> bytes) override {
    while (gathered_ && !bytes.empty()) {
      const auto count = std::min(bytes.size(), gathered_bytes_max - gathered_bytes_);
      std::memcpy(gathered_.get() + gathered_bytes_, bytes.data(), count);
      gathered_bytes_ += count;
      bytes = bytes.subspan(count);
      if (gathered_bytes_ == gathered_bytes_max)
        if (auto written = write_gathered(); !written)
          return written;
    }
    return file_.append(bytes);
  }

  result<void> sync() override {
    if (gathered_) {
      switch_direct_off(descriptor_);
      if (auto written = write_gathered(); !written)
        return written;
      gathered_ = nullptr;
    }
    return file_.sync();
  }

private:
  // What devices and file systems ask for at most.
  static constexpr std::align_val_t block{4'096};
  static constexpr std::size_t gathered_bytes_max = 1'048'576;
  struct freer {
    void operator()(std::byte* memory) const { ::operator delete[](memory, block); }
  };

  result<void> write_gathered() {
    return file_.append({gathered_.get(), std::exchange(gathered_bytes_, 0)});
  }

  const int descriptor_; ///< Of the file.
  posix_output_file file_;
  std::unique_ptr<std::byte[], freer> gathered_; ///< Null once it goes the usual way.
  std::size_t gathered_bytes_ = 0;
};

class posix_input_file final : public input_file {
public:
  posix_input_file(std::string path, owned_descriptor file, std::uint64_t size_bytes)
    : path_(std::move(path))
    , file_(std::move(file))
    , size_bytes_(size_bytes) {}

  std::uint64_t size_bytes() const override { return size_bytes_; }
  int descriptor() const override { return file_.number(); }

  result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
    std::size_t total = 0;
    while (total < into.size()) {
      const auto rest = into.subspan(total);
      const auto count = uninterrupted([&] {
        return ::pread(file_.number(), rest.data(), rest.size(),
                       static_cast<off_t>(offset + total));
      });
      if (count < 0)
        return failed("read", path_);
      if (count == 0)
        break;
      total += static_cast<std::size_t>(count);
    }
    return total;
  }

private:
  const std::string path_;
  const owned_descriptor file_;
  const std::uint64_t size_bytes_;
};

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == 0 ? "/" : path.substr(0, slash);
}

class posix_file_system final : public file_system {
public:
  result<std::unique_ptr<output_file>> create(const std::string& path, caching how) override {
    auto file = open_path(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (!file.is_open())
      return failed(errno == EEXIST ? errc::conflict : errc::unavailable, "create", path, errno);
    // Why not when it is opened: where that is refused, the file would be there all the same.
    if (how == caching::bypassed && set_direct(file.number(), true))
      return std::make_unique<direct_output_file>(path, std::move(file));
    return std::make_unique<posix_output_file>(path, std::move(file));
  }

  result<std::unique_ptr<input_file>> open(const std::string& path) const override {
    // Why O_NONBLOCK: it changes nothing for files, and a pipe in their place must not hang us.
    auto file = open_path(path, O_RDONLY | O_NONBLOCK);
    if (!file.is_open())
      return failed(errno == ENOENT ? errc::not_found : errc::unavailable, "open", path, errno);
    struct stat about;
    if (::fstat(file.number(), &about) != 0)
      return failed("look at", path);
    if (!S_ISREG(about.st_mode))
      return fail(errc::unavailable, "Could not open " + path + ": it is not a regular file.");
    return std::make_unique<posix_input_file>(path, std::move(file),
                                              static_cast<std::uint64_t>(about.st_size));
  }

  bool exists(const std::string& path) const override {
    struct stat about;
    return ::lstat(path.c_str(), &about) == 0;
  }

  result<void> rename(const std::string& from, const std::string& to) override {
    if (::rename(from.c_str(), to.c_str()) != 0)
      return failed("rename to " + to + " what was", from);
    return {};
  }

  result<void> remove(const std::string& path) override {
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return failed("remove", path);
    return {};
  }

  result<void> make_directories(const std::string& path) override {
    // A directory that has entries is durable itself: whoever makes one here syncs its parent
    // before putting anything into it. So of those that exist only the deepest is in doubt; another
    // thread or a process that was killed may have made it a moment ago and not yet synced its
    // parent.
    DOSSIER_ASSERT(path.starts_with('/'), "paths of files are absolute");
    std::string deepest = path;
    while (deepest.size() > 1 && deepest.ends_with('/'))
      deepest.pop_back();
    std::vector<std::string> missing;
    while (deepest != "/" && !is_directory(deepest)) {
      missing.push_back(deepest);
      deepest = parent_of(deepest);
    }
    if (deepest != "/")
      // Why EACCES is no failure: we cannot have made a directory where we may not even look.
      if (auto synced = sync(parent_of(deepest), /*is_foreign_fine=*/true); !synced)
        return synced;
    for (auto it = missing.rbegin(); it != missing.rend(); ++it) {
      if (::mkdir(it->c_str(), 0700) != 0 && (errno != EEXIST || !is_directory(*it)))
        return failed("make the directory", *it);
      if (auto synced = sync_directory(parent_of(*it)); !synced)
        return synced;
    }
    return {};
  }

  result<void> sync_directory(const std::string& path) override {
    return sync(path, /*is_foreign_fine=*/false);
  }

  result<std::vector<std::string>> list(const std::string& path) const override {
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr)
      return failed(errno == ENOENT ? errc::not_found : errc::unavailable, "list", path, errno);
    const std::unique_ptr<DIR, int (*)(DIR*)> owner(directory, ::closedir);
    std::vector<std::string> names;
    while (true) {
      errno = 0;
      const dirent* entry = ::readdir(directory);
      if (entry == nullptr)
        break;
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..")
        names.emplace_back(name);
    }
    if (errno != 0)
      return failed("list", path);
    return names;
  }

  bool is_directory(const std::string& path) const override {
    struct stat about;
    return ::stat(path.c_str(), &about) == 0 && S_ISDIR(about.st_mode);
  }

private:
  static result<void> sync(const std::string& path, bool is_foreign_fine) {
    const auto directory = open_path(path, O_RDONLY | O_DIRECTORY);
    if (!directory.is_open() && errno == EACCES && is_foreign_fine)
      return {};
    if (!directory.is_open() || uninterrupted([&] { return ::fsync(directory.number()); }) != 0)
      return failed("sync the directory", path);
    return {};
  }
};

} // namespace

result<void> make_empty_directory(file_system& files, const std::string& path) {
  if (auto made = files.make_directories(path); !made)
    return made;
  const auto left_over = files.list(path);
  if (!left_over)
    return left_over.error();
  for (const auto& name : *left_over)
    if (auto removed = files.remove(path + "/" + name); !removed)
      return removed;
  return {};
}

file_system& posix_files() {
  static posix_file_system files;
  return files;
}

} // namespace dossier

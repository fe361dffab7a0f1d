// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/rocks_disk.hpp"

#include <rocksdb/file_system.h>

#include <mutex>
#include <set>

namespace dossier::power_loss {

namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus to_status(const failure& f) {
  return f.code == errc::not_found ? IOStatus::NotFound(f.why) : IOStatus::IOError(f.why);
}

IOStatus to_status(const result<void>& r) {
  return r ? IOStatus::OK() : to_status(r.error());
}

IOStatus read_at(const crash_disk& disk, const crash_disk::handle& file, std::uint64_t offset,
                 std::size_t size_bytes, Slice* into, char* scratch) {
  auto count = disk.read(file, offset, {scratch, size_bytes});
  if (!count)
    return to_status(count.error());
  *into = Slice(scratch, *count);
  return IOStatus::OK();
}

class sequential_file final : public rocksdb::FSSequentialFile {
public:
  sequential_file(const crash_disk& disk, crash_disk::handle file)
    : disk_(disk)
    , file_(std::move(file)) {}

  IOStatus Read(std::size_t n, const IOOptions&, Slice* into, char* scratch,
                IODebugContext*) override {
    auto status = read_at(disk_, file_, offset_, n, into, scratch);
    if (status.ok())
      offset_ += into->size();
    return status;
  }
  IOStatus Skip(std::uint64_t n) override {
    offset_ += n;
    return IOStatus::OK();
  }

private:
  const crash_disk& disk_;
  const crash_disk::handle file_;
  std::uint64_t offset_ = 0;
};

class random_access_file final : public rocksdb::FSRandomAccessFile {
public:
  random_access_file(const crash_disk& disk, crash_disk::handle file)
    : disk_(disk)
    , file_(std::move(file)) {}

  IOStatus Read(std::uint64_t offset, std::size_t n, const IOOptions&, Slice* into, char* scratch,
                IODebugContext*) const override {
    return read_at(disk_, file_, offset, n, into, scratch);
  }

private:
  const crash_disk& disk_;
  const crash_disk::handle file_;
};

class writable_file final : public rocksdb::FSWritableFile {
public:
  writable_file(crash_disk& disk, crash_disk::handle file)
    : disk_(disk)
    , file_(std::move(file)) {}

  using rocksdb::FSWritableFile::Append;
  IOStatus Append(const Slice& bytes, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.append(file_, {bytes.data(), bytes.size()}));
  }
  IOStatus Truncate(std::uint64_t size_bytes, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.truncate(file_, size_bytes));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Flush(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }
  IOStatus Sync(const IOOptions&, IODebugContext*) override { return to_status(disk_.sync(file_)); }
  bool IsSyncThreadSafe() const override { return true; }
  std::uint64_t GetFileSize(const IOOptions&, IODebugContext*) override {
    auto size_bytes = disk_.size_bytes(file_);
    return size_bytes ? *size_bytes : 0;
  }

private:
  crash_disk& disk_;
  const crash_disk::handle file_;
};

class directory final : public rocksdb::FSDirectory {
public:
  directory(crash_disk& disk, std::string path)
    : disk_(disk)
    , path_(std::move(path)) {}

  IOStatus Fsync(const IOOptions&, IODebugContext*) override {
    return to_status(disk_.sync_directory(path_));
  }
  IOStatus Close(const IOOptions&, IODebugContext*) override { return IOStatus::OK(); }

private:
  crash_disk& disk_;
  const std::string path_;
};

class held_lock final : public rocksdb::FileLock {
public:
  explicit held_lock(std::string lock_path)
    : path(std::move(lock_path)) {}
  const std::string path;
};

class no_log final : public rocksdb::Logger {
public:
  using rocksdb::Logger::Logv;
  void Logv(const char*, std::va_list) override {}
  std::size_t GetLogFileSize() const override { return 0; }
};

class rocks_disk final : public rocksdb::FileSystem {
public:
  explicit rocks_disk(crash_disk& disk)
    : disk_(disk) {}

  const char* Name() const override { return "dossier_crash_disk"; }

  IOStatus NewSequentialFile(const std::string& path, const FileOptions&,
                             std::unique_ptr<rocksdb::FSSequentialFile>* opened,
                             IODebugContext*) override {
    auto file = disk_.open_for_reading(path);
    if (!file)
      return to_status(file.error());
    *opened = std::make_unique<sequential_file>(disk_, *file);
    return IOStatus::OK();
  }

  IOStatus NewRandomAccessFile(const std::string& path, const FileOptions&,
                               std::unique_ptr<rocksdb::FSRandomAccessFile>* opened,
                               IODebugContext*) override {
    auto file = disk_.open_for_reading(path);
    if (!file)
      return to_status(file.error());
    *opened = std::make_unique<random_access_file>(disk_, *file);
    return IOStatus::OK();
  }

  IOStatus NewWritableFile(const std::string& path, const FileOptions&,
                           std::unique_ptr<rocksdb::FSWritableFile>* opened,
                           IODebugContext*) override {
    return open_for_writing(path, crash_disk::opening::truncates, opened);
  }

  IOStatus ReopenWritableFile(const std::string& path, const FileOptions&,
                              std::unique_ptr<rocksdb::FSWritableFile>* opened,
                              IODebugContext*) override {
    return open_for_writing(path, crash_disk::opening::appends, opened);
  }

  IOStatus NewDirectory(const std::string& path, const IOOptions&,
                        std::unique_ptr<rocksdb::FSDirectory>* opened, IODebugContext*) override {
    if (disk_.kind_of(path) != crash_disk::kind::directory)
      return IOStatus::IOError("there is no directory " + path);
    *opened = std::make_unique<directory>(disk_, path);
    return IOStatus::OK();
  }

  IOStatus FileExists(const std::string& path, const IOOptions&, IODebugContext*) override {
    if (disk_.is_dead())
      return IOStatus::IOError("the power is off");
    return disk_.kind_of(path) == crash_disk::kind::absent ? IOStatus::NotFound(path)
                                                           : IOStatus::OK();
  }

  IOStatus GetChildren(const std::string& path, const IOOptions&, std::vector<std::string>* names,
                       IODebugContext*) override {
    auto found = disk_.list(path);
    if (!found)
      return to_status(found.error());
    *names = std::move(*found);
    return IOStatus::OK();
  }

  IOStatus DeleteFile(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.remove(path));
  }

  IOStatus Truncate(const std::string& path, std::size_t size_bytes, const IOOptions&,
                    IODebugContext*) override {
    auto file = disk_.open_for_reading(path);
    return file ? to_status(disk_.truncate(*file, size_bytes)) : to_status(file.error());
  }

  IOStatus CreateDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.make_directory(path));
  }

  IOStatus CreateDirIfMissing(const std::string& path, const IOOptions& options,
                              IODebugContext* debug) override {
    return disk_.kind_of(path) == crash_disk::kind::directory ? IOStatus::OK()
                                                              : CreateDir(path, options, debug);
  }

  IOStatus DeleteDir(const std::string& path, const IOOptions&, IODebugContext*) override {
    return to_status(disk_.remove_directory(path));
  }

  IOStatus GetFileSize(const std::string& path, const IOOptions&, std::uint64_t* size_bytes,
                       IODebugContext*) override {
    auto file = disk_.open_for_reading(path);
    if (!file)
      return to_status(file.error());
    auto found = disk_.size_bytes(*file);
    if (!found)
      return to_status(found.error());
    *size_bytes = *found;
    return IOStatus::OK();
  }

  // Why: only time-to-live of archived logs asks, and those are off.
  IOStatus GetFileModificationTime(const std::string& path, const IOOptions& options,
                                   std::uint64_t* seconds, IODebugContext* debug) override {
    *seconds = 0;
    return FileExists(path, options, debug);
  }

  IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions&,
                      IODebugContext*) override {
    return to_status(disk_.rename(from, to));
  }

  IOStatus LinkFile(const std::string& from, const std::string& to, const IOOptions&,
                    IODebugContext*) override {
    return to_status(disk_.link(from, to));
  }

  IOStatus LockFile(const std::string& path, const IOOptions&, rocksdb::FileLock** lock,
                    IODebugContext*) override {
    std::lock_guard guard(mutex_);
    if (locked_.contains(path))
      return IOStatus::IOError("the lock " + path + " is held");
    if (auto file = disk_.open_for_writing(path, crash_disk::opening::appends); !file)
      return to_status(file.error());
    locked_.insert(path);
    *lock = new held_lock(path); // Owned by RocksDB until UnlockFile: its interface wants it so.
    return IOStatus::OK();
  }

  IOStatus UnlockFile(rocksdb::FileLock* lock, const IOOptions&, IODebugContext*) override {
    std::unique_ptr<held_lock> held(static_cast<held_lock*>(lock));
    std::lock_guard guard(mutex_);
    locked_.erase(held->path);
    return IOStatus::OK();
  }

  IOStatus GetTestDirectory(const IOOptions&, std::string* path, IODebugContext*) override {
    *path = "/test";
    return IOStatus::OK();
  }

  IOStatus NewLogger(const std::string&, const IOOptions&, std::shared_ptr<rocksdb::Logger>* made,
                     IODebugContext*) override {
    *made = std::make_shared<no_log>();
    return IOStatus::OK();
  }

  IOStatus GetAbsolutePath(const std::string& path, const IOOptions&, std::string* absolute,
                           IODebugContext*) override {
    *absolute = path;
    return IOStatus::OK();
  }

  IOStatus IsDirectory(const std::string& path, const IOOptions&, bool* is_directory,
                       IODebugContext*) override {
    *is_directory = disk_.kind_of(path) == crash_disk::kind::directory;
    return IOStatus::OK();
  }

private:
  IOStatus open_for_writing(const std::string& path, crash_disk::opening how,
                            std::unique_ptr<rocksdb::FSWritableFile>* opened) {
    auto file = disk_.open_for_writing(path, how);
    if (!file)
      return to_status(file.error());
    // Why: RocksDB 7.8 tolerates a torn end of its log, but refuses to open with one of its
    // manifest.
    if (path.find("/MANIFEST-") != std::string::npos)
      disk_.keep_in_order(*file);
    *opened = std::make_unique<writable_file>(disk_, *file);
    return IOStatus::OK();
  }

  crash_disk& disk_;
  std::mutex mutex_; ///< Guards locked_.
  std::set<std::string> locked_;
};

/// The real environment's threads and time over a crash_disk.
class rocks_env final : public rocksdb::EnvWrapper {
public:
  rocks_env(crash_disk& disk, const std::shared_ptr<rocks_disk>& files)
    : EnvWrapper(rocksdb::NewCompositeEnv(files))
    , disk_(disk) {
    file_system_ = files;
  }

  const char* Name() const override { return "dossier_crash_env"; }

  // Why: a failed flush sleeps a second lest it spin; on a dead disk nobody tries again.
  void SleepForMicroseconds(int microseconds) override {
    if (!disk_.is_dead())
      EnvWrapper::SleepForMicroseconds(microseconds);
  }

private:
  crash_disk& disk_;
};

} // namespace

std::unique_ptr<rocksdb::Env> make_rocks_env(crash_disk& disk) {
  return std::make_unique<rocks_env>(disk, std::make_shared<rocks_disk>(disk));
}

} // namespace dossier::power_loss

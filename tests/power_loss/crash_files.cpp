// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/crash_files.hpp"

namespace dossier::power_loss {

namespace {

class written_file final : public output_file {
public:
  written_file(crash_disk& disk, crash_disk::handle file)
    : disk_(disk)
    , file_(std::move(file)) {}

  result<void> append(std::span<const std::byte> bytes) override {
    return disk_.append(file_, {reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  }
  result<void> sync() override { return disk_.sync(file_); }

private:
  crash_disk& disk_;
  const crash_disk::handle file_;
};

class read_file final : public input_file {
public:
  read_file(const crash_disk& disk, crash_disk::handle file, std::uint64_t size_bytes)
    : disk_(disk)
    , file_(std::move(file))
    , size_bytes_(size_bytes) {}

  std::uint64_t size_bytes() const override { return size_bytes_; }
  int descriptor() const override { return -1; }
  result<std::size_t> read(std::uint64_t offset, std::span<std::byte> into) const override {
    return disk_.read(file_, offset, {reinterpret_cast<char*>(into.data()), into.size()});
  }

private:
  const crash_disk& disk_;
  const crash_disk::handle file_;
  const std::uint64_t size_bytes_;
};

} // namespace

result<std::unique_ptr<output_file>> crash_files::create(const std::string& path, caching) {
  auto file = disk_.open_for_writing(path, crash_disk::opening::must_be_new);
  if (!file)
    return file.error();
  return std::make_unique<written_file>(disk_, *file);
}

result<std::unique_ptr<input_file>> crash_files::open(const std::string& path) const {
  auto file = disk_.open_for_reading(path);
  if (!file)
    return file.error();
  auto size_bytes = disk_.size_bytes(*file);
  if (!size_bytes)
    return size_bytes.error();
  return std::make_unique<read_file>(disk_, *file, *size_bytes);
}

bool crash_files::exists(const std::string& path) const {
  return disk_.kind_of(path) != crash_disk::kind::absent;
}

result<void> crash_files::rename(const std::string& from, const std::string& to) {
  return disk_.rename(from, to);
}

result<void> crash_files::remove(const std::string& path) {
  auto removed = disk_.remove(path);
  if (!removed && removed.error().code == errc::not_found)
    return {};
  return removed;
}

result<void> crash_files::make_directories(const std::string& path) {
  for (std::size_t end = 0; end < path.size();) {
    auto parent_end = end;
    end = std::min(path.find('/', end + 1), path.size());
    auto prefix = path.substr(0, end);
    if (is_directory(prefix))
      continue;
    if (auto made = disk_.make_directory(prefix); !made)
      return made;
    auto parent = parent_end == 0 ? std::string("/") : path.substr(0, parent_end);
    if (auto synced = disk_.sync_directory(parent); !synced)
      return synced;
  }
  return {};
}

result<void> crash_files::sync_directory(const std::string& path) {
  return disk_.sync_directory(path);
}

result<std::vector<std::string>> crash_files::list(const std::string& path) const {
  return disk_.list(path);
}

bool crash_files::is_directory(const std::string& path) const {
  return disk_.kind_of(path) == crash_disk::kind::directory;
}

} // namespace dossier::power_loss

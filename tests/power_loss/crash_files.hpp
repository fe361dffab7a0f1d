// SPDX-License-Identifier: Apache-2.0
// The product's file-system seam on a crash_disk.
#pragma once

#include "persistence/files.hpp"
#include "tests/power_loss/crash_disk.hpp"

namespace dossier::power_loss {

/// Stateless beside its disk, which must outlive it and every file opened through it. Thread-safe.
class crash_files final : public file_system {
public:
  explicit crash_files(crash_disk& disk)
    : disk_(disk) {}

  result<std::unique_ptr<output_file>> create(const std::string& path, caching how) override;
  using file_system::create;
  result<std::unique_ptr<input_file>> open(const std::string& path) const override;
  bool exists(const std::string& path) const override;
  result<void> rename(const std::string& from, const std::string& to) override;
  result<void> remove(const std::string& path) override;
  result<void> make_directories(const std::string& path) override;
  result<void> sync_directory(const std::string& path) override;
  result<std::vector<std::string>> list(const std::string& path) const override;
  bool is_directory(const std::string& path) const override;

private:
  crash_disk& disk_;
};

} // namespace dossier::power_loss

// SPDX-License-Identifier: Apache-2.0
// What files of rows are read through.
#pragma once

#include "persistence/files.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace dossier {

/// An open file of rows and its name, so that what is wrong is said by name and place. Thread-safe.
class named_input {
public:
  named_input(std::string path, std::unique_ptr<input_file> file)
    : path_(std::move(path))
    , file_(std::move(file)) {}

  const std::string& path() const { return path_; }
  std::uint64_t size_bytes() const { return file_->size_bytes(); }
  /// All of `bytes`; corrupt if the file ends before.
  result<std::string> read(std::uint64_t offset, std::size_t bytes) const;
  failure corrupt(std::uint64_t offset, std::string_view what) const;

private:
  std::string path_;
  std::unique_ptr<input_file> file_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The file in which API keys are kept, hashed: JSON, mode 0600, replaced whole by rename. Writers
// of all processes take turns by a lock file beside it. Blocks on the disk.
#pragma once

#include "gateway/auth.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dossier {

/// What tells one state of the file from another; each replacement gives it a new inode.
struct key_file_mark {
  bool exists = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;
  std::int64_t size_bytes = 0;
  std::int64_t changed_s = 0;
  std::int64_t changed_ns = 0;
  bool operator==(const key_file_mark&) const = default;
};

result<key_file_mark> read_key_file_mark(const std::string& path);

/// A missing file has no keys. corrupt says what cannot be read.
result<std::vector<api_key>> read_key_file(const std::string& path);

/// Reads the file, lets `change` alter the keys and writes them durably, all under the lock. A
/// failure of `change` leaves the file as it was.
result<void> change_key_file(const std::string& path,
                             const std::function<result<void>(std::vector<api_key>&)>& change);

} // namespace dossier

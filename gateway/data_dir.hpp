// SPDX-License-Identifier: Apache-2.0
// What lies where in the data directory, and the secret that is made with it.
#pragma once

#include "persistence/files.hpp"
#include "protocol/result.hpp"

#include <string>
#include <utility>

namespace dossier {

struct data_dir {
  std::string root;   ///< Absolute.
  std::string store;  ///< RocksDB.
  std::string blobs;  ///< Content.
  std::string rows;   ///< Ingested rows and rejects.
  std::string keys;   ///< Hashed keys, one small file.
  std::string secret; ///< The key of signed URLs.
  std::string lock;   ///< Held by whoever uses the directory.

  static data_dir at(const std::string& path);
};

/// Says that this process uses the directory, until it is destroyed or the process ends.
class data_dir_lock {
public:
  /// The directory must exist. unavailable if another process has it.
  static result<data_dir_lock> take(const data_dir& where);
  data_dir_lock(data_dir_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
  data_dir_lock& operator=(data_dir_lock&&) = delete;
  ~data_dir_lock();

private:
  explicit data_dir_lock(int descriptor)
    : descriptor_(descriptor) {}
  int descriptor_;
};

/// The secret that signs URLs; made, durably, if there is none yet. Losing it ends every URL given
/// out.
result<std::string> read_or_make_secret(file_system& files, const data_dir& where);

} // namespace dossier

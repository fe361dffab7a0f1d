// SPDX-License-Identifier: Apache-2.0
// Small content files that stay open between downloads. Content never changes under its digest, so
// an open file is always right; whether somebody may have it is asked of the document each time,
// elsewhere.
#pragma once

#include "persistence/blob_store.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>

namespace dossier {

/// Least recently used goes first; what nobody asked for in 30 s goes too. Thread-safe.
class file_cache {
public:
  file_cache(const blob_store& blobs, std::size_t files_max)
    : blobs_(blobs)
    , files_max_(files_max) {}

  /// Opens the content or finds it open.
  result<std::shared_ptr<const input_file>> open(const content_key& key);
  /// Lets go of a content that has ended, so that its space is freed once the last download ends.
  void forget(const content_key& key);

private:
  using instant = std::chrono::steady_clock::time_point;
  struct entry {
    content_key key;
    std::shared_ptr<const input_file> file;
    instant last_used;
  };
  using entries = std::list<entry>; ///< Most recently used first.

  std::shared_ptr<const input_file> find(const content_key& key, instant now);
  void keep(const content_key& key, const std::shared_ptr<const input_file>& file, instant now);
  void drop_last();

  const blob_store& blobs_;
  const std::size_t files_max_;
  std::mutex mutex_; ///< Guards entries_ and index_.
  entries entries_;
  std::map<content_key, entries::iterator> index_;
};

} // namespace dossier

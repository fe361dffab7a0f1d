// SPDX-License-Identifier: Apache-2.0
#include "gateway/file_cache.hpp"

#include <utility>

namespace dossier {

namespace {

// Why: opening costs about as much as sending 64 KiB, and nothing beside 1 MiB. An open file that
// was deleted keeps its space, so large ones are not kept.
constexpr std::uint64_t kept_bytes_max = 1u << 20;
constexpr std::chrono::seconds kept_unused{30};

} // namespace

result<std::shared_ptr<const input_file>> file_cache::open(const content_key& key) {
  const auto now = std::chrono::steady_clock::now();
  if (auto file = find(key, now))
    return file;
  auto opened = blobs_.read(key);
  if (!opened)
    return opened.error();
  std::shared_ptr<const input_file> file = std::move(*opened);
  if (file->size_bytes() <= kept_bytes_max)
    keep(key, file, now);
  return file;
}

void file_cache::forget(const content_key& key) {
  const std::lock_guard lock{mutex_};
  const auto found = index_.find(key);
  if (found == index_.end())
    return;
  entries_.erase(found->second);
  index_.erase(found);
}

std::shared_ptr<const input_file> file_cache::find(const content_key& key, instant now) {
  const std::lock_guard lock{mutex_};
  while (!entries_.empty() && now - entries_.back().last_used > kept_unused)
    drop_last();
  const auto found = index_.find(key);
  if (found == index_.end())
    return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  found->second->last_used = now;
  return found->second->file;
}

void file_cache::keep(const content_key& key, const std::shared_ptr<const input_file>& file,
                      instant now) {
  const std::lock_guard lock{mutex_};
  if (index_.contains(key))
    return;
  while (entries_.size() >= files_max_)
    drop_last();
  entries_.push_front({key, file, now});
  index_.emplace(key, entries_.begin());
}

void file_cache::drop_last() {
  index_.erase(entries_.back().key);
  entries_.pop_back();
}

} // namespace dossier

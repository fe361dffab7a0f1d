// SPDX-License-Identifier: Apache-2.0
#include "gateway/data_dir.hpp"

#include "gateway/system.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <span>

namespace dossier {

namespace {

constexpr std::size_t secret_bytes = 32;

} // namespace

data_dir data_dir::at(const std::string& path) {
  const auto root = std::filesystem::absolute(path).lexically_normal().string();
  return {root,           root + "/store",     root + "/blobs",
          root + "/rows", root + "/keys.json", root + "/url-secret",
          root + "/lock"};
}

result<data_dir_lock> data_dir_lock::take(const data_dir& where) {
  const int descriptor = ::open(where.lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(errc::unavailable, where.lock + " cannot be opened: " + std::strerror(errno));
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    ::close(descriptor);
    return fail(errc::unavailable,
                where.root + " is in use by another dossier; stop that one first");
  }
  return data_dir_lock(descriptor);
}

data_dir_lock::~data_dir_lock() {
  if (descriptor_ >= 0)
    ::close(descriptor_);
}

result<std::string> read_or_make_secret(file_system& files, const data_dir& where) {
  if (auto file = files.open(where.secret)) {
    std::string secret(secret_bytes, '\0');
    auto read = (*file)->read(0, std::as_writable_bytes(std::span(secret)));
    if (!read)
      return read.error();
    if (*read != secret_bytes || (*file)->size_bytes() != secret_bytes)
      return fail(errc::corrupt, where.secret + " should hold " + std::to_string(secret_bytes)
                                   + " bytes; restore it, or remove it to end every URL given out");
    return secret;
  } else if (file.error().code != errc::not_found) {
    return file.error();
  }
  const auto secret = random_secret(secret_bytes);
  const auto temporary = where.secret + ".new";
  if (auto removed = files.remove(temporary); !removed)
    return removed.error();
  auto made = files.create(temporary);
  if (!made)
    return made.error();
  if (auto written = (*made)->append(std::as_bytes(std::span(secret))); !written)
    return written.error();
  if (auto synced = (*made)->sync(); !synced)
    return synced.error();
  if (auto named = files.rename(temporary, where.secret); !named)
    return named.error();
  if (auto synced = files.sync_directory(where.root); !synced)
    return synced.error();
  return secret;
}

} // namespace dossier

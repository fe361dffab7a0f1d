// SPDX-License-Identifier: Apache-2.0
// Reads, checks, locks and replaces the key file.
#include "gateway/key_file.hpp"

#include "persistence/files.hpp"
#include "protocol/ids.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <span>
#include <utility>

namespace dossier {

namespace {

using json = nlohmann::json;

constexpr std::size_t keys_max = 4'096;
constexpr std::size_t customers_per_key_max = 1'024;
constexpr std::uint64_t file_bytes_max = 16u << 20;
constexpr std::int64_t format_version = 1;

failure disk_failure(std::string_view what, const std::string& path, int error) {
  return fail(errc::unavailable, std::string{what} + " the key file " + path
                                   + " failed: " + std::strerror(error) + ".");
}

/// Keeps other writers out, in this process and in others, until it goes.
class file_lock {
public:
  static result<file_lock> take(const std::string& path) {
    const int descriptor = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
      return disk_failure("Opening the lock of", path, errno);
    file_lock lock{descriptor};
    while (::flock(descriptor, LOCK_EX) != 0) {
      if (errno != EINTR)
        return disk_failure("Locking", path, errno);
    }
    return lock;
  }
  file_lock(file_lock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_lock& operator=(file_lock&&) = delete;
  ~file_lock() {
    if (descriptor_ >= 0)
      ::close(descriptor_);
  }

private:
  explicit file_lock(int descriptor)
    : descriptor_(descriptor) {}
  int descriptor_;
};

bool is_key_name(std::string_view name) {
  const auto is_good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.'
           || c == '_' || c == '-';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), is_good);
}

std::string_view name_of(principal::role_type role) {
  switch (role) {
  case principal::role_type::nobody:
    return "nobody";
  case principal::role_type::customer:
    return "customer";
  case principal::role_type::admin:
    return "admin";
  }
  return "nobody";
}

result<void> check_key(const api_key& key) {
  if (!is_key_name(key.name))
    return fail(errc::invalid_argument,
                "A key's name is 1 to 64 characters of A-Z a-z 0-9 . _ -; \""
                  + key.name.substr(0, 80) + "\" is not.");
  if (key.role == principal::role_type::nobody)
    return fail(errc::invalid_argument,
                "The key " + key.name + " needs the role admin or customer.");
  if (key.role == principal::role_type::admin && !key.customers.empty())
    return fail(errc::invalid_argument, "The key " + key.name
                                          + " is an admin key: it sees every "
                                            "customer and is bound to none.");
  if (key.role == principal::role_type::customer && key.customers.empty())
    return fail(errc::invalid_argument, "The key " + key.name
                                          + " is a customer key: name the "
                                            "customers it is for.");
  if (key.customers.size() > customers_per_key_max)
    return fail(errc::too_large, "The key " + key.name + " names more than 1024 customers.");
  for (const auto& customer : key.customers) {
    if (auto good = check_customer(customer); !good)
      return good.error();
  }
  return {};
}

std::string to_text(const std::vector<api_key>& keys) {
  auto rows = json::array();
  for (const auto& key : keys)
    rows.push_back({{"name", key.name},
                    {"role", name_of(key.role)},
                    {"customers", key.customers},
                    {"sha256", to_hex(key.hash)},
                    {"createdAt", to_rfc3339(key.created_at)},
                    {"revoked", key.is_revoked}});
  return json{{"version", format_version}, {"keys", std::move(rows)}}.dump(1) + "\n";
}

std::optional<std::string> text_at(const json& row, const char* name) {
  const auto found = row.find(name);
  if (found == row.end() || !found->is_string())
    return std::nullopt;
  return found->get<std::string>();
}

std::optional<api_key> key_of(const json& row) {
  if (!row.is_object())
    return std::nullopt;
  const auto name = text_at(row, "name");
  const auto role = text_at(row, "role");
  const auto hash = text_at(row, "sha256");
  const auto created_at = text_at(row, "createdAt");
  const auto customers = row.find("customers");
  const auto revoked = row.find("revoked");
  if (!name || !role || !hash || !created_at || customers == row.end() || !customers->is_array()
      || revoked == row.end() || !revoked->is_boolean())
    return std::nullopt;
  api_key key;
  key.name = *name;
  key.is_revoked = revoked->get<bool>();
  if (*role != "admin" && *role != "customer")
    return std::nullopt;
  key.role = *role == "admin" ? principal::role_type::admin : principal::role_type::customer;
  for (const auto& customer : *customers) {
    if (!customer.is_string())
      return std::nullopt;
    key.customers.push_back(customer.get<std::string>());
  }
  const auto time = parse_rfc3339(*created_at);
  if (!parse_hex(*hash, key.hash) || !time || !check_key(key))
    return std::nullopt;
  key.created_at = *time;
  return key;
}

result<std::vector<api_key>> keys_of(const std::string& path, std::string_view text) {
  const auto corrupt = [&](const std::string& why) {
    return fail(errc::corrupt, "The key file " + path + " " + why
                                 + ". Restore it from a backup, or remove it and make new keys.");
  };
  const auto root = json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (root.is_discarded() || !root.is_object())
    return corrupt("is not a JSON object");
  const auto version = root.find("version");
  if (version == root.end() || !version->is_number_integer()
      || version->get<std::int64_t>() != format_version)
    return corrupt("has no version that is known here (1)");
  const auto rows = root.find("keys");
  if (rows == root.end() || !rows->is_array() || rows->size() > keys_max)
    return corrupt("has no list of at most 4096 keys");
  std::vector<api_key> keys;
  for (const auto& row : *rows) {
    auto key = key_of(row);
    if (!key)
      return corrupt("has a key that cannot be read, the one at /keys/"
                     + std::to_string(keys.size()));
    keys.push_back(std::move(*key));
  }
  return keys;
}

/// The caller holds the lock, so the temporary name is its own.
result<void> write_keys(const std::string& path, const std::vector<api_key>& keys) {
  auto& files = posix_files();
  const auto temporary = path + ".tmp";
  if (auto removed = files.remove(temporary); !removed)
    return removed;
  auto file = files.create(temporary);
  if (!file)
    return file.error();
  const auto text = to_text(keys);
  if (auto written = (*file)->append(std::as_bytes(std::span{text})); !written)
    return written;
  if (auto synced = (*file)->sync(); !synced)
    return synced;
  if (auto renamed = files.rename(temporary, path); !renamed)
    return renamed;
  const auto slash = path.rfind('/');
  return files.sync_directory(
    slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1)));
}

} // namespace

result<key_file_mark> read_key_file_mark(const std::string& path) {
  struct stat found {};
  if (::stat(path.c_str(), &found) == 0)
    return key_file_mark{true,          found.st_dev,         found.st_ino,
                         found.st_size, found.st_mtim.tv_sec, found.st_mtim.tv_nsec};
  if (errno == ENOENT)
    return key_file_mark{};
  return disk_failure("Looking at", path, errno);
}

result<std::vector<api_key>> read_key_file(const std::string& path) {
  auto file = posix_files().open(path);
  if (!file && file.error().code == errc::not_found)
    return std::vector<api_key>{};
  if (!file)
    return file.error();
  const auto size = (*file)->size_bytes();
  if (size > file_bytes_max)
    return fail(errc::corrupt, "The key file " + path + " is larger than 16 MiB.");
  std::string text(size, '\0');
  std::size_t filled = 0;
  while (filled < text.size()) {
    const auto got = (*file)->read(filled, std::as_writable_bytes(std::span{text}).subspan(filled));
    if (!got)
      return got.error();
    if (*got == 0)
      break;
    filled += *got;
  }
  return keys_of(path, std::string_view{text}.substr(0, filled));
}

result<void> change_key_file(const std::string& path,
                             const std::function<result<void>(std::vector<api_key>&)>& change) {
  const auto lock = file_lock::take(path + ".lock");
  if (!lock)
    return lock.error();
  auto keys = read_key_file(path);
  if (!keys)
    return keys.error();
  if (auto changed = change(*keys); !changed)
    return changed;
  if (keys->size() > keys_max)
    return fail(errc::too_large, "The key file " + path
                                   + " would hold more than 4096 keys. Remove "
                                     "revoked ones from it first.");
  for (const auto& key : *keys) {
    if (auto good = check_key(key); !good)
      return good;
  }
  return write_keys(path, *keys);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// From a request's key to its principal. Keys are kept in one small file of the data directory,
// hashed; the server and `dossier keys` both write it, under a lock, by atomic replacement.
#pragma once

#include "gateway/http.hpp"
#include "protocol/digest.hpp"
#include "protocol/time.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// One key as stored: never the key itself. Keys are 32 random bytes as base64url behind "dsk_", so
/// one SHA-256 is enough: there is nothing to guess.
struct api_key {
  std::string name; ///< Unique, 1 to 64 of [A-Za-z0-9._-]; what `revoke` takes.
  principal::role_type role = principal::role_type::customer;
  std::vector<std::string> customers;
  sha256_digest hash{};
  timestamp created_at;
  bool is_revoked = false;
};

class key_ring {
public:
  /// Reads `path`; a missing file is an empty ring. corrupt names what cannot be read.
  static result<std::unique_ptr<key_ring>> open(std::string path, const clock& time);

  /// Makes a key and returns its only copy. conflict if the name is taken.
  result<std::string> create(std::string name, principal::role_type role,
                             std::vector<std::string> customers);
  /// Stores a key somebody else made (DOSSIER_ADMIN_KEY), replacing one of the same name.
  result<void> adopt(std::string name, std::string_view key, principal::role_type role);
  result<void> revoke(std::string_view name);
  std::vector<api_key> list() const;
  bool has_admin() const;

  /// The principal of `x-functions-key` or `Authorization: Bearer`; both at once are refused.
  /// Compares in constant time. Sees changes made by other processes within a second. Thread-safe,
  /// reads no disk on most calls.
  result<principal> find(const request& r) const;

private:
  struct snapshot;
  key_ring(std::string path, const clock& time);
  result<std::shared_ptr<const snapshot>> load() const;
  std::shared_ptr<const snapshot> current() const;
  result<void> change(const std::function<result<void>(std::vector<api_key>&)>& how);

  std::string path_;
  const clock& time_;
  mutable std::mutex mutex_; ///< Guards current_ and checked_at_.
  mutable std::shared_ptr<const snapshot> current_;
  mutable timestamp checked_at_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Finds the principal of a key in an immutable snapshot of the key file, which is read again when
// another process has replaced it.
#include "gateway/auth.hpp"

#include "config/log.hpp"
#include "gateway/key_file.hpp"
#include "protocol/ascii.hpp"

#include <openssl/rand.h>

#include <algorithm>
#include <array>
#include <utility>

namespace dossier {

namespace {

constexpr std::size_t key_bytes_min = 16;
constexpr std::size_t key_bytes_max = 256;
constexpr seconds checked_every{1};

/// The key of the request, from the one field that carries it.
result<std::string_view> presented_key(const request& r) {
  const auto refuse = [](std::string why) {
    return fail(errc::unauthenticated, std::move(why));
  };
  const auto function_key = r.field("x-functions-key");
  const auto authorization = r.field("Authorization");
  if (!function_key.empty() && !authorization.empty())
    return refuse("Send the key in x-functions-key or in Authorization, not in both.");
  if (!function_key.empty())
    return function_key;
  if (authorization.empty())
    return refuse(
      "This needs a key: send it as x-functions-key: <key> or Authorization: Bearer <key>.");
  constexpr std::string_view scheme = "bearer ";
  const bool is_bearer = authorization.size() > scheme.size()
                         && equals_ignoring_case(authorization.substr(0, scheme.size()), scheme);
  if (!is_bearer)
    return refuse("Authorization is not of the form: Bearer <key>.");
  return authorization.substr(scheme.size());
}

failure unknown_key() {
  return fail(errc::unauthenticated, "Nobody has this key, or it was revoked.");
}

template <class Keys>
auto find_named(Keys& keys, std::string_view name) {
  return std::find_if(keys.begin(), keys.end(), [&](const auto& key) { return key.name == name; });
}

std::string_view bytes_of(const sha256_digest& hash) {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

} // namespace

/// Immutable once published.
struct key_ring::snapshot {
  std::vector<api_key> keys;
  key_file_mark mark;
};

key_ring::key_ring(std::string path, const clock& time)
  : path_(std::move(path))
  , time_(time) {}

result<std::unique_ptr<key_ring>> key_ring::open(std::string path, const clock& time) {
  std::unique_ptr<key_ring> ring{new key_ring(std::move(path), time)};
  auto loaded = ring->load();
  if (!loaded)
    return loaded.error();
  ring->current_ = *loaded;
  ring->checked_at_ = time.now();
  return ring;
}

result<std::shared_ptr<const key_ring::snapshot>> key_ring::load() const {
  auto fresh = std::make_shared<snapshot>();
  // Why: the mark comes first; a change between the two is then seen at the next look.
  const auto mark = read_key_file_mark(path_);
  if (!mark)
    return mark.error();
  auto keys = read_key_file(path_);
  if (!keys)
    return keys.error();
  fresh->mark = *mark;
  fresh->keys = std::move(*keys);
  return std::shared_ptr<const snapshot>{std::move(fresh)};
}

std::shared_ptr<const key_ring::snapshot> key_ring::current() const {
  const auto now = time_.now();
  const std::lock_guard lock{mutex_};
  const bool is_recent = now >= checked_at_ && now - checked_at_ < checked_every;
  if (is_recent)
    return current_;
  checked_at_ = now;
  const auto mark = read_key_file_mark(path_);
  if (mark && *mark == current_->mark)
    return current_;
  auto loaded = mark ? load() : mark.error();
  // Why: a file that cannot be read must not lock everybody out, nor let anybody in who was not.
  if (!loaded)
    log(log_level::error, "key file unreadable, keeping the keys known before",
        {{"why", loaded.error().why}});
  else
    current_ = *loaded;
  return current_;
}

result<void> key_ring::change(const std::function<result<void>(std::vector<api_key>&)>& how) {
  if (auto changed = change_key_file(path_, how); !changed)
    return changed;
  auto loaded = load();
  if (!loaded)
    return loaded.error();
  const std::lock_guard lock{mutex_};
  current_ = *loaded;
  checked_at_ = time_.now();
  return {};
}

result<std::string> key_ring::create(std::string name, principal::role_type role,
                                     std::vector<std::string> customers) {
  std::array<std::uint8_t, 32> dice{};
  if (RAND_bytes(dice.data(), static_cast<int>(dice.size())) != 1)
    return fail(errc::unavailable,
                "Making a key failed: the system's random generator gave nothing.");
  auto text = "dsk_" + to_base64url(dice);
  api_key made;
  made.name = std::move(name);
  made.role = role;
  made.customers = std::move(customers);
  made.hash = sha256_of(text);
  made.created_at = time_.now();
  auto changed = change([&](std::vector<api_key>& keys) -> result<void> {
    if (find_named(keys, made.name) != keys.end())
      return fail(errc::conflict, "There is a key named " + made.name
                                    + " already, perhaps a revoked "
                                      "one. Choose another name.");
    keys.push_back(made);
    return {};
  });
  if (!changed)
    return changed.error();
  return text;
}

result<void> key_ring::adopt(std::string name, std::string_view key, principal::role_type role) {
  const auto is_visible = [](char c) {
    return c > 0x20 && c < 0x7f;
  };
  if (key.size() < key_bytes_min || key.size() > key_bytes_max
      || !std::all_of(key.begin(), key.end(), is_visible))
    return fail(errc::invalid_argument, "The key to adopt as " + name
                                          + " must be 16 to 256 visible "
                                            "ASCII characters without spaces.");
  const auto hash = sha256_of(key);
  const auto known = current();
  const auto same = find_named(known->keys, name);
  if (same != known->keys.end() && same->hash == hash && same->role == role && !same->is_revoked)
    return {};
  return change([&](std::vector<api_key>& keys) -> result<void> {
    const auto old = find_named(keys, name);
    if (old != keys.end())
      keys.erase(old);
    api_key made;
    made.name = name;
    made.role = role;
    made.hash = hash;
    made.created_at = time_.now();
    keys.push_back(std::move(made));
    return {};
  });
}

result<void> key_ring::revoke(std::string_view name) {
  return change([&](std::vector<api_key>& keys) -> result<void> {
    const auto key = find_named(keys, name);
    if (key == keys.end())
      return fail(errc::not_found,
                  "There is no key named " + std::string{name.substr(0, 64)} + ".");
    key->is_revoked = true;
    return {};
  });
}

std::vector<api_key> key_ring::list() const {
  return current()->keys;
}

bool key_ring::has_admin() const {
  const auto known = current();
  return std::any_of(known->keys.begin(), known->keys.end(), [](const auto& key) {
    return key.role == principal::role_type::admin && !key.is_revoked;
  });
}

result<principal> key_ring::find(const request& r) const {
  const auto presented = presented_key(r);
  if (!presented)
    return presented.error();
  if (presented->size() > key_bytes_max)
    return unknown_key();
  const auto hash = sha256_of(*presented);
  const auto known = current();
  const api_key* match = nullptr;
  // Why: no early end, so the time tells nothing of where a key stands or how much of it was right.
  for (const auto& key : known->keys) {
    if (equal_in_constant_time(bytes_of(key.hash), bytes_of(hash)) && !key.is_revoked)
      match = &key;
  }
  if (match == nullptr)
    return unknown_key();
  return principal{match->role, match->name, match->customers};
}

} // namespace dossier

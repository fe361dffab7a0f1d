// SPDX-License-Identifier: Apache-2.0
// Files: <root>/incoming/<number> on its way in, then
//        <root>/content/<2 hex of the customer's SHA-256>/<customer>/<SHA-256 of the content>.
// The customer's own name stands in the path, so that a walk can say whose content it found.
//
// Why acknowledged content survives: finish() syncs the data before it gives it a name, and syncs
// the directory after. It renames even if that name exists already. So it relies on nobody else's
// bytes or sync: what stands under the name afterwards is what it has just hashed, and its own sync
// of the directory covers its own change. If the file that was there had been damaged, it is whole
// again. Whoever has the replaced file open keeps reading it.
//
// Why collecting never takes what is needed: a reference to content is committed only while a pin
// holds the content, and a pin goes only after that commit. collect() first marks content that has
// no pin as leaving, and no new pin is given until the mark is gone. In between no reference can
// come to be: the journal's "not referenced" stays true until the file is removed. An upload of the
// same content waits that long in pin(), then names its file anew. Only that upload waits.
//
// What a crash leaves: a temporary file, which open() removes; content that was named and never
// referenced, or whose removal was not durable, which collect_all() removes. The removal needs no
// sync: the commit that took the last reference away was synced before collect() could see it.
#include "persistence/blob_store.hpp"

#include "protocol/assert.hpp"
#include "protocol/planted.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr std::size_t check_bytes = 1024 * 1024;

/// Bounds memory: beyond this many customers their directories are made durable once more.
constexpr std::size_t known_directories_max = 65'536;

std::string fan_out_of(std::string_view customer) {
  const auto digest = sha256_of(customer);
  return to_hex(std::span(digest).first(1));
}

failure mismatch(std::string_view what, const std::string& received, const std::string& declared,
                 std::string where) {
  return fail(errc::content_mismatch,
              "The " + std::string(what) + " of the received content is " + received + ", but "
                + declared + " was declared. Nothing was stored; send the whole file again or "
                + "declare what it is.",
              std::move(where));
}

/// What was received, to be held against what was declared.
struct received_content {
  std::uint64_t size_bytes = 0;
  sha256_digest sha256{};
  md5_digest md5{};
};

result<void> compare(const received_content& received, const content_checks& declared) {
  if (declared.size_bytes && *declared.size_bytes != received.size_bytes)
    return mismatch("size in bytes", std::to_string(received.size_bytes),
                    std::to_string(*declared.size_bytes), "sizeBytes");
  if (declared.sha256 && *declared.sha256 != received.sha256)
    return mismatch("SHA-256", to_hex(received.sha256), to_hex(*declared.sha256), "sha256");
  if (declared.md5 && *declared.md5 != received.md5)
    return mismatch("MD5", to_base64(received.md5), to_base64(*declared.md5), "Content-MD5");
  return {};
}

using content_visit = std::function<result<bool>(const content_key&)>;

/// One customer's directory. What has no name of ours is nobody's content and left alone.
result<bool> walk_customer(const file_system& files, const std::string& directory,
                           const std::string& customer, const content_visit& visit) {
  const auto names = files.list(directory);
  if (!names)
    return names.error();
  for (const auto& name : *names) {
    content_key key{customer, {}};
    if (!parse_hex(name, key.sha256) || to_hex(key.sha256) != name)
      continue;
    const auto goes_on = visit(key);
    if (!goes_on || !*goes_on)
      return goes_on;
  }
  return true;
}

/// Calls `visit` for each content until it returns false or fails.
result<void> walk(const file_system& files, const std::string& root, const content_visit& visit) {
  const auto fan_outs = files.list(root);
  if (!fan_outs)
    return fan_outs.error();
  for (const auto& fan_out : *fan_outs) {
    const auto directory = root + "/" + fan_out;
    if (!files.is_directory(directory))
      continue;
    const auto customers = files.list(directory);
    if (!customers)
      return customers.error();
    for (const auto& customer : *customers) {
      const auto path = directory + "/" + customer;
      if (!check_customer(customer) || fan_out_of(customer) != fan_out || !files.is_directory(path))
        continue;
      const auto goes_on = walk_customer(files, path, customer, visit);
      if (!goes_on)
        return goes_on.error();
      if (!*goes_on)
        return {};
    }
  }
  return {};
}

} // namespace

// Pins.

content_pin::content_pin(content_pin&& other) noexcept
  : store_(std::exchange(other.store_, nullptr))
  , key_(std::move(other.key_)) {}

content_pin& content_pin::operator=(content_pin&& other) noexcept {
  if (this == &other)
    return *this;
  if (store_ != nullptr)
    store_->unpin(key_);
  store_ = std::exchange(other.store_, nullptr);
  key_ = std::move(other.key_);
  return *this;
}

content_pin::~content_pin() {
  if (store_ != nullptr)
    store_->unpin(key_);
}

content_pin blob_store::pin(const content_key& key) {
  std::unique_lock lock(mutex_);
  has_left_.wait(lock, [&] { return !leaving_.contains(key); });
  ++pins_[key];
  return content_pin(*this, key);
}

void blob_store::unpin(const content_key& key) {
  const std::lock_guard lock(mutex_);
  const auto pinned = pins_.find(key);
  if (--pinned->second == 0)
    pins_.erase(pinned);
}

// Uploads.

blob_upload::blob_upload(blob_store& store, std::string customer, std::string temporary_path,
                         std::unique_ptr<output_file> file, bool with_md5)
  : store_(store)
  , customer_(std::move(customer))
  , temporary_path_(std::move(temporary_path))
  , with_md5_(with_md5)
  , file_(std::move(file))
  , hasher_(with_md5) {}

blob_upload::~blob_upload() {
  file_.reset();
  if (is_named_)
    return;
  // Why the outcome is not looked at: what cannot be removed now is removed by the next open().
  (void)store_.files_.remove(temporary_path_);
}

result<void> blob_upload::append(std::span<const std::byte> bytes) {
  if (auto written = write(bytes); !written)
    return written;
  hash(bytes);
  return {};
}

void blob_upload::hash(std::span<const std::byte> bytes) {
  hasher_.update(bytes);
}

result<void> blob_upload::write(std::span<const std::byte> bytes) {
  DOSSIER_ASSERT(file_ != nullptr, "nothing is appended to an upload that is finished");
  if (auto appended = file_->append(bytes); !appended) {
    has_failed_ = true;
    return appended;
  }
  size_bytes_ += bytes.size();
  store_.stats_.bytes_in.fetch_add(bytes.size(), std::memory_order_relaxed);
  return {};
}

result<stored_content> blob_upload::finish(const content_checks& checks) {
  DOSSIER_ASSERT(file_ != nullptr, "an upload is finished once");
  DOSSIER_ASSERT(with_md5_ || !checks.md5, "an MD5 is checked only if it was computed on the way");
  const auto file = std::move(file_);
  if (has_failed_)
    return fail(errc::unavailable, "Could not finish an upload of which a part was not written. "
                                   "Send it again.");
  received_content received{size_bytes_, {}, {}};
  hasher_.finish(received.sha256, received.md5);
  if (auto same = compare(received, checks); !same && !DOSSIER_PLANTED(accept_wrong_digest))
    return same.error();
  if (!DOSSIER_PLANTED(skip_file_sync))
    if (auto synced = file->sync(); !synced)
      return synced.error();

  const content_key key{customer_, received.sha256};
  auto pin = store_.pin(key);
  if (auto named = store_.name(temporary_path_, key); !named)
    return named.error();
  is_named_ = true;
  store_.stats_.uploads_finished.fetch_add(1, std::memory_order_relaxed);
  return stored_content{received.sha256, size_bytes_, std::move(pin)};
}

// The store.

blob_store::blob_store(file_system& files, std::string root, const journal& references)
  : files_(files)
  , root_(std::move(root))
  , references_(references) {}

result<std::unique_ptr<const blob_store>>
blob_store::open_read_only(file_system& files, std::string root, const journal& references) {
  if (!files.is_directory(root + "/content"))
    return fail(errc::not_found, "there is no content store at " + root);
  return std::unique_ptr<const blob_store>(new blob_store(files, std::move(root), references));
}

result<std::unique_ptr<blob_store>> blob_store::open(file_system& files, std::string root,
                                                     const journal& references) {
  if (auto made = make_empty_directory(files, root + "/incoming"); !made)
    return made.error();
  if (auto made = files.make_directories(root + "/content"); !made)
    return made.error();
  return std::unique_ptr<blob_store>(new blob_store(files, std::move(root), references));
}

result<std::unique_ptr<blob_upload>> blob_store::begin(std::string_view customer, bool with_md5) {
  if (auto sane = check_customer(customer); !sane)
    return sane.error();
  auto path = root_ + "/incoming/"
              + std::to_string(next_temporary_.fetch_add(1, std::memory_order_relaxed));
  auto file = files_.create(path);
  if (!file)
    return file.error();
  return std::unique_ptr<blob_upload>(
    new blob_upload(*this, std::string(customer), std::move(path), std::move(*file), with_md5));
}

result<void> blob_store::name(const std::string& temporary_path, const content_key& key) {
  if (auto made = make_directory_of(key.customer); !made)
    return made;
  if (auto renamed = files_.rename(temporary_path, path_of(key)); !renamed)
    return renamed;
  if (DOSSIER_PLANTED(skip_directory_sync))
    return {};
  return files_.sync_directory(directory_of(key.customer));
}

result<void> blob_store::make_directory_of(const std::string& customer) {
  {
    const std::lock_guard lock(mutex_);
    if (directories_.contains(customer))
      return {};
  }
  if (auto made = files_.make_directories(directory_of(customer)); !made)
    return made;
  const std::lock_guard lock(mutex_);
  if (directories_.size() >= known_directories_max)
    directories_.clear();
  directories_.insert(customer);
  return {};
}

result<std::unique_ptr<input_file>> blob_store::read(const content_key& key) const {
  return files_.open(path_of(key));
}

bool blob_store::has(const content_key& key) const {
  return files_.exists(path_of(key));
}

result<content_pin> blob_store::hold(const content_key& key) {
  auto held = pin(key);
  if (!has(key))
    return fail(errc::not_found, "there is no content " + to_hex(key.sha256));
  return held;
}

result<bool> blob_store::collect(const content_key& key) {
  {
    const std::lock_guard lock(mutex_);
    const bool is_pinned = pins_.contains(key) && !DOSSIER_PLANTED(collect_ignores_pins);
    if (is_pinned || !leaving_.insert(key).second)
      return false;
  }
  const struct mark {
    ~mark() {
      {
        const std::lock_guard lock(store.mutex_);
        store.leaving_.erase(key);
      }
      store.has_left_.notify_all();
    }
    blob_store& store;
    const content_key& key;
  } leaving{*this, key};
  return remove_unreferenced(key);
}

result<bool> blob_store::remove_unreferenced(const content_key& key) {
  const auto is_referenced = references_.is_referenced(key.customer, key.sha256);
  if (!is_referenced)
    return is_referenced.error();
  if (*is_referenced || !has(key))
    return false;
  if (auto removed = files_.remove(path_of(key)); !removed)
    return removed.error();
  stats_.collected.fetch_add(1, std::memory_order_relaxed);
  return true;
}

result<std::uint64_t> blob_store::collect_all(const std::function<bool()>& should_stop) {
  std::uint64_t count = 0;
  const auto walked = walk(files_, root_ + "/content", [&](const content_key& key) -> result<bool> {
    if (should_stop())
      return false;
    const auto collected = collect(key);
    if (!collected)
      return collected;
    count += *collected ? 1 : 0;
    return true;
  });
  if (!walked)
    return walked.error();
  return count;
}

result<void>
blob_store::each(const std::function<bool(const content_key&, std::uint64_t)>& visit) const {
  return walk(files_, root_ + "/content", [&](const content_key& key) -> result<bool> {
    const auto file = read(key);
    if (file)
      return visit(key, (*file)->size_bytes());
    // It was collected after its directory was listed.
    if (file.error().code == errc::not_found)
      return true;
    return file.error();
  });
}

result<void> blob_store::check(const content_key& key) const {
  const auto file = read(key);
  if (!file)
    return file.error();
  content_hasher hasher(/*with_md5=*/false);
  std::vector<std::byte> piece(check_bytes);
  for (std::uint64_t offset = 0;;) {
    const auto count = (*file)->read(offset, piece);
    if (!count)
      return count.error();
    if (*count == 0)
      break;
    hasher.update(std::span(piece).first(*count));
    offset += *count;
  }
  received_content found;
  hasher.finish(found.sha256, found.md5);
  if (found.sha256 == key.sha256)
    return {};
  return fail(errc::corrupt, "The content " + path_of(key) + " has the SHA-256 "
                               + to_hex(found.sha256)
                               + " instead of the one in its name. Restore it from a backup or "
                                 "upload it again.");
}

std::string blob_store::directory_of(const std::string& customer) const {
  DOSSIER_ASSERT(check_customer(customer).has_value(), "content belongs to a well-named customer");
  return root_ + "/content/" + fan_out_of(customer) + "/" + customer;
}

std::string blob_store::path_of(const content_key& key) const {
  return directory_of(key.customer) + "/" + to_hex(key.sha256);
}

} // namespace dossier

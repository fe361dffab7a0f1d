// SPDX-License-Identifier: Apache-2.0
// Opens, checks and closes the directory, and turns every Status into a failure.
#include "persistence/rocks_database.hpp"

#include "config/log.hpp"
#include "persistence/rows.hpp"

#include <utility>

#include <rocksdb/env.h>

namespace dossier {

namespace {

constexpr std::string_view layout_key = "layout";
constexpr std::uint64_t layout_version = 1;
// Few threads read, so few locks do; a shard of the cache has to hold the largest block beside
// others.
constexpr int cache_shard_bits = 2;

// RocksDB has no code of its own for a lock that is taken, only the name of the file in the
// message.
bool is_lock_taken(const rocksdb::Status& status) {
  const auto text = status.ToString();
  return status.IsIOError() && text.find("/LOCK: ") != std::string::npos
         && (text.find("While lock file") != std::string::npos
             || text.find("lock hold by current process") != std::string::npos);
}

failure failure_of_opening(const rocksdb::Status& status, const std::string& path) {
  if (is_lock_taken(status))
    return fail(errc::unavailable, "opening the store in " + path
                                     + ": another dossier is using the directory; stop it first");
  if (status.IsInvalidArgument())
    return fail(errc::corrupt,
                "opening the store in " + path
                  + ": its layout is not ours, so another program or a newer dossier "
                    "made it ("
                  + status.ToString() + ")");
  return failure_of(status, "opening the store in " + path);
}

rocksdb::ReadOptions scan_options() {
  rocksdb::ReadOptions read;
  read.total_order_seek = true;
  return read;
}

} // namespace

failure failure_of(const rocksdb::Status& status, const std::string& attempt) {
  if (status.IsCorruption())
    return fail(errc::corrupt,
                attempt + ": " + status.ToString() + "; run `dossier verify` and restore a backup");
  return fail(errc::unavailable, attempt + ": " + status.ToString()
                                   + "; check the disk and its free space, then restart dossier");
}

rocks_database::rocks_database(const rocks_options& options)
  : options_(options)
  , cache_(rocksdb::NewLRUCache(options.block_cache_bytes, cache_shard_bits)) {
  if (options_.env == nullptr)
    options_.env = rocksdb::Env::Default();
}

rocks_database::~rocks_database() {
  if (db_ != nullptr && !options_.read_only) {
    if (auto status = db_->Flush(rocksdb::FlushOptions{}, handles_); !status.ok())
      log(log_level::warn, "store closed without a flush",
          {{"path", options_.path}, {"why", status.ToString()}});
  }
  if (db_ != nullptr) {
    for (auto* handle : handles_)
      db_->DestroyColumnFamilyHandle(handle);
    if (auto status = db_->Close(); !status.ok())
      log(log_level::warn, "store not closed",
          {{"path", options_.path}, {"why", status.ToString()}});
  }
  if (lock_ != nullptr)
    options_.env->UnlockFile(lock_);
}

result<std::unique_ptr<rocks_database>> rocks_database::open(const rocks_options& options) {
  if (options.shard_count == 0 && !options.read_only)
    return fail(errc::invalid_argument,
                "opening the store in " + options.path + ": it needs at least one shard");
  std::unique_ptr<rocks_database> database{new rocks_database{options}};
  if (options.read_only) {
    if (auto locked = database->lock_for_reading(); !locked)
      return locked.error();
  }
  if (auto opened = database->open_files(); !opened)
    return opened.error();
  if (auto checked = database->check_layout(); !checked)
    return checked.error();
  if (!options.read_only) {
    if (auto synced = database->sync_parent_directory(); !synced)
      return synced.error();
  }
  return database;
}

result<void> rocks_database::lock_for_reading() {
  if (!options_.env->FileExists(options_.path + "/CURRENT").ok())
    return fail(errc::not_found, "opening the store in " + options_.path
                                   + ": there is none; check the data directory");
  // A lock file that is missing belongs to a copy that nobody writes, and must not be made here.
  const auto lock_file = options_.path + "/LOCK";
  if (!options_.env->FileExists(lock_file).ok())
    return {};
  const auto status = options_.env->LockFile(lock_file, &lock_);
  // Other failures are those of read-only media, where nobody writes either.
  if (is_lock_taken(status))
    return failure_of_opening(status, options_.path);
  return {};
}

result<void> rocks_database::open_files() {
  std::vector<rocksdb::ColumnFamilyDescriptor> columns;
  for (std::size_t i = 0; i < column_names.size(); ++i)
    columns.emplace_back(column_names[i],
                         column_options(static_cast<column>(i), options_, cache_, filter_));
  rocksdb::DB* db = nullptr;
  const auto settings = database_options(options_);
  const auto status
    = options_.read_only
        ? rocksdb::DB::OpenForReadOnly(settings, options_.path, columns, &handles_, &db)
        : rocksdb::DB::Open(settings, options_.path, columns, &handles_, &db);
  db_.reset(db);
  if (!status.ok())
    return failure_of_opening(status, options_.path);
  return {};
}

result<void> rocks_database::check_layout() {
  rocksdb::PinnableSlice value;
  const auto status
    = db_->Get(rocksdb::ReadOptions{}, handle(column::meta), slice_of(layout_key), &value);
  if (status.IsNotFound())
    return write_layout();
  if (!status.ok())
    return failure_of(status, "reading the layout of the store in " + options_.path);
  constexpr auto number_size = std::tuple_size_v<rows::number_value>;
  const auto version = rows::parse_number(layout_key, value.ToStringView().substr(0, number_size));
  if (!version)
    return version.error();
  if (*version != layout_version)
    return fail(errc::corrupt, "opening the store in " + options_.path + ": it has layout "
                                 + std::to_string(*version) + " and this dossier reads layout "
                                 + std::to_string(layout_version)
                                 + "; use the dossier that made it");
  const auto shards = rows::parse_number(layout_key, value.ToStringView().substr(number_size));
  if (!shards)
    return shards.error();
  // verify may know nothing but the directory, so when only reading its own figure counts.
  if (*shards == 0 || *shards > UINT16_MAX
      || (*shards != options_.shard_count && !options_.read_only))
    return fail(errc::corrupt, "opening the store in " + options_.path + ": it was made with "
                                 + std::to_string(*shards) + " shards and cannot have "
                                 + std::to_string(options_.shard_count)
                                 + "; set storage.shards to what it was made with");
  shard_count_ = static_cast<shard_number>(*shards);
  return {};
}

result<void> rocks_database::write_layout() {
  // Why: the process may have died between making the files and this row, which leaves an empty
  // store; one with rows and without a layout was never ours.
  for (auto* of_column : handles_) {
    const std::unique_ptr<rocksdb::Iterator> rows{db_->NewIterator(scan_options(), of_column)};
    rows->SeekToFirst();
    if (rows->Valid())
      return fail(errc::corrupt, "opening the store in " + options_.path
                                   + ": it holds rows and no layout, so another program made it");
    if (!rows->status().ok())
      return failure_of(rows->status(), "opening the store in " + options_.path);
  }
  if (options_.read_only)
    return fail(errc::not_found, "opening the store in " + options_.path
                                   + ": it is empty; start dossier there once");
  const auto version = rows::value_of_number(layout_version);
  const auto shards = rows::value_of_number(options_.shard_count);
  std::string value{version.data(), version.size()};
  value.append(shards.data(), shards.size());
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (auto status = db_->Put(synced, handle(column::meta), slice_of(layout_key), value);
      !status.ok())
    return failure_of(status, "writing the layout of the store in " + options_.path);
  shard_count_ = options_.shard_count;
  return {};
}

result<void> rocks_database::sync_parent_directory() {
  // Why: RocksDB syncs what is in its directory, nobody but us the directory's own entry. Until
  // then a power loss could take a store that has answered.
  auto path = options_.path;
  while (path.size() > 1 && path.back() == '/')
    path.pop_back();
  const auto slash = path.rfind('/');
  const auto parent = slash == std::string::npos ? std::string{"."} : path.substr(0, slash + 1);
  std::unique_ptr<rocksdb::Directory> directory;
  auto status = options_.env->NewDirectory(parent, &directory);
  if (status.ok())
    status = directory->Fsync();
  if (!status.ok())
    return failure_of(status, "syncing the directory " + parent);
  return {};
}

result<std::optional<rocksdb::PinnableSlice>> rocks_database::find(keys::row kind,
                                                                   std::string_view key) const {
  rocksdb::PinnableSlice value;
  const auto status = db_->Get(rocksdb::ReadOptions{}, handle(kind), slice_of(key), &value);
  if (status.IsNotFound())
    return std::optional<rocksdb::PinnableSlice>{};
  if (!status.ok())
    return failure_of(status, "reading a row of the store in " + options_.path);
  return std::optional{std::move(value)};
}

result<std::uint64_t> rocks_database::find_feed_end(shard_number shard) const {
  auto iterators = iterate(shard, {keys::row::feed});
  if (!iterators)
    return iterators.error();
  auto& rows = *iterators->front().rows;
  if (!rows.Valid())
    return std::uint64_t{0};
  rows.SeekToLast();
  if (!rows.Valid())
    return failure_of(rows.status(),
                      "finding the end of the feed of shard " + std::to_string(shard));
  const auto last = keys::parse_feed_key(rows.key().ToStringView());
  if (!last)
    return last.error();
  return last->second;
}

result<void> rocks_database::put_unsynced(keys::row kind, std::string_view key,
                                          std::string_view value) {
  const auto status
    = db_->Put(rocksdb::WriteOptions{}, handle(kind), slice_of(key), slice_of(value));
  if (!status.ok())
    return failure_of(status, "writing a row of the store in " + options_.path);
  return {};
}

result<void> rocks_database::write_unsynced(rocksdb::WriteBatch& changes) {
  const auto status = db_->Write(rocksdb::WriteOptions{}, &changes);
  if (!status.ok())
    return failure_of(status, "writing rows of the store in " + options_.path);
  return {};
}

result<void> rocks_database::walk(keys::row kind, std::string_view first, std::string end,
                                  const visitor& visit) const {
  auto read = scan_options();
  const auto end_slice = slice_of(end);
  read.iterate_upper_bound = &end_slice;
  const std::unique_ptr<rocksdb::Iterator> rows{db_->NewIterator(read, handle(kind))};
  for (rows->Seek(slice_of(first)); rows->Valid(); rows->Next()) {
    auto goes_on = visit(rows->key().ToStringView(), rows->value().ToStringView());
    if (!goes_on)
      return goes_on.error();
    if (!*goes_on)
      return {};
  }
  if (!rows->status().ok())
    return failure_of(rows->status(), "scanning rows of the store in " + options_.path);
  return {};
}

result<std::vector<bounded_iterator>>
rocks_database::iterate(shard_number shard, const std::vector<keys::row>& kinds) const {
  // One snapshot for all of them; an iterator keeps its own view alive after the snapshot is
  // released.
  const auto* snapshot = db_->GetSnapshot();
  std::vector<bounded_iterator> iterators(kinds.size());
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    const auto first = keys::prefix(shard, kinds[i]);
    auto& it = iterators[i];
    it.end = keys::end_of(first);
    it.end_slice = slice_of(it.end);
    auto read = scan_options();
    read.snapshot = snapshot;
    read.fill_cache = false;
    read.iterate_upper_bound = &it.end_slice;
    it.rows.reset(db_->NewIterator(read, handle(kinds[i])));
    it.rows->Seek(slice_of(first));
  }
  db_->ReleaseSnapshot(snapshot);
  for (const auto& it : iterators) {
    if (!it.rows->status().ok())
      return failure_of(it.rows->status(), "scanning the store in " + options_.path);
  }
  return iterators;
}

} // namespace dossier

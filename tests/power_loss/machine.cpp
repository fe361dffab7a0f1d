// SPDX-License-Identifier: Apache-2.0
#include "tests/power_loss/machine.hpp"

#include "tests/power_loss/rocks_disk.hpp"

namespace dossier::power_loss {

machine::machine(crash_disk& disk)
  : files_(disk)
  , env_(make_rocks_env(disk)) {}

machine::~machine() = default;

result<std::unique_ptr<machine>> machine::start(crash_disk& disk, const clock& time) {
  std::unique_ptr<machine> made(new machine(disk));
  if (auto directory = made->files_.make_directories("/data"); !directory)
    return directory.error();

  // Why so small: flushes, compactions and new logs must happen within a few hundred operations.
  rocks_options options;
  options.path = "/data/journal";
  options.shard_count = shard_count;
  options.block_cache_bytes = 1u << 20;
  options.write_buffer_bytes = 64u << 10;
  options.wal_bytes_max = 128u << 10;
  options.env = made->env_.get();
  auto store = rocks_journal::open(options);
  if (!store)
    return store.error();
  made->store_ = std::move(*store);

  auto blobs = blob_store::open(made->files_, "/data/blobs", *made->store_);
  if (!blobs)
    return blobs.error();
  made->blobs_ = std::move(*blobs);

  auto device_failed = [self = made.get()](const failure&) {
    std::lock_guard lock(self->mutex_);
    self->has_device_failed_ = true;
    self->changed_.notify_all();
  };
  made->committer_ = std::make_unique<group_committer>(*made->store_, time,
                                                       group_committer::limits{}, device_failed);
  return made;
}

std::vector<answered_batch> machine::commit(std::vector<batch> batches) {
  auto expected = batches.size();
  for (auto& b : batches) {
    auto entity = b.entity;
    committer_->submit(std::move(b), [this, entity](write_outcome outcome) {
      std::lock_guard lock(mutex_);
      answered_.push_back({entity, std::move(outcome)});
      changed_.notify_all();
    });
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return has_device_failed_ || answered_.size() == expected; });
  return std::exchange(answered_, {});
}

} // namespace dossier::power_loss

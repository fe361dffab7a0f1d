// SPDX-License-Identifier: Apache-2.0
// RocksDB's file-system seam on a crash_disk.
#pragma once

#include "tests/power_loss/crash_disk.hpp"

#include <rocksdb/env.h>

#include <memory>

namespace dossier::power_loss {

/// An environment whose files live on `disk`, with the real one's threads and clock. Must outlive
/// the databases opened with it; the disk must outlive the environment.
std::unique_ptr<rocksdb::Env> make_rocks_env(crash_disk& disk);

} // namespace dossier::power_loss

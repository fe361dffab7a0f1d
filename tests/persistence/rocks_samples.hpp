// SPDX-License-Identifier: Apache-2.0
// Stores of RocksDB for tests, and a hand behind their backs.
#pragma once

#include "persistence/rocks_database.hpp"
#include "persistence/rocks_journal.hpp"
#include "tests/persistence/journal_samples.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <memory>
#include <string>

#include <rocksdb/db.h>

namespace dossier::samples {

inline rocks_options options_for(const std::string& path) {
  rocks_options options;
  options.path = path;
  options.shard_count = shard_count;
  options.block_cache_bytes = 4u << 20;
  options.write_buffer_bytes = 1u << 20;
  return options;
}

inline std::unique_ptr<rocks_journal> open(const std::string& path) {
  return rocks_journal::open(options_for(path)).value();
}

/// Changes rows behind the journal's back.
inline void edit(const std::string& path, const std::function<void(rocks_database&)>& change) {
  const auto database = rocks_database::open(options_for(path)).value();
  change(*database);
}

inline void put_raw(rocks_database& database, column c, const std::string& key,
                    const std::string& value) {
  const auto status = database.db().Put(rocksdb::WriteOptions{}, database.handle(c), key, value);
  BOOST_REQUIRE_MESSAGE(status.ok(), status.ToString());
}

} // namespace dossier::samples

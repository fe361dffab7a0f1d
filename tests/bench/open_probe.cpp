// SPDX-License-Identifier: Apache-2.0
// The peer for restarts: nothing but RocksDB opening a copy of the same directory. Prints
// milliseconds.
#include <rocksdb/db.h>
#include <rocksdb/table.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: open_probe DATABASE\n");
    return 2;
  }
  const rocksdb::Options options;
  std::vector<std::string> names;
  if (!rocksdb::DB::ListColumnFamilies(options, argv[1], &names).ok()) {
    std::fprintf(stderr, "open_probe: %s is no database\n", argv[1]);
    return 1;
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> families;
  for (const auto& name : names)
    families.emplace_back(name, rocksdb::ColumnFamilyOptions{});
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* opened = nullptr;
  const auto started = std::chrono::steady_clock::now();
  const rocksdb::Status status = rocksdb::DB::Open(options, argv[1], families, &handles, &opened);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - started;
  if (!status.ok()) {
    std::fprintf(stderr, "open_probe: %s\n", status.ToString().c_str());
    return 1;
  }
  const std::unique_ptr<rocksdb::DB> database(opened);
  std::printf("%.1f\n", took.count());
  std::fflush(stdout);
  for (auto* handle : handles)
    database->DestroyColumnFamilyHandle(handle);
}

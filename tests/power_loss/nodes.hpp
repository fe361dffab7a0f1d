// SPDX-License-Identifier: Apache-2.0
// What a crash_disk keeps of one file or directory: how it reads now, how it was synced, what came
// since.
#pragma once

#include "tests/power_loss/crash_disk.hpp"

namespace dossier::power_loss {

/// Guarded by its disk's mutex.
struct crash_disk::node {
  /// Since the last sync: bytes written at `offset`, or a truncation to `offset` bytes.
  struct step {
    bool is_truncation = false;
    std::uint64_t offset = 0;
    std::string bytes{};

    void apply_to(std::string& content) const {
      if (is_truncation) {
        content.resize(offset);
        return;
      }
      if (content.size() < offset + bytes.size())
        content.resize(offset + bytes.size());
      content.replace(offset, bytes.size(), bytes);
    }
  };

  bool is_directory = false;
  bool is_kept_in_order = false;
  std::string written{};
  std::string durable{};
  std::vector<step> unsynced{};
  std::map<std::string, handle> entries{};
  std::map<std::string, handle> durable_entries{};

  void take(step s) {
    s.apply_to(written);
    unsynced.push_back(std::move(s));
  }
  void write(std::uint64_t offset, std::string_view bytes) {
    take({.offset = offset, .bytes = std::string(bytes)});
  }
  void truncate(std::uint64_t size_bytes) { take({.is_truncation = true, .offset = size_bytes}); }
  void sync() {
    for (const auto& s : unsynced)
      s.apply_to(durable);
    unsynced.clear();
  }
};

} // namespace dossier::power_loss

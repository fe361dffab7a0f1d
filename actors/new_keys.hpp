// SPDX-License-Identifier: Apache-2.0
// Keys of rows that are about to be stored, looked for among those that are stored: all of them in
// one walk of each file. One thread at a time; blocks on the disk.
#pragma once

#include "actors/stored_chunks.hpp"
#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace dossier {

class new_keys {
public:
  /// `key`: as key_bytes_of() has it. Before the first look_in().
  void add(std::string key, std::size_t owner);

  /// Tells of each owner whose key an earlier one has.
  void find_repeated(const std::function<void(std::size_t owner)>& repeated);

  /// Tells of each owner whose key a row of the chunk has, and that row's record. A chunk whose
  /// schema has no key has none.
  result<void> look_in(const stored_chunk& chunk,
                       const std::function<void(std::size_t owner, std::uint64_t record)>& found);

private:
  struct item {
    std::uint64_t hash = 0;
    std::string key;
    std::size_t owner = 0;
    auto operator<=>(const item&) const = default;
  };

  void sort();
  /// `correction`: of `file`, whose records count only if it does not speak of them.
  result<void> look_in(const row_file& file, const row_file* correction,
                       const std::function<void(std::size_t, std::uint64_t)>& found) const;

  std::vector<item> items_;
  bool is_sorted_ = false;
};

} // namespace dossier

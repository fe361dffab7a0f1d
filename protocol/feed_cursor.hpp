// SPDX-License-Identifier: Apache-2.0
// How far a listener has heard: one position for each shard's feed. Its text travels as the id of a
// stream's message and as a page's `after`; it says nothing but numbers, so it needs no signature.
#pragma once

#include "protocol/ids.hpp"
#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct feed_cursor {
  std::vector<std::uint64_t> positions; ///< Of each shard, the last one heard; 0: none.

  /// Before everything.
  static feed_cursor start(shard_number shard_count);
  /// Accepts exactly what text() writes for as many shards; invalid_argument otherwise.
  static result<feed_cursor> parse(std::string_view text, shard_number shard_count);
  /// Base64url of the positions as LEB128 numbers: one character and a third for a shard without
  /// events.
  std::string text() const;

  bool operator==(const feed_cursor&) const = default;
};

} // namespace dossier

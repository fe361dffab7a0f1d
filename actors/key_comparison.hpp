// SPDX-License-Identifier: Apache-2.0
// Finds the rows of a job whose keys were there before: in an earlier record of its file, or in
// rows that are stored already. Keys are compared slice by slice of their hashes, on any thread; a
// slice takes some megabytes, whatever the size of the file.
#pragma once

#include "actors/stored_chunks.hpp"
#include "protocol/result.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace dossier {

/// A row that came too late.
struct duplicate_row {
  std::uint64_t number = 0;  ///< Of its record.
  std::uint32_t ordinal = 0; ///< In the chunk's own file.
  entity_id job;             ///< Where the key was before,
  std::uint64_t before = 0;  ///< in the row of this record.
};

struct chunk_duplicates {
  std::uint32_t number = 0;        ///< Of the chunk.
  std::vector<duplicate_row> rows; ///< Ascending.
};

class key_comparison {
public:
  /// `own`: the job's finished chunks, ascending. Rows that repairs brought were compared then, and
  /// are among those that were there before. `duplicates_max`: with more of them it ends.
  key_comparison(std::vector<stored_chunk> own, std::vector<stored_chunk> stored,
                 std::uint64_t duplicates_max);

  std::size_t slices() const { return found_.size(); }
  /// Each slice once, also at the same time. too_large if there are too many. Blocks on the disk.
  result<void> look_at(std::size_t slice);
  /// Behind all of them: ascending by chunk. Blocks on the disk.
  result<std::vector<chunk_duplicates>> fold();

private:
  /// One file of rows that takes part.
  struct part {
    const row_file* file = nullptr;
    std::size_t chunk = 0; ///< In chunks_.
    bool is_own = false;   ///< Its rows may be duplicates.
    bool is_base = false;  ///< What the chunk's correction speaks of does not count in it.
  };
  /// A row whose hash another one has, too.
  struct candidate {
    std::uint64_t hash = 0;
    std::uint32_t part = 0;
    std::uint32_t ordinal = 0;
    auto operator<=>(const candidate&) const = default;
  };
  /// The same, looked at.
  struct keyed_row {
    std::uint64_t hash = 0;
    std::uint64_t check = 0; ///< Another hash of the key: who has both has the key.
    bool is_own = false;     ///< Behind those that were there before.
    std::uint64_t number = 0;
    std::uint32_t part = 0;
    std::uint32_t ordinal = 0;
    auto operator<=>(const keyed_row&) const = default;
  };

  result<void> gather(const part& p, std::uint32_t index, std::uint64_t first, std::uint64_t last,
                      std::vector<candidate>& mine) const;
  result<void> join(const part& p, std::uint32_t index, const std::vector<candidate>& mine,
                    std::vector<bool>& is_shared, std::vector<candidate>& found) const;
  result<void> look_up(const std::vector<candidate>& all, std::vector<keyed_row>& rows) const;

  std::vector<stored_chunk> chunks_; ///< Own ones first.
  std::vector<part> parts_;
  const std::uint64_t duplicates_max_;
  std::uint64_t keys_ = 0; ///< The job's own.
  std::uint32_t slice_bits_ = 0;
  std::uint32_t pages_at_once_ = 1;
  std::atomic<std::uint64_t> own_found_{0};
  std::vector<std::vector<candidate>> found_; ///< By slice.
};

} // namespace dossier

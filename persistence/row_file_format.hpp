// SPDX-License-Identifier: Apache-2.0
// The bytes of a file of rows: the rows and rejects of one attempt at one chunk of an ingestion
// job. All numbers are little-endian, all positions count from the file's first byte, and a
// checksum (CRC-32C) covers each byte. Nothing lies between the parts, so no byte is without
// meaning.
//
//   part     bytes                      content
//   head     48                         head_part
//            schema_text_bytes          whatever the writer was given
//            4                          checksum of the head so far
//   block    12 + bytes                 block_head and a row block as csv::row_block encodes it;
//                                       or and rejects, each a reject_head and its three texts;
//                                       packed, if that saves an eighth
//                                       (persistence/packed_block.hpp)
//   run      4'096 for a page           sorted keys: 341 entries of 12 bytes (hash 8, ordinal 4)
//   and
//                                       their checksum; the last page holds what is left
//   footer   48                         footer_head
//            24 for a row block         placed_block
//            24 for a block of rejects  placed_block
//            16 for a run               placed_run
//            8 for a page               the first hash of each page, run by run
//   tail     16                         tail_part
//
// Blocks and runs stand in the order in which they were full. A row's ordinal is its place among
// the rows of the file, from 0. Of each run the entries ascend by hash, then ordinal; of several
// runs the ordinals of an earlier one are below those of a later one.
//
// The format is raised when any of this changes; readers keep knowing the old ones.
#pragma once

#include "protocol/ids.hpp"

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace dossier {

/// What a file of rows is of. Frozen.
enum class row_file_kind : std::uint16_t {
  records = 0,    ///< All records of a chunk, as an attempt at it has read them.
  correction = 1, ///< Those records of a chunk that are something else by now.
};

/// Which file: an attempt at a chunk of a job, or a revision of its correction.
struct row_file_key {
  entity_id job;
  std::uint32_t chunk = 0;
  std::uint32_t attempt = 0; ///< Or the revision.
  row_file_kind kind = row_file_kind::records;

  auto operator<=>(const row_file_key&) const = default;
};

/// How much of what a file speaks of.
struct row_file_counts {
  std::uint64_t rows = 0;
  std::uint64_t rejects = 0;
  std::uint64_t empty_lines = 0; ///< Records that are neither.
  std::uint64_t lines = 0;       ///< Line ends in the chunk.

  bool operator==(const row_file_counts&) const = default;
};

namespace row_format {

static_assert(std::endian::native == std::endian::little, "parts are copied as they lie in memory");

/// Files of format 1 have no packed blocks.
inline constexpr std::uint32_t version = 2;
inline constexpr std::uint32_t version_oldest = 1;
inline constexpr std::array<char, 8> magic{'d', 'o', 's', 's', 'r', 'o', 'w', 's'};
inline constexpr std::array<char, 8> closing_magic{'s', 'w', 'o', 'r', 's', 's', 'o', 'd'};

inline constexpr std::uint32_t no_key = std::numeric_limits<std::uint32_t>::max();
/// Bounds of what a reader takes memory for.
inline constexpr std::uint32_t schema_text_bytes_max = 4U << 20;
inline constexpr std::uint32_t block_bytes_max = 64U << 20;
inline constexpr std::uint32_t footer_bytes_max = 64U << 20;
inline constexpr std::uint32_t rows_max = std::numeric_limits<std::uint32_t>::max();

inline constexpr std::uint32_t checksum_bytes = 4;
inline constexpr std::uint32_t entry_bytes = 12;
inline constexpr std::uint32_t page_entries = 341;
inline constexpr std::uint32_t page_bytes = page_entries * entry_bytes + checksum_bytes;
static_assert(page_bytes == 4'096);

struct head_part {
  std::array<char, 8> magic = row_format::magic;
  std::uint32_t version = row_format::version;
  std::uint32_t chunk = 0;
  std::uint32_t attempt = 0;
  std::array<std::uint8_t, entity_id::size> job{};
  row_file_kind kind = row_file_kind::records;
  std::uint32_t key_column = no_key; ///< Its place in the schema.
  std::uint32_t schema_text_bytes = 0;
};
static_assert(sizeof(head_part) == 48);

/// Frozen.
enum class block_kind : std::uint32_t {
  rows = 1,
  rejects = 2,
  packed_rows = 3,
  packed_rejects = 4
};

constexpr block_kind packed(block_kind kind) {
  return kind == block_kind::rows ? block_kind::packed_rows : block_kind::packed_rejects;
}

struct block_head {
  block_kind kind = block_kind::rows;
  std::uint32_t bytes = 0;    ///< Behind this head.
  std::uint32_t checksum = 0; ///< Of kind and bytes as they stand here, then of the block.
};
static_assert(sizeof(block_head) == 12);

/// Where a block lies.
struct placed_block {
  std::uint64_t offset = 0; ///< Of its head.
  std::uint32_t bytes = 0;  ///< Behind its head.
  std::uint32_t count = 0;  ///< Of its rows or rejects, at least 1.
  std::uint64_t first = 0;  ///< The number of the first one's record. They ascend.
};
static_assert(sizeof(placed_block) == 24);

/// Where a run of sorted keys lies.
struct placed_run {
  std::uint64_t offset = 0;
  std::uint32_t entries = 0; ///< At least 1.
  std::uint32_t zero = 0;
};
static_assert(sizeof(placed_run) == 16);

struct footer_head {
  row_file_counts counts;
  std::uint32_t row_blocks = 0;
  std::uint32_t reject_blocks = 0;
  std::uint32_t key_runs = 0;
  std::uint32_t zero = 0;
};
static_assert(sizeof(footer_head) == 48);

struct tail_part {
  std::uint32_t footer_bytes = 0; ///< Before this tail.
  std::uint32_t checksum = 0;     ///< Of the footer, then of footer_bytes as they stand here.
  std::array<char, 8> magic = closing_magic;
};
static_assert(sizeof(tail_part) == 16);

template <class Part>
concept is_part
  = std::is_trivially_copyable_v<Part> && std::has_unique_object_representations_v<Part>;

template <is_part Part>
std::string_view bytes_of(const Part& part) {
  return {reinterpret_cast<const char*>(&part), sizeof part};
}

/// The part at the front of `bytes`, which has room for it and loses it.
template <is_part Part>
Part take(std::string_view& bytes) {
  Part part;
  std::memcpy(&part, bytes.data(), sizeof part);
  bytes.remove_prefix(sizeof part);
  return part;
}

/// What block_head::checksum must be.
std::uint32_t checksum_of(const block_head& head, std::string_view block);

/// How many pages so many entries take, and how many bytes these have.
std::uint64_t pages_of(std::uint64_t entries);
std::uint64_t bytes_of_run(std::uint64_t entries);

/// A run of sorted keys as the footer has it.
struct key_run {
  placed_run place;
  std::vector<std::uint64_t> first_hashes; ///< Of each page.
};

} // namespace row_format

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/row_file.hpp"

#include "persistence/keyed_row_cursor.hpp"
#include "persistence/packed_block.hpp"
#include "persistence/row_cursor.hpp"

namespace dossier {

result<std::string> row_file::read_block(row_format::block_kind kind,
                                         const row_format::placed_block& placed) const {
  const auto head_bytes = file_.read(placed.offset, sizeof(row_format::block_head));
  if (!head_bytes)
    return head_bytes;
  auto bytes = file_.read(placed.offset + sizeof(row_format::block_head), placed.bytes);
  if (!bytes)
    return bytes;
  std::string_view rest = *head_bytes;
  const auto head = row_format::take<row_format::block_head>(rest);
  const bool is_packed = head.kind == row_format::packed(kind);
  if ((head.kind != kind && !is_packed) || head.bytes != placed.bytes
      || head.checksum != row_format::checksum_of(head, *bytes))
    return file_.corrupt(placed.offset, "a block is not as it was written");
  if (!is_packed)
    return bytes;
  auto block = unpack(*bytes, row_format::block_bytes_max);
  return block ? block : file_.corrupt(placed.offset, block.error().why);
}

result<csv::row_block_reader> row_file::open_rows(std::string_view bytes,
                                                  const row_format::placed_block& placed) const {
  auto block = csv::row_block_reader::open(bytes);
  if (!block)
    return file_.corrupt(placed.offset, block.error().why);
  if (block->rows() != placed.count || block->number(0) != placed.first)
    return file_.corrupt(placed.offset, "a block of rows is not the one that the footer speaks of");
  return block;
}

// Rows and rejects.

result<void> row_file::rows_from(std::uint64_t number, std::uint64_t limit,
                                 const row_visit& visit) const {
  if (limit == 0)
    return {};
  row_cursor at(*this);
  return walk_from(number, at, [&](const row_cursor& row) {
    return visit(row.block(), row.row()) && --limit > 0;
  });
}

result<void> row_file::rejects_from(std::uint64_t number, const reject_visit& visit) const {
  reject_cursor at(*this);
  return walk_from(number, at,
                   [&](const reject_cursor& reject) { return visit(reject.present()); });
}

result<std::vector<stored_reject>> row_file::rejects_from(std::uint64_t number, std::uint64_t limit,
                                                          std::uint64_t bytes_max) const {
  return gather_rejects(limit, bytes_max,
                        [&](const reject_visit& visit) { return rejects_from(number, visit); });
}

// Keys.

result<std::vector<std::uint64_t>> row_file::find_key(std::string_view key, std::uint64_t limit,
                                                      const row_file* correction) const {
  if (!key_column_)
    return fail(errc::invalid_argument, "Could not look for a key in " + file_.path()
                                          + ": the schema of its rows names none.");
  std::vector<std::uint64_t> found;
  keyed_row_cursor rows(*this, correction);
  // Why the order is that of records: runs were written one after the other, and of one hash the
  // ordinals ascend.
  for (const auto& run : runs_)
    if (auto looked = find_in_run(run, key, limit, rows, found); !looked)
      return looked.error();
  return found;
}

result<void> row_file::find_in_run(const row_format::key_run& run, std::string_view key,
                                   std::uint64_t limit, keyed_row_cursor& rows,
                                   std::vector<std::uint64_t>& found) const {
  const std::uint64_t hash = hash_of_key(key);
  run_cursor entries(file_, run, 1);
  auto moved = entries.skip_to(hash);
  for (; moved && found.size() < limit; moved = entries.next()) {
    const key_entry* entry = entries.present();
    if (entry == nullptr || entry->hash != hash)
      break;
    const auto counts = rows.go_to(entry->ordinal);
    if (!counts)
      return counts.error();
    if (*counts && rows.key() == key)
      found.push_back(rows.number());
  }
  return moved;
}

} // namespace dossier

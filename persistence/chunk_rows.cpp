// SPDX-License-Identifier: Apache-2.0
#include "persistence/chunk_rows.hpp"

#include "persistence/chunk_cursor.hpp"

#include <algorithm>

namespace dossier {

result<chunk_rows> chunk_rows::open(const row_store& rows, const row_file_key& records,
                                    std::uint32_t revision) {
  auto file = rows.read(records);
  if (!file)
    return file.error();
  if (revision == 0)
    return chunk_rows(std::move(*file), nullptr);
  auto correction = rows.read({records.job, records.chunk, revision, row_file_kind::correction});
  if (!correction)
    return correction.error();
  return chunk_rows(std::move(*file), std::move(*correction));
}

// Rows and rejects.

result<void> chunk_rows::rows_from(std::uint64_t number, std::uint64_t limit,
                                   const row_visit& visit) const {
  if (limit == 0)
    return {};
  chunk_row_cursor rows(*this);
  return walk_from(number, rows, [&](const chunk_row_cursor& row) {
    return visit(row.at().block(), row.at().row()) && --limit > 0;
  });
}

result<void> chunk_rows::rejects_from(std::uint64_t number, const reject_visit& visit) const {
  chunk_reject_cursor rejects(*this);
  return walk_from(number, rejects,
                   [&](const chunk_reject_cursor& reject) { return visit(reject.at().present()); });
}

result<std::vector<stored_reject>>
chunk_rows::rejects_from(std::uint64_t number, std::uint64_t limit, std::uint64_t bytes_max) const {
  return gather_rejects(limit, bytes_max,
                        [&](const reject_visit& visit) { return rejects_from(number, visit); });
}

// Keys.

result<std::vector<std::uint64_t>> chunk_rows::find_key(std::string_view key,
                                                        std::uint64_t limit) const {
  auto found = records_->find_key(key, limit, correction_.get());
  if (!found || !correction_)
    return found;
  const auto more = correction_->find_key(key, limit);
  if (!more)
    return more;
  found->insert(found->end(), more->begin(), more->end());
  std::ranges::sort(*found);
  found->resize(std::min<std::uint64_t>(found->size(), limit));
  return found;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "persistence/chunk_rows.hpp"

#include <algorithm>

namespace dossier {

result<chunk_rows> chunk_rows::open(const row_store& rows, const row_file_key& records,
                                    std::uint32_t revision) {
  auto file = rows.read(records);
  if (!file)
    return file.error();
  chunk_rows opened(std::move(*file), nullptr);
  if (revision == 0)
    return opened;
  auto correction = rows.read({records.job, records.chunk, revision, row_file_kind::correction});
  if (!correction)
    return correction.error();
  opened.correction_ = std::move(*correction);
  if (auto read = opened.read_numbers(); !read)
    return read.error();
  return opened;
}

result<void> chunk_rows::read_numbers() {
  auto read = correction_->rows_from(0, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
    rows_.push_back(block.number(row));
    return true;
  });
  if (!read)
    return read;
  return correction_->rejects_from(0, [&](const csv::reject& r) {
    rejects_.push_back(r.record.number);
    return true;
  });
}

bool chunk_rows::is_corrected(std::uint64_t number) const {
  return std::ranges::binary_search(rows_, number) || std::ranges::binary_search(rejects_, number);
}

// Rows.

result<void> chunk_rows::rows_from(std::uint64_t number, std::uint64_t limit,
                                   const row_visit& visit) const {
  if (!correction_)
    return records_->rows_from(number, limit, visit);
  row_lookup corrected(*correction_);
  auto next = static_cast<std::size_t>(std::ranges::lower_bound(rows_, number) - rows_.begin());
  result<void> looked;
  // Whether the walk goes on.
  const auto show = [&](const csv::row_block_reader& block, std::uint32_t row) {
    return limit > 0 && visit(block, row) && --limit > 0;
  };
  const auto show_corrected_below = [&](std::uint64_t end) {
    for (; next < rows_.size() && rows_[next] < end; ++next) {
      looked = corrected.go_to(static_cast<std::uint32_t>(next));
      if (!looked || !show(corrected.block(), corrected.row())) {
        limit = 0;
        return false;
      }
    }
    return true;
  };
  const auto walked
    = records_->rows_from(number, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
        if (!show_corrected_below(block.number(row)))
          return false;
        if (is_corrected(block.number(row)) || show(block, row))
          return true;
        limit = 0;
        return false;
      });
  if (walked && looked && limit > 0)
    show_corrected_below(UINT64_MAX);
  return walked ? looked : walked;
}

result<void> chunk_rows::row(std::uint64_t number, const row_visit& visit) const {
  if (const auto at = std::ranges::lower_bound(rows_, number); at != rows_.end() && *at == number)
    return correction_->row(number, visit);
  if (!is_corrected(number))
    return records_->row(number, visit);
  return fail(errc::not_found, "record " + std::to_string(number) + " is a reject");
}

// Rejects.

result<void> chunk_rows::rejects_from(std::uint64_t number,
                                      const std::function<bool(const csv::reject&)>& visit) const {
  if (!correction_)
    return records_->rejects_from(number, visit);
  // Why page by page: the correction's are read beside the file's own, and their texts may be
  // large.
  constexpr std::uint64_t page = 256;
  constexpr std::uint64_t page_bytes = 1U << 20;
  std::vector<stored_reject> corrected;
  std::size_t next = 0;
  std::uint64_t from = number;
  bool goes_on = true;
  result<void> looked;
  const auto show_corrected_below = [&](std::uint64_t end) {
    while (goes_on) {
      if (next == corrected.size()) {
        auto more = correction_->rejects_from(from, page, page_bytes);
        if (!more) {
          looked = more.error();
          goes_on = false;
          return;
        }
        corrected = std::move(*more);
        next = 0;
        if (corrected.empty())
          return;
        from = corrected.back().record.number + 1;
      }
      if (corrected[next].record.number >= end)
        return;
      goes_on = visit(borrowed(corrected[next++]));
    }
  };
  const auto walked = records_->rejects_from(number, [&](const csv::reject& r) {
    show_corrected_below(r.record.number);
    if (goes_on && !is_corrected(r.record.number))
      goes_on = visit(r);
    return goes_on;
  });
  if (walked)
    show_corrected_below(UINT64_MAX);
  return walked ? looked : walked;
}

result<std::vector<stored_reject>>
chunk_rows::rejects_from(std::uint64_t number, std::uint64_t limit, std::uint64_t bytes_max) const {
  std::vector<stored_reject> found;
  std::uint64_t bytes = 0;
  if (limit == 0)
    return found;
  const auto walked = rejects_from(number, [&](const csv::reject& r) {
    found.push_back(owned(r));
    bytes += r.text.size();
    return found.size() < limit && bytes < bytes_max;
  });
  if (!walked)
    return walked.error();
  return found;
}

result<stored_reject> chunk_rows::reject(std::uint64_t number) const {
  if (std::ranges::binary_search(rejects_, number))
    return correction_->reject(number);
  if (!is_corrected(number))
    return records_->reject(number);
  return fail(errc::not_found, "record " + std::to_string(number) + " is a row");
}

// Keys.

result<std::vector<std::uint64_t>> chunk_rows::find_key(std::string_view key,
                                                        std::uint64_t limit) const {
  if (!correction_)
    return records_->find_key(key, limit);
  const auto corrected = rows_.size() + rejects_.size();
  auto found = records_->find_key(key, limit + std::min(UINT64_MAX - limit, corrected));
  if (!found)
    return found;
  std::erase_if(*found, [this](std::uint64_t number) { return is_corrected(number); });
  const auto more = correction_->find_key(key, limit);
  if (!more)
    return more;
  found->insert(found->end(), more->begin(), more->end());
  std::ranges::sort(*found);
  found->resize(std::min<std::uint64_t>(found->size(), limit));
  return found;
}

} // namespace dossier

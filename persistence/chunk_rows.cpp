// SPDX-License-Identifier: Apache-2.0
#include "persistence/chunk_rows.hpp"

#include "persistence/correction_cursor.hpp"

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

namespace {

/// What a walk of the chunk's own file is laid over: the correction's items of the same sort, which
/// are shown, and all that it speaks of, which is not shown of the file.
template <class Cursor>
class overlay {
public:
  explicit overlay(const row_file& correction)
    : shown_(correction)
    , hidden_(correction) {}

  result<void> begin(std::uint64_t number) {
    if (auto begun = shown_.begin(number); !begun)
      return begun;
    return hidden_.begin(number);
  }
  /// Shows the correction's items below `end`; false: `show` wants no more.
  template <class Show>
  result<bool> show_below(std::uint64_t end, const Show& show) {
    while (shown_.number() < end) {
      if (!show(shown_))
        return false;
      if (auto gone = shown_.next(); !gone)
        return gone.error();
    }
    return true;
  }
  /// Whether the file's record of this number is still what the file says.
  result<bool> is_as_it_was(std::uint64_t number) {
    const auto is_hidden = hidden_.has(number);
    return is_hidden ? result<bool>(!*is_hidden) : is_hidden;
  }

private:
  Cursor shown_;
  correction_cursor hidden_;
};

} // namespace

// Rows.

result<void> chunk_rows::rows_from(std::uint64_t number, std::uint64_t limit,
                                   const row_visit& visit) const {
  if (!correction_ || limit == 0)
    return records_->rows_from(number, limit, visit);
  overlay<row_cursor> over(*correction_);
  if (auto begun = over.begin(number); !begun)
    return begun;
  // Whether the walk goes on.
  const auto show = [&](const csv::row_block_reader& block, std::uint32_t row) {
    return visit(block, row) && --limit > 0;
  };
  const auto show_corrected = [&](const row_cursor& at) {
    return show(at.block(), at.row());
  };
  result<bool> goes_on = true;
  const auto walked
    = records_->rows_from(number, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
        goes_on = over.show_below(block.number(row), show_corrected);
        if (!goes_on || !*goes_on)
          return false;
        const auto is_shown = over.is_as_it_was(block.number(row));
        goes_on = is_shown ? result<bool>(!*is_shown || show(block, row)) : is_shown;
        return goes_on && *goes_on;
      });
  if (walked && goes_on && *goes_on)
    goes_on = over.show_below(no_record, show_corrected);
  return walked && !goes_on ? goes_on.error() : walked;
}

// Rejects.

result<void> chunk_rows::rejects_from(std::uint64_t number, const reject_visit& visit) const {
  if (!correction_)
    return records_->rejects_from(number, visit);
  overlay<reject_cursor> over(*correction_);
  if (auto begun = over.begin(number); !begun)
    return begun;
  const auto show_corrected = [&](const reject_cursor& at) {
    return visit(borrowed(at.present()));
  };
  result<bool> goes_on = true;
  const auto walked = records_->rejects_from(number, [&](const csv::reject& r) {
    goes_on = over.show_below(r.record.number, show_corrected);
    if (!goes_on || !*goes_on)
      return false;
    const auto is_shown = over.is_as_it_was(r.record.number);
    goes_on = is_shown ? result<bool>(!*is_shown || visit(r)) : is_shown;
    return goes_on && *goes_on;
  });
  if (walked && goes_on && *goes_on)
    goes_on = over.show_below(no_record, show_corrected);
  return walked && !goes_on ? goes_on.error() : walked;
}

result<std::vector<stored_reject>>
chunk_rows::rejects_from(std::uint64_t number, std::uint64_t limit, std::uint64_t bytes_max) const {
  return gather_rejects(limit, bytes_max,
                        [&](const reject_visit& visit) { return rejects_from(number, visit); });
}

result<stored_reject> chunk_rows::reject(std::uint64_t number) const {
  if (correction_) {
    auto corrected = correction_->reject(number);
    if (corrected || corrected.error().code != errc::not_found)
      return corrected;
    correction_cursor over(*correction_);
    if (auto begun = over.begin(number); !begun)
      return begun.error();
    const auto is_row = over.has(number);
    if (!is_row)
      return is_row.error();
    if (*is_row)
      return fail(errc::not_found, "record " + std::to_string(number) + " is a row");
  }
  return records_->reject(number);
}

// Keys.

result<std::vector<std::uint64_t>> chunk_rows::find_key(std::string_view key,
                                                        std::uint64_t limit) const {
  if (!correction_)
    return records_->find_key(key, limit);
  const auto& counts = correction_->counts();
  const auto corrected_max = counts.rows + counts.rejects;
  auto found = records_->find_key(key, limit + std::min(UINT64_MAX - limit, corrected_max));
  if (!found)
    return found;
  if (!found->empty()) {
    correction_cursor over(*correction_);
    if (auto begun = over.begin(found->front()); !begun)
      return begun.error();
    std::vector<std::uint64_t> left;
    for (const auto number : *found) {
      const auto is_corrected = over.has(number);
      if (!is_corrected)
        return is_corrected.error();
      if (!*is_corrected)
        left.push_back(number);
    }
    *found = std::move(left);
  }
  const auto more = correction_->find_key(key, limit);
  if (!more)
    return more;
  found->insert(found->end(), more->begin(), more->end());
  std::ranges::sort(*found);
  found->resize(std::min<std::uint64_t>(found->size(), limit));
  return found;
}

} // namespace dossier

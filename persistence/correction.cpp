// SPDX-License-Identifier: Apache-2.0
#include "persistence/correction.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

namespace {

constexpr std::uint32_t block_rows = 8'192;
constexpr std::uint32_t block_text_bytes = 1U << 20;

class correction_writer {
public:
  correction_writer(row_file_writer& out, const csv::schema& schema)
    : out_(out)
    , block_(schema, block_rows, block_text_bytes) {}

  result<void> add(const csv::row_block_reader& from, std::uint32_t row) {
    if (!block_.copy(from, row))
      return fail(errc::corrupt, "a corrected row cannot be read, or is of other columns");
    return block_.is_full() ? flush() : result<void>();
  }
  result<void> flush() {
    if (block_.rows() == 0)
      return {};
    auto written = out_.append(block_);
    block_.clear();
    return written;
  }

private:
  row_file_writer& out_;
  csv::row_block block_;
};

/// Which records the changes speak of, ascending.
std::vector<std::uint64_t> numbers_of(const std::optional<csv::row_block_reader>& rows,
                                      std::span<const stored_reject> rejects) {
  std::vector<std::uint64_t> numbers;
  for (std::uint32_t row = 0; rows && row < rows->rows(); ++row)
    numbers.push_back(rows->number(row));
  for (const auto& r : rejects)
    numbers.push_back(r.record.number);
  std::ranges::sort(numbers);
  return numbers;
}

result<void> put_rows(row_file_writer& out, const csv::schema& schema, const row_file* before,
                      const std::optional<csv::row_block_reader>& rows,
                      const std::vector<std::uint64_t>& changed) {
  correction_writer writer(out, schema);
  std::uint32_t next = 0;
  result<void> put;
  const auto put_changed_below = [&](std::uint64_t end) {
    for (; put && rows && next < rows->rows() && rows->number(next) < end; ++next)
      put = writer.add(*rows, next);
  };
  if (before) {
    const auto walked = before->rows_from(0, UINT64_MAX, [&](const auto& block, std::uint32_t row) {
      const auto number = block.number(row);
      put_changed_below(number);
      if (put && !std::ranges::binary_search(changed, number))
        put = writer.add(block, row);
      return put.has_value();
    });
    if (!walked)
      return walked;
  }
  put_changed_below(UINT64_MAX);
  return put ? writer.flush() : put;
}

result<void> put_rejects(row_file_writer& out, const row_file* before,
                         std::span<const stored_reject> rejects,
                         const std::vector<std::uint64_t>& changed) {
  auto next = rejects.begin();
  result<void> put;
  const auto put_changed_below = [&](std::uint64_t end) {
    for (; put && next != rejects.end() && next->record.number < end; ++next)
      put = out.append(borrowed(*next));
  };
  if (before) {
    const auto walked = before->rejects_from(0, [&](const csv::reject& r) {
      put_changed_below(r.record.number);
      if (put && !std::ranges::binary_search(changed, r.record.number))
        put = out.append(r);
      return put.has_value();
    });
    if (!walked)
      return walked;
  }
  put_changed_below(UINT64_MAX);
  return put;
}

} // namespace

result<void> write_correction(row_store& rows, const row_file_key& as, const csv::schema& schema,
                              const chunk_rows& now, const chunk_changes& changes) {
  DOSSIER_ASSERT(as.kind == row_file_kind::correction, "what is written is a correction");
  std::string encoded;
  std::optional<csv::row_block_reader> changed_rows;
  if (changes.rows && changes.rows->rows() > 0) {
    changes.rows->encode(encoded);
    auto opened = csv::row_block_reader::open(encoded);
    if (!opened)
      return opened.error();
    changed_rows = *opened;
  }
  const auto changed = numbers_of(changed_rows, changes.rejects);
  auto out = rows.begin(as, schema, now.schema_text());
  if (!out)
    return out.error();
  if (auto put = put_rows(**out, schema, now.correction(), changed_rows, changed); !put)
    return put;
  if (auto put = put_rejects(**out, now.correction(), changes.rejects, changed); !put)
    return put;
  const auto finished = (*out)->finish(0, 0);
  return finished ? result<void>() : finished.error();
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Two passes: where the records begin, range by range on all threads; then each range's records.
#include "gateway/csv_check.hpp"

#include "config/row_schemas.hpp"
#include "gateway/csv_findings.hpp"
#include "persistence/files.hpp"
#include "protocol/csv/header.hpp"
#include "protocol/csv/row_parser.hpp"
#include "protocol/csv/split.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dossier {

namespace {

constexpr std::uint64_t range_bytes = 4U << 20;
constexpr std::size_t window_bytes = 1U << 20;
constexpr std::uint32_t block_rows = 8'192;
constexpr std::uint32_t block_text_bytes = 1U << 20;
constexpr std::size_t sniffed_bytes = 1U << 16;

/// Runs `work` for each number below `count` on several threads; the first failure ends it all.
result<void> on_threads(unsigned threads, std::size_t count,
                        const std::function<result<void>(std::size_t)>& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::optional<failure> why;
  {
    std::vector<std::jthread> all;
    for (unsigned i = 0; i < threads; ++i)
      all.emplace_back([&] {
        for (auto at = next++; at < count; at = next++)
          if (const auto done = work(at); !done) {
            const std::lock_guard lock{mutex};
            why = done.error();
            next = count;
          }
      });
  }
  if (why)
    return *why;
  return {};
}

/// One file against one schema.
class check {
public:
  check(const csv_check_request& wanted, const input_file& file, const csv::schema& schema)
    : wanted_(wanted)
    , file_(file)
    , schema_(schema)
    , threads_(wanted.threads > 0 ? wanted.threads
                                  : std::max(1U, std::thread::hardware_concurrency()))
    , findings_(wanted.rejects_shown) {}

  result<void> find_out() {
    const auto begun = std::chrono::steady_clock::now();
    auto head = read_part(0, std::max<std::size_t>(sniffed_bytes, wanted_.record_bytes_max + 4));
    if (!head)
      return head.error();
    auto sniffed = csv::sniff(std::string_view{*head}.substr(0, sniffed_bytes),
                              head->size() <= sniffed_bytes, wanted_.wishes);
    if (!sniffed)
      return sniffed.error();
    findings_.dialect = std::move(*sniffed);
    if (auto placed = place_columns(*head); !placed)
      return placed;
    if (auto read = wanted_.rows_max > 0 ? read_beginning() : read_all(); !read)
      return read;
    findings_.threads = wanted_.rows_max > 0 ? 1 : threads_;
    findings_.bytes = wanted_.rows_max > 0 ? 0 : file_.size_bytes();
    findings_.took = std::chrono::steady_clock::now() - begun;
    return {};
  }

  const csv_findings& findings() const { return findings_; }

private:
  /// Shorter where the file ends.
  result<std::string> read_part(std::uint64_t at, std::size_t size) const {
    std::string bytes(size, '\0');
    const auto got = file_.read(at, std::as_writable_bytes(std::span{bytes}));
    if (!got)
      return got.error();
    bytes.resize(*got);
    return bytes;
  }

  result<void> place_columns(std::string_view head) {
    const auto& d = findings_.dialect.dialect;
    if (d.encoding != csv::text_encoding::utf8) {
      const auto name = std::string{csv::to_string(d.encoding)};
      return fail(errc::unsupported_media_type,
                  wanted_.file + " is written in " + name
                    + ", and only UTF-8 is checked here; make it UTF-8 with: iconv -f " + name
                    + " -t UTF-8");
    }
    law_ = csv::law_of(d, wanted_.record_bytes_max);
    auto named = csv::read_head(head, d, law_);
    if (!named)
      return named.error();
    data_ = named->data;
    if (wanted_.is_by_position || !d.has_header) {
      mapping_ = csv::map_by_position(schema_);
      return {};
    }
    auto mapped = csv::map_by_name(schema_, named->names);
    if (!mapped)
      return mapped.error();
    mapping_ = std::move(*mapped);
    return {};
  }

  result<void> read_beginning() {
    csv::row_parser parser(schema_, mapping_, law_, data_);
    std::uint64_t rows_left = wanted_.rows_max;
    return read_records(parser, data_.offset, file_.size_bytes(), rows_left);
  }

  result<void> read_all() {
    auto starts = find_starts();
    if (!starts)
      return starts.error();
    return on_threads(threads_, starts->size(), [&](std::size_t i) {
      const auto end = i + 1 < starts->size() ? (*starts)[i + 1].offset : file_.size_bytes();
      csv::row_parser parser(schema_, mapping_, law_, (*starts)[i]);
      auto rows_left = std::uint64_t{UINT64_MAX};
      return read_records(parser, (*starts)[i].offset, end, rows_left);
    });
  }

  /// Where the first record of each range begins.
  result<std::vector<csv::record_start>> find_starts() {
    const auto bytes = file_.size_bytes() - std::min(file_.size_bytes(), data_.offset);
    std::vector<csv::range_summary> ranges((bytes + range_bytes - 1) / range_bytes);
    const auto begin_of = [&](std::size_t i) {
      return data_.offset + i * range_bytes;
    };
    const auto& kernels = csv::kernels(csv::best_instructions());
    auto summarised = on_threads(threads_, ranges.size(), [&](std::size_t i) -> result<void> {
      const auto range = read_part(begin_of(i), range_bytes);
      if (!range)
        return range.error();
      ranges[i] = kernels.summarise(*range, begin_of(i), law_);
      return {};
    });
    if (!summarised)
      return summarised.error();
    csv::boundary_fold fold(data_, law_);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
      if (fold.add(ranges[i]))
        continue;
      const auto range = read_part(begin_of(i), range_bytes);
      if (!range)
        return range.error();
      fold.add(*range);
    }
    return fold.starts();
  }

  result<void> read_records(csv::row_parser& parser, std::uint64_t at, std::uint64_t end,
                            std::uint64_t& rows_left) {
    // One record more than a window, so that every window gets on.
    std::vector<char> buffer(window_bytes + law_.record_bytes_max + 1);
    csv::row_block block(schema_, block_rows, block_text_bytes);
    const csv::reject_sink rejected = [this](const csv::reject& r) {
      findings_.add(r);
    };
    while (at < end && rows_left > 0) {
      const auto wanted = std::min<std::uint64_t>(buffer.size(), end - at);
      const auto got = file_.read(at, std::as_writable_bytes(std::span{buffer}.first(wanted)));
      if (!got)
        return got.error();
      if (*got < wanted)
        return fail(errc::conflict, wanted_.file + " became shorter while it was read");
      std::string_view window(buffer.data(), wanted);
      const bool is_end = at + wanted == end;
      for (bool is_full = true; is_full && rows_left > 0;) {
        if (rows_left < block_rows)
          block = csv::row_block(schema_, static_cast<std::uint32_t>(rows_left), block_text_bytes);
        const auto progress = parser.parse(window, is_end, block, rejected);
        window.remove_prefix(progress.consumed);
        at += progress.consumed;
        is_full = progress.is_block_full;
        rows_left -= block.rows();
        block.clear();
      }
    }
    findings_.add(parser.counts());
    return {};
  }

  const csv_check_request& wanted_;
  const input_file& file_;
  const csv::schema& schema_;
  const unsigned threads_;
  csv::record_law law_;
  csv::record_start data_;
  csv::column_mapping mapping_;
  csv_findings findings_;
};

} // namespace

int check_csv(const csv_check_request& wanted, std::ostream& out, std::ostream& errors) {
  const auto schema = load_row_schema(wanted.schema_file);
  for (const auto& problem : schema.problems)
    errors << problem.where << ": " << problem.what << '\n';
  if (!schema.problems.empty())
    return 2;
  std::error_code no_directory; // Then the path is empty, and nothing is found there.
  const auto file = posix_files().open(std::filesystem::absolute(wanted.file, no_directory));
  if (!file) {
    errors << "dossier: " << file.error().why << '\n';
    return 2;
  }
  check run(wanted, **file, schema.schema);
  if (const auto done = run.find_out(); !done) {
    errors << "dossier: " << done.error().why << '\n';
    return 2;
  }
  run.findings().print(out, schema.schema);
  return run.findings().rejects() == 0 ? 0 : 1;
}

} // namespace dossier

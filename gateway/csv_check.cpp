// SPDX-License-Identifier: Apache-2.0
// Two passes: where the records begin, range by range on all threads; then each piece's records.
#include "gateway/csv_check.hpp"

#include "actors/ingested_file.hpp"
#include "config/row_schemas.hpp"
#include "gateway/csv_findings.hpp"
#include "persistence/files.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace dossier {

namespace {

/// Of what one thread reads at once; enough pieces for many threads, also of a small file.
constexpr std::uint64_t piece_bytes = 4U << 20;

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

/// Where each piece of the file begins and ends; none if there is no record.
result<std::vector<record_range>> pieces_of(const std::shared_ptr<const ingested_file>& file,
                                            unsigned threads) {
  std::vector<record_range> pieces;
  auto piece = all_records(*file);
  if (piece.first.offset >= piece.end)
    return pieces;
  file_split split(file, piece_bytes);
  const auto looked
    = on_threads(threads, split.ranges(), [&](std::size_t i) { return split.look_at(i); });
  if (!looked)
    return looked.error();
  const auto found = split.fold();
  if (!found)
    return found.error();
  for (const auto& p : found->pieces) {
    piece.end = piece.first.offset + p.bytes;
    pieces.push_back(piece);
    piece.first = {piece.end, piece.first.line + p.lines, piece.first.number + p.records};
  }
  return pieces;
}

/// All of the file, or its first rows.
result<void> read_records(const std::shared_ptr<const ingested_file>& file, std::uint64_t rows_max,
                          unsigned threads, csv_findings& findings) {
  const record_sinks into{[](const csv::row_block&) { return result<void>{}; },
                          [&](const csv::reject& r) {
                            findings.add(r);
                            return result<void>{};
                          },
                          [](const csv::parse_counts&) {
                            return false;
                          }};
  const auto read = [&](const record_range& range, std::uint64_t most) -> result<void> {
    const auto parsed = parse_records(*file, range, most, into);
    if (!parsed)
      return parsed.error();
    findings.add(parsed->counts);
    return {};
  };
  if (rows_max > 0)
    return read(all_records(*file), rows_max);
  const auto pieces = pieces_of(file, threads);
  if (!pieces)
    return pieces.error();
  return on_threads(threads, pieces->size(),
                    [&](std::size_t i) { return read((*pieces)[i], UINT64_MAX); });
}

result<void> find_out(const csv_check_request& wanted, const row_schema_registry::entry& schema,
                      csv_findings& findings) {
  const auto begun = std::chrono::steady_clock::now();
  std::error_code no_directory; // Then the path is empty, and nothing is found there.
  auto content = posix_files().open(std::filesystem::absolute(wanted.file, no_directory));
  if (!content)
    return content.error();
  const auto file = open_ingested_file(
    std::move(*content), schema, {wanted.wishes, wanted.is_by_position}, wanted.record_bytes_max);
  if (!file)
    return file.error();
  findings.dialect = (*file)->plan.found;
  const bool is_beginning = wanted.rows_max > 0;
  findings.bytes = is_beginning ? 0 : (*file)->bytes;
  findings.threads = is_beginning         ? 1
                     : wanted.threads > 0 ? wanted.threads
                                          : std::max(1U, std::thread::hardware_concurrency());
  const auto read = read_records(*file, wanted.rows_max, findings.threads, findings);
  findings.took = std::chrono::steady_clock::now() - begun;
  return read;
}

} // namespace

int check_csv(const csv_check_request& wanted, std::ostream& out, std::ostream& errors) {
  auto schema = load_row_schema(wanted.schema_file);
  for (const auto& problem : schema.problems)
    errors << problem.where << ": " << problem.what << '\n';
  if (!schema.problems.empty())
    return 2;
  const auto registered
    = std::make_shared<registered_schema>(registered_schema{std::move(schema.schema), {}});
  csv_findings findings(wanted.rejects_shown);
  if (const auto done = find_out(wanted, registered, findings); !done) {
    errors << "dossier: " << done.error().why << '\n';
    return 2;
  }
  findings.print(out, registered->schema);
  return findings.rejects() == 0 ? 0 : 1;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/ingested_file.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace dossier {

namespace {

/// Read and parsed at once; of a file that is no UTF-8 so many characters.
constexpr std::size_t window_bytes = 1U << 20;
constexpr std::uint32_t block_rows = 8'192;
constexpr std::uint32_t block_text_bytes = 1U << 20;
/// A range is in memory whole, and what is found out about each is kept until the fold.
constexpr std::uint64_t range_bytes_wanted = 1U << 20;
constexpr std::uint64_t ranges_max = 65'536;

/// All bytes of [at, at + into.size()); conflict if the file does not reach so far.
result<void> read_all(const input_file& content, std::uint64_t at, std::span<char> into) {
  while (!into.empty()) {
    const auto got = content.read(at, std::as_writable_bytes(into));
    if (!got)
      return got.error();
    if (*got == 0)
      return fail(errc::content_mismatch,
                  "the content ends at byte " + std::to_string(at) + ", before the file does");
    at += *got;
    into = into.subspan(*got);
  }
  return {};
}

result<std::string> read_text(const input_file& content, std::uint64_t at, std::uint64_t bytes) {
  std::string text(bytes, '\0');
  if (auto read = read_all(content, at, text); !read)
    return read.error();
  return text;
}

/// The UTF-8 of [begin, end), which are whole characters.
result<std::string> read_utf8(const ingested_file& file, std::uint64_t begin, std::uint64_t end) {
  auto bytes = read_text(*file.content, begin, end - begin);
  if (!bytes || file.stored_as() == csv::text_encoding::utf8)
    return bytes;
  return csv::to_utf8(file.stored_as(), *bytes, true);
}

/// A range of a file as UTF-8, window by window. What is UTF-8 is not copied.
class window_reader {
public:
  struct window {
    std::string_view text; ///< Until the next one is read.
    bool is_end = false;   ///< Of the range.
  };

  window_reader(const ingested_file& file, const record_range& range)
    : file_(file)
    , end_(range.end) {
    // One record more than a window, so that every window gets on, and a character that it cuts.
    const auto characters = window_bytes + file.plan.law.record_bytes_max + 2;
    bytes_.resize(std::min(characters * csv::ascii_bytes(file.stored_as()),
                           range.end - std::min(range.end, range.first.offset)));
    if (file.stored_as() != csv::text_encoding::utf8)
      text_.resize(2 * bytes_.size());
  }

  /// `at`: where a character begins.
  result<window> read(std::uint64_t at) {
    const std::span bytes(bytes_.data(), std::min<std::uint64_t>(bytes_.size(), end_ - at));
    if (auto read = read_all(*file_.content, at, bytes); !read)
      return read.error();
    const bool is_end = at + bytes.size() == end_;
    if (text_.empty())
      return window{{bytes.data(), bytes.size()}, is_end};
    const auto made
      = csv::to_utf8(file_.stored_as(), {bytes.data(), bytes.size()}, is_end, text_.data());
    return window{{text_.data(), made.written}, is_end};
  }

private:
  const ingested_file& file_;
  const std::uint64_t end_;
  std::string bytes_;
  std::string text_; ///< Empty for UTF-8.
};

} // namespace

result<std::shared_ptr<const ingested_file>>
open_ingested_file(std::unique_ptr<const input_file> content, row_schema_registry::entry schema,
                   const csv::read_options& options, std::uint32_t record_bytes_max) {
  auto file = std::make_shared<ingested_file>();
  file->content = std::move(content);
  file->schema = std::move(schema);
  file->bytes = file->content->size_bytes();
  const auto head = read_text(
    *file->content, 0, std::min<std::uint64_t>(csv::head_bytes(record_bytes_max), file->bytes));
  if (!head)
    return head.error();
  auto plan = csv::plan_file(*head, file->schema->schema, options, record_bytes_max);
  if (!plan)
    return plan.error();
  file->plan = std::move(*plan);
  return file;
}

result<std::shared_ptr<const ingested_file>> open_ingested_file(const blob_store& blobs,
                                                                const row_schema_registry& schemas,
                                                                const ingestion::submission& what,
                                                                std::uint32_t record_bytes_max) {
  auto schema = schemas.find(what.schema_name, what.schema_version);
  if (!schema)
    return schema.error();
  const auto options = csv::parse_read_options(what.options);
  if (!options)
    return options.error();
  auto content = blobs.read({what.customer, what.sha256});
  if (!content)
    return content.error();
  const auto bytes = (*content)->size_bytes();
  if (bytes != what.bytes)
    return fail(errc::content_mismatch, "the content has " + std::to_string(bytes)
                                          + " bytes instead of " + std::to_string(what.bytes));
  if (bytes == 0)
    return fail(errc::malformed, "the file is empty: it has neither a header nor a record");
  return open_ingested_file(std::move(*content), std::move(*schema), *options, record_bytes_max);
}

file_split::file_split(std::shared_ptr<const ingested_file> file, std::uint64_t piece_bytes)
  : file_(std::move(file))
  , piece_bytes_(piece_bytes)
  // Even, for units of UTF-16 have two bytes.
  , range_bytes_(
      (std::max(std::min(range_bytes_wanted, piece_bytes), file_->bytes / ranges_max + 1) + 1) / 2
      * 2) {
  const auto bytes = file_->bytes - std::min(file_->bytes, file_->plan.data.offset);
  ranges_.resize((bytes + range_bytes_ - 1) / range_bytes_);
}

result<std::uint64_t> file_split::begin_of(std::size_t range) const {
  const auto begin = file_->plan.data.offset;
  const auto unit_bytes = csv::ascii_bytes(file_->stored_as());
  const auto at = begin + range * range_bytes_;
  if (at >= file_->bytes)
    return file_->bytes;
  if (unit_bytes == 1 || at == begin || file_->bytes - at < unit_bytes)
    return at;
  const auto around = read_text(*file_->content, at - unit_bytes, 2 * unit_bytes);
  if (!around)
    return around.error();
  return csv::is_in_character(file_->stored_as(), *around) ? at + unit_bytes : at;
}

result<void> file_split::look_at(std::size_t range) {
  const auto begin = begin_of(range);
  if (!begin)
    return begin.error();
  const auto end = begin_of(range + 1);
  if (!end)
    return end.error();
  const auto text = read_utf8(*file_, *begin, *end);
  if (!text)
    return text.error();
  ranges_[range] = csv::look_at_range(file_->stored_as(), *text, *begin, file_->plan.law);
  return {};
}

result<ingestion::report_split> file_split::fold() const {
  csv::file_fold fold(file_->stored_as(), file_->plan.data, file_->plan.law);
  for (std::size_t i = 0; i < ranges_.size(); ++i) {
    if (fold.add(ranges_[i]))
      continue;
    const auto begin = ranges_[i].begin;
    const auto text
      = read_utf8(*file_, begin, i + 1 < ranges_.size() ? ranges_[i + 1].begin : file_->bytes);
    if (!text)
      return text.error();
    fold.add(*text, begin);
  }
  const auto end = fold.next(file_->bytes);
  const auto& first = file_->plan.data;
  if (first.offset >= file_->bytes)
    return fail(errc::malformed, "the file has a header and no record");
  ingestion::report_split split{first.offset, first.line, {}};
  auto cut = first;
  const auto cut_at = [&](const csv::record_start& next) {
    split.pieces.push_back(
      {next.offset - cut.offset, next.number - cut.number, next.line - cut.line});
    cut = next;
  };
  for (const auto& start : fold.starts())
    if (start.offset - cut.offset >= piece_bytes_)
      cut_at(start);
  if (cut.offset < end.offset)
    cut_at(end);
  return split;
}

record_range all_records(const ingested_file& file) {
  const auto& data = file.plan.data;
  return {{data.offset, data.line, 1}, file.bytes};
}

result<parsed_records> parse_records(const ingested_file& file, const record_range& range,
                                     std::uint64_t rows_max, const record_sinks& into) {
  const auto& schema = file.schema->schema;
  csv::row_parser parser(schema, file.plan.mapping, file.plan.law, range.first, file.stored_as());
  if (!into.refusals.empty())
    parser.only_refuse(into.refusals);
  window_reader reader(file, range);
  const auto empty_block = [&](std::uint64_t rows_left) {
    return csv::row_block(
      schema, static_cast<std::uint32_t>(std::min<std::uint64_t>(rows_left, block_rows)),
      block_text_bytes);
  };
  auto block = empty_block(rows_max);
  std::optional<failure> refused;
  const csv::reject_sink rejected = [&](const csv::reject& r) {
    if (refused)
      return;
    if (auto taken = into.rejected(r); !taken)
      refused = taken.error();
  };
  const auto so_far = [&](bool was_stopped) {
    return parsed_records{parser.counts(), parser.position().line - range.first.line, was_stopped};
  };
  auto rows_left = rows_max;
  while (parser.offset() < range.end && rows_left > 0) {
    if (into.should_stop(parser.counts()))
      return so_far(true);
    auto window = reader.read(parser.offset());
    if (!window)
      return window.error();
    for (bool is_full = true; is_full && rows_left > 0;) {
      const auto progress = parser.parse(window->text, window->is_end, block, rejected);
      window->text.remove_prefix(progress.consumed);
      is_full = progress.is_block_full;
      if (refused)
        return *refused;
      // Why not at each window's end: a block of few rows costs as much to find as a full one.
      if (block.rows() == 0 || (!is_full && parser.offset() < range.end))
        continue;
      if (auto taken = into.rows(block); !taken)
        return taken.error();
      rows_left -= block.rows();
      if (rows_left >= block_rows)
        block.clear();
      else if (rows_left > 0)
        block = empty_block(rows_left);
    }
  }
  return so_far(false);
}

namespace {

record_range records_of(const ingested_file& file, const ingestion::chunk& what) {
  record_range range{{what.begin, what.line, what.record}, what.begin + what.extent.bytes};
  // A file that is one chunk was not looked into when it became one.
  if (what.begin == 0)
    range.first = {file.plan.data.offset, file.plan.data.line, what.record};
  return range;
}

} // namespace

result<std::vector<stored_reject>> refuse_records(const ingested_file& file,
                                                  const ingestion::chunk& what,
                                                  std::span<const csv::refusal> refusals) {
  std::vector<stored_reject> rejects;
  if (refusals.empty())
    return rejects;
  const record_sinks into{[](const csv::row_block&) { return result<void>{}; },
                          [&](const csv::reject& r) {
                            rejects.push_back(owned(r));
                            return result<void>{};
                          },
                          [&](const csv::parse_counts& c) { return c.rejects == refusals.size(); },
                          refusals};
  const auto parsed = parse_records(file, records_of(file, what), UINT64_MAX, into);
  if (!parsed)
    return parsed.error();
  if (rejects.size() != refusals.size())
    return fail(errc::content_mismatch, "the content has not the records that its rows came of");
  return rejects;
}

result<row_file_counts> read_chunk(const ingested_file& file, const ingestion::chunk& what,
                                   row_file_writer& rows,
                                   const std::function<bool()>& should_stop) {
  const auto range = records_of(file, what);
  const record_sinks into{[&](const csv::row_block& block) { return rows.append(block); },
                          [&](const csv::reject& r) { return rows.append(r); },
                          [&](const csv::parse_counts&) {
                            return should_stop();
                          }};
  const auto parsed = parse_records(file, range, UINT64_MAX, into);
  if (!parsed)
    return parsed.error();
  if (parsed->was_stopped)
    return fail(errc::unavailable, "reading the chunk was stopped");
  return rows.finish(parsed->counts.empty_lines, parsed->lines);
}

result<file_trial> try_file(const ingested_file& file, std::uint32_t rows_max,
                            std::size_t rejects_shown) {
  file_trial found;
  const auto others_max = std::uint64_t{rows_max} * 10;
  const auto keep = [&](const csv::reject& r) -> result<void> {
    if (found.rejects.size() < rejects_shown)
      found.rejects.push_back(owned(r));
    return {};
  };
  const record_sinks into{[](const csv::row_block&) { return result<void>{}; }, keep,
                          [&](const csv::parse_counts& c) {
                            return c.rejects + c.empty_lines >= others_max;
                          }};
  const auto parsed = parse_records(file, all_records(file), rows_max, into);
  if (!parsed)
    return parsed.error();
  found.counts = parsed->counts;
  return found;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Why a file under its name is whole: finish() syncs the data before it gives it the name. Why it
// stays: the directory is synced after. A crash before leaves a temporary file, which the store's
// next open() removes; a crash between the naming and the event that speaks of the file leaves one
// that nobody speaks of, and the chunk's next attempt has another name.
#include "persistence/row_file_writer.hpp"

#include "persistence/stored_reject.hpp"
#include "protocol/assert.hpp"
#include "protocol/crc32c.hpp"
#include "protocol/planted.hpp"

#include <utility>

namespace dossier {

namespace {

std::string head_of(const row_file_key& key, const std::optional<std::size_t>& key_column,
                    std::string_view schema_text) {
  row_format::head_part head;
  head.chunk = key.chunk;
  head.attempt = key.attempt;
  head.kind = key.kind;
  head.job = key.job.bytes;
  if (key_column)
    head.key_column = static_cast<std::uint32_t>(*key_column);
  head.schema_text_bytes = static_cast<std::uint32_t>(schema_text.size());
  std::string bytes(row_format::bytes_of(head));
  bytes += schema_text;
  bytes += row_format::bytes_of(crc32c(bytes));
  return bytes;
}

failure too_large(std::string_view what, std::uint64_t count, std::uint64_t count_max) {
  return fail(errc::too_large, "Could not store " + std::string(what) + ": they are "
                                 + std::to_string(count) + ", and at most "
                                 + std::to_string(count_max) + " are kept together.");
}

} // namespace

row_file_writer::row_file_writer(file_system& files, row_file_paths paths,
                                 std::unique_ptr<output_file> file,
                                 std::optional<std::size_t> key_column, const row_file_sizes& sizes)
  : files_(files)
  , paths_(std::move(paths))
  , key_column_(key_column)
  , sizes_(sizes)
  , file_(std::move(file))
  , keys_(key_column ? sizes.run_entries : 0) {}

result<std::unique_ptr<row_file_writer>>
row_file_writer::begin(file_system& files, row_file_paths paths, const row_file_key& key,
                       const csv::schema& schema, std::string_view schema_text,
                       const row_file_sizes& sizes) {
  DOSSIER_ASSERT(sizes.run_entries >= 1, "A run of keys has room for one.");
  if (schema_text.size() > row_format::schema_text_bytes_max)
    return too_large("the bytes of a schema", schema_text.size(),
                     row_format::schema_text_bytes_max);
  auto file = files.create(paths.temporary, caching::bypassed);
  if (!file)
    return file.error();
  std::unique_ptr<row_file_writer> writer(
    new row_file_writer(files, std::move(paths), std::move(*file), schema.key, sizes));
  if (auto put = writer->put(head_of(key, schema.key, schema_text)); !put)
    return put.error();
  return writer;
}

row_file_writer::~row_file_writer() {
  file_.reset();
  if (is_named_)
    return;
  // Why the outcome is not looked at: what cannot be removed now is removed by the next open().
  (void)files_.remove(paths_.temporary);
}

result<void> row_file_writer::put(std::string_view bytes) {
  if (auto appended = file_->append(std::as_bytes(std::span(bytes))); !appended) {
    has_failed_ = true;
    return appended;
  }
  size_bytes_ += bytes.size();
  return {};
}

failure row_file_writer::refuse(std::string_view what, std::uint64_t count,
                                std::uint64_t count_max) {
  // Why: a file without what was refused must not come to be.
  has_failed_ = true;
  return too_large(what, count, count_max);
}

result<row_format::placed_block> row_file_writer::put_block(row_format::block_kind kind,
                                                            std::string_view block,
                                                            std::uint32_t count,
                                                            std::uint64_t first) {
  if (const auto frame = sizes_.packs_blocks ? packer_.pack(block) : std::string_view();
      !frame.empty()) {
    block = frame;
    kind = row_format::packed(kind);
  }
  row_format::block_head head{kind, static_cast<std::uint32_t>(block.size()), 0};
  head.checksum = row_format::checksum_of(head, block);
  const row_format::placed_block placed{size_bytes_, head.bytes, count, first};
  if (auto put_head = put(row_format::bytes_of(head)); !put_head)
    return put_head.error();
  if (auto put_rest = put(block); !put_rest)
    return put_rest.error();
  return placed;
}

result<void> row_file_writer::append(const csv::row_block& rows) {
  DOSSIER_ASSERT(file_ != nullptr, "nothing is appended to a file of rows that is finished");
  if (rows.rows() == 0)
    return {};
  if (counts_.rows + rows.rows() > row_format::rows_max)
    return refuse("the rows of one chunk", counts_.rows + rows.rows(), row_format::rows_max);
  rows.encode(encoded_);
  if (encoded_.size() > row_format::block_bytes_max)
    return refuse("the bytes of a block of rows", encoded_.size(), row_format::block_bytes_max);
  DOSSIER_ASSERT(rows.number(0) > last_row_, "rows come in the order of their records");
  const auto placed
    = put_block(row_format::block_kind::rows, encoded_, rows.rows(), rows.number(0));
  if (!placed)
    return placed.error();
  row_blocks_.push_back(*placed);
  last_row_ = rows.number(rows.rows() - 1);
  if (key_column_)
    if (auto put = put_keys_of(rows); !put)
      return put;
  counts_.rows += rows.rows();
  return {};
}

result<void> row_file_writer::put_keys_of(const csv::row_block& rows) {
  std::string room;
  for (std::uint32_t row = 0; row < rows.rows(); ++row) {
    const auto key = key_bytes_of(rows, row, *key_column_, room);
    keys_.add({hash_of_key(key), static_cast<std::uint32_t>(counts_.rows + row)});
    if (keys_.is_full())
      if (auto put = put_run(); !put)
        return put;
  }
  return {};
}

result<void> row_file_writer::append(const csv::reject& r) {
  DOSSIER_ASSERT(file_ != nullptr, "nothing is appended to a file of rows that is finished");
  DOSSIER_ASSERT(r.record.number > last_reject_, "rejects come in the order of their records");
  const std::uint64_t bytes = bytes_of_stored(r);
  if (bytes > row_format::block_bytes_max / 2)
    return refuse("the bytes of a reject", bytes, row_format::block_bytes_max / 2);
  if (rejects_count_ == 0)
    rejects_first_ = r.record.number;
  put_reject(r, rejects_);
  ++rejects_count_;
  last_reject_ = r.record.number;
  return rejects_.size() < sizes_.reject_block_bytes ? result<void>() : put_rejects();
}

result<void> row_file_writer::put_rejects() {
  if (rejects_count_ == 0)
    return {};
  const auto placed
    = put_block(row_format::block_kind::rejects, rejects_, rejects_count_, rejects_first_);
  if (!placed)
    return placed.error();
  reject_blocks_.push_back(*placed);
  counts_.rejects += rejects_count_;
  rejects_.clear();
  rejects_count_ = 0;
  return {};
}

result<void> row_file_writer::put_run() {
  if (keys_.is_empty())
    return {};
  auto run = keys_.write_run(size_bytes_, [this](std::string_view bytes) { return put(bytes); });
  if (!run)
    return run.error();
  runs_.push_back(std::move(*run));
  return {};
}

result<void> row_file_writer::put_footer() {
  row_format::footer_head head;
  head.counts = counts_;
  head.row_blocks = static_cast<std::uint32_t>(row_blocks_.size());
  head.reject_blocks = static_cast<std::uint32_t>(reject_blocks_.size());
  head.key_runs = static_cast<std::uint32_t>(runs_.size());
  std::string footer(row_format::bytes_of(head));
  for (const auto* blocks : {&row_blocks_, &reject_blocks_})
    for (const auto& block : *blocks)
      footer += row_format::bytes_of(block);
  for (const auto& run : runs_)
    footer += row_format::bytes_of(run.place);
  for (const auto& run : runs_)
    for (const std::uint64_t hash : run.first_hashes)
      footer += row_format::bytes_of(hash);
  if (footer.size() > row_format::footer_bytes_max)
    return refuse("the bytes of an index of rows", footer.size(), row_format::footer_bytes_max);
  row_format::tail_part tail;
  tail.footer_bytes = static_cast<std::uint32_t>(footer.size());
  tail.checksum = crc32c(row_format::bytes_of(tail.footer_bytes), crc32c(footer));
  footer += row_format::bytes_of(tail);
  return put(footer);
}

result<row_file_counts> row_file_writer::finish(std::uint64_t empty_lines, std::uint64_t lines) {
  DOSSIER_ASSERT(file_ != nullptr, "a file of rows is finished once");
  if (has_failed_)
    return fail(errc::unavailable,
                "Could not finish " + paths_.file
                  + ": a part of it could not be written. Ingest its chunk again.");
  counts_.empty_lines = empty_lines;
  counts_.lines = lines;
  for (const auto step :
       {&row_file_writer::put_rejects, &row_file_writer::put_run, &row_file_writer::put_footer})
    if (auto put = (this->*step)(); !put)
      return put.error();
  const auto file = std::move(file_);
  if (!DOSSIER_PLANTED(skip_file_sync))
    if (auto synced = file->sync(); !synced)
      return synced.error();
  if (auto named = name(); !named)
    return named.error();
  return counts_;
}

result<void> row_file_writer::name() {
  if (auto made = files_.make_directories(paths_.directory); !made)
    return made;
  if (auto renamed = files_.rename(paths_.temporary, paths_.file); !renamed)
    return renamed;
  is_named_ = true;
  if (DOSSIER_PLANTED(skip_directory_sync))
    return {};
  return files_.sync_directory(paths_.directory);
}

} // namespace dossier

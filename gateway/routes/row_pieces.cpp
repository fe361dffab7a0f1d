// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/row_pieces.hpp"

#include "actors/stored_chunks.hpp"
#include "protocol/csv/row_json.hpp"

#include <memory>
#include <utility>

namespace dossier {

namespace {

constexpr std::uint64_t text_bytes = 1U << 20;

/// Writes items behind each other in one form.
class piece_writer {
public:
  explicit piece_writer(row_form form)
    : form_(form) {}

  json_writer& json() { return json_; }
  std::string& csv() { return piece_.text; }
  row_form form() const { return form_; }

  void wrote(std::uint64_t record) {
    if (form_ != row_form::csv) {
      if (form_ == row_form::json && piece_.items > 0)
        piece_.text += ',';
      piece_.text += json_.take();
      if (form_ == row_form::ndjson)
        piece_.text += '\n';
    }
    ++piece_.items;
    piece_.last = record;
  }
  const row_piece& piece() const { return piece_; }
  row_piece take() { return std::move(piece_); }

private:
  const row_form form_;
  json_writer json_{512};
  row_piece piece_;
};

/// A finished chunk with the schema that its rows have.
struct readable_chunk {
  chunk_rows rows;
  std::shared_ptr<const csv::schema> schema;
};

result<readable_chunk> open_chunk(const row_sources& from, const found_job& job,
                                  std::uint32_t number) {
  auto rows = open_chunk_rows(from.rows, from.all, job, number);
  if (!rows)
    return rows.error();
  auto schema = from.schemas.of_text(rows->schema_text());
  if (!schema)
    return schema.error();
  return readable_chunk{std::move(*rows), std::move(*schema)};
}

/// Writes what a chunk has from a record on.
using chunk_reader = result<void> (*)(const chunk_rows& chunk, const csv::schema& schema,
                                      std::uint64_t from, std::uint64_t limit, piece_writer& out);

/// Goes through the finished chunks behind a record, until enough was written.
result<row_piece> read_piece(const row_sources& from, const row_question& q, chunk_reader read) {
  piece_writer out(q.form);
  const auto& chunks = q.job->view.chunks;
  for (std::uint32_t number = 1; number <= chunks.size(); ++number) {
    const auto& c = chunks[number - 1];
    if (c.phase != ingestion::chunk_phase::finished || c.record + c.extent.records <= q.after + 1)
      continue;
    if (out.piece().items >= q.limit || out.piece().text.size() >= text_bytes)
      return out.take();
    const auto chunk = open_chunk(from, *q.job, number);
    if (!chunk)
      return chunk.error();
    const auto limit = q.limit - out.piece().items;
    if (auto done = read(chunk->rows, *chunk->schema, q.after + 1, limit, out); !done)
      return done.error();
  }
  auto last = out.take();
  last.is_end = last.items < q.limit && last.text.size() < text_bytes;
  return last;
}

result<void> read_rows(const chunk_rows& chunk, const csv::schema& schema, std::uint64_t from,
                       std::uint64_t limit, piece_writer& out) {
  result<void> written;
  const auto visited
    = chunk.rows_from(from, limit, [&](const csv::row_block_reader& block, std::uint32_t row) {
        written = out.form() == row_form::csv ? append_row_csv(out.csv(), schema, block, row)
                                              : csv::write_row(out.json(), schema, block, row);
        if (written)
          out.wrote(block.number(row));
        return written.has_value() && out.piece().text.size() < text_bytes;
      });
  return visited ? written : visited;
}

result<void> read_rejects(const chunk_rows& chunk, const csv::schema&, std::uint64_t from,
                          std::uint64_t limit, piece_writer& out) {
  const auto rejects = chunk.rejects_from(from, limit, text_bytes);
  if (!rejects)
    return rejects.error();
  for (const auto& r : *rejects) {
    if (out.form() == row_form::csv)
      append_reject_csv(out.csv(), r);
    else
      write_reject(out.json(), r);
    out.wrote(r.record.number);
  }
  return {};
}

/// The rows of one chunk that have this key, each with its job, the last one first.
result<void> find_in_chunk(const row_sources& from, const stored_chunk& chunk,
                           const key_question& q, row_piece& into) {
  const auto found = chunk.rows->find_key(q.key, UINT64_MAX);
  if (!found)
    return found.error();
  if (found->empty())
    return {};
  const auto schema = from.schemas.of_text(chunk.rows->schema_text());
  if (!schema)
    return schema.error();
  for (auto at = found->rbegin(); at != found->rend() && into.items < q.limit; ++at) {
    piece_writer out(row_form::json);
    if (auto read = read_rows(*chunk.rows, **schema, *at, 1, out); !read)
      return read;
    auto item = out.take();
    if (into.items++ > 0)
      into.text += ',';
    into.text += "{\"correlationId\":\"" + chunk.job.text() + "\"," + item.text.substr(1);
  }
  return {};
}

} // namespace

result<row_piece> read_row_piece(const row_sources& from, const row_question& q) {
  return read_piece(from, q, read_rows);
}

result<row_piece> read_reject_piece(const row_sources& from, const row_question& q) {
  return read_piece(from, q, read_rejects);
}

result<std::string> read_row_csv_head(const row_sources& from, const row_question& q) {
  const auto& job = q.job->view;
  std::string head;
  for (std::uint32_t number = 1; number <= job.chunks.size(); ++number) {
    if (job.chunks[number - 1].phase != ingestion::chunk_phase::finished)
      continue;
    const auto chunk = open_chunk(from, *q.job, number);
    if (!chunk)
      return chunk.error();
    append_row_csv_header(head, *chunk->schema);
    return head;
  }
  // There are no rows yet whose columns these could be.
  const auto& what = job.submission;
  const auto schema = from.schemas.find(what.schema_name, what.schema_version);
  if (!schema)
    return schema.error();
  append_row_csv_header(head, (*schema)->schema);
  return head;
}

result<std::string> read_reject_csv_head(const row_sources&, const row_question&) {
  std::string head;
  append_reject_csv_header(head);
  return head;
}

result<std::string> find_by_key(const row_sources& from, const key_question& q) {
  row_piece found;
  stored_chunks walk(from.all, from.rows,
                     {q.schema, q.customer, std::nullopt, false, q.chunks_max});
  while (found.items < q.limit) {
    const auto chunk = walk.next();
    if (!chunk)
      return chunk.error();
    if (!*chunk)
      break;
    if (!(*chunk)->rows->records().has_keys())
      continue;
    if (auto done = find_in_chunk(from, **chunk, q, found); !done)
      return done.error();
  }
  return "{\"items\":[" + found.text + "],\"isComplete\":" + (walk.is_cut() ? "false}" : "true}");
}

} // namespace dossier

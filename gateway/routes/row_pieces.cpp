// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/row_pieces.hpp"

#include "config/row_schemas.hpp"

#include <functional>
#include <utility>

namespace dossier {

namespace {

constexpr std::uint64_t piece_bytes = 1U << 20;
/// Jobs that are looked through for a key.
constexpr std::size_t lookup_jobs_max = 10'000;
constexpr std::size_t lookup_page = 100;

result<csv::schema> schema_of(const row_file& file) {
  auto loaded = parse_row_schema(file.schema_text(), "the schema of stored rows");
  if (!loaded.problems.empty())
    return fail(errc::corrupt, loaded.problems[0].where + ": " + loaded.problems[0].what);
  return std::move(loaded.schema);
}

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

using chunk_reader = std::function<result<void>(const row_file& file, std::uint64_t from,
                                                std::uint64_t limit, piece_writer& out)>;

/// Goes through the finished chunks behind a record, until enough was written.
result<row_piece> read_piece(const row_store& rows, const row_question& q,
                             const chunk_reader& read) {
  piece_writer out(q.form);
  for (std::uint32_t number = 1; number <= q.chunks.size(); ++number) {
    const auto& c = q.chunks[number - 1];
    if (c.phase != ingestion::chunk_phase::finished || c.record + c.extent.records <= q.after + 1)
      continue;
    if (out.piece().items >= q.limit || out.piece().text.size() >= piece_bytes)
      return out.take();
    const auto file = rows.read({q.job, number, c.attempt});
    if (!file)
      return file.error();
    if (auto done = read(**file, q.after + 1, q.limit - out.piece().items, out); !done)
      return done.error();
  }
  auto last = out.take();
  last.is_end = last.items < q.limit && last.text.size() < piece_bytes;
  return last;
}

result<void> read_rows(const row_file& file, std::uint64_t from, std::uint64_t limit,
                       piece_writer& out) {
  const auto schema = schema_of(file);
  if (!schema)
    return schema.error();
  result<void> written;
  const auto visited
    = file.rows_from(from, limit, [&](const csv::row_block_reader& block, std::uint32_t row) {
        written = out.form() == row_form::csv ? append_row_csv(out.csv(), *schema, block, row)
                                              : write_row(out.json(), *schema, block, row);
        if (written)
          out.wrote(block.number(row));
        return written.has_value() && out.piece().text.size() < piece_bytes;
      });
  return visited ? written : visited;
}

result<void> read_rejects(const row_file& file, std::uint64_t from, std::uint64_t limit,
                          piece_writer& out) {
  const auto rejects = file.rejects_from(from, limit, piece_bytes);
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

/// The rows of one job that have this key, each with its job.
result<void> find_in_job(const row_store& rows, const found_job& job, const std::string& key,
                         std::uint64_t limit, row_piece& into) {
  for (std::uint32_t number = 1; number <= job.view.chunks.size() && into.items < limit; ++number) {
    const auto& c = job.view.chunks[number - 1];
    if (c.phase != ingestion::chunk_phase::finished)
      continue;
    const auto file = rows.read({job.id, number, c.attempt});
    if (!file)
      return file.error();
    const auto found = (*file)->find_key(key, limit - into.items);
    if (!found)
      return found.error();
    for (const auto record : *found) {
      piece_writer out(row_form::json);
      if (auto read = read_rows(**file, record, 1, out); !read)
        return read.error();
      auto item = out.take();
      if (into.items++ > 0)
        into.text += ',';
      into.text += "{\"correlationId\":\"" + job.id.text() + "\"," + item.text.substr(1);
    }
  }
  return {};
}

} // namespace

result<row_piece> read_row_piece(const row_store& rows, const row_question& q) {
  return read_piece(rows, q, read_rows);
}

result<row_piece> read_reject_piece(const row_store& rows, const row_question& q) {
  return read_piece(rows, q, read_rejects);
}

result<std::string> find_by_key(const jobs& all, const row_store& rows, const key_question& q) {
  row_piece found;
  std::optional<listing> after;
  for (std::size_t looked = 0; looked < lookup_jobs_max && found.items < q.limit;) {
    const auto page = all.list(ingestion::list_name, q.customer, after, lookup_page);
    if (!page)
      return page.error();
    for (const auto& job : page->items)
      if (job.view.submission.schema_name == q.schema)
        if (auto done = find_in_job(rows, job, q.key, q.limit, found); !done)
          return done.error();
    looked += page->items.size() + 1;
    if (!page->next)
      break;
    after = page->next;
  }
  return "{\"items\":[" + found.text + "]}";
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// What came of a job's file: its rows and its rejects, page by page as JSON, or whole as lines or
// CSV; one row, and rows by their key.
#include "config/row_schemas.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/row_text.hpp"
#include "persistence/key_index.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/values.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace dossier {

namespace {

constexpr std::uint64_t limit_default = 100;
/// One piece of a stream.
constexpr std::uint64_t piece_items = 1'000;
constexpr std::uint64_t piece_bytes = 1U << 20;
/// Jobs that are looked through for a key.
constexpr std::size_t lookup_jobs_max = 10'000;

/// A place in a job's records and how much is wanted from there. Owns everything: it is read on
/// another thread.
struct row_question {
  entity_id job;
  std::vector<ingestion::chunk> chunks;
  row_form form = row_form::json;
  std::uint64_t after = 0; ///< The number of a record.
  std::uint64_t limit = 0;
};

/// A piece of an answer.
struct row_piece {
  std::string text;
  std::uint64_t items = 0;
  std::uint64_t last = 0; ///< The record of the last item.
  bool is_end = false;    ///< There is nothing behind it.
};

// Reading, on a reader's thread.

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

using chunk_reader
  = std::function<result<void>(const row_file& file, std::uint64_t from, std::uint64_t limit,
                               piece_writer& out)>;

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

// Answering.

/// The whole answer in pieces: what was asked for may be larger than the memory.
class row_stream final : public body_stream {
public:
  row_stream(shared_parts& shared, row_question question, chunk_reader read, std::string head)
    : shared_(shared)
    , question_(std::make_shared<row_question>(std::move(question)))
    , read_(std::move(read))
    , head_(std::move(head))
    , left_(question_->limit) {}

  awaitable<result<std::optional<std::string>>> next() override {
    if (!head_.empty())
      co_return std::optional{std::exchange(head_, {})};
    if (is_end_ || left_ == 0)
      co_return std::nullopt;
    question_->limit = std::min(left_, piece_items);
    auto job = [&rows = shared_.parts.rows, question = question_, read = read_] {
      return read_piece(rows, *question, read);
    };
    auto piece = co_await run_on(shared_.parts.readers, std::move(job));
    if (!piece)
      co_return piece.error();
    is_end_ = piece->is_end;
    left_ -= piece->items;
    question_->after = std::max(question_->after, piece->last);
    if (piece->items == 0)
      co_return std::nullopt;
    co_return std::optional{std::move(piece->text)};
  }

private:
  shared_parts& shared_;
  const std::shared_ptr<row_question> question_;
  const chunk_reader read_;
  std::string head_;
  std::uint64_t left_;
  bool is_end_ = false;
};

result<row_form> form_of(const request& r) {
  const auto name = r.query_value("format").value_or("json");
  if (name == "json")
    return row_form::json;
  if (name == "ndjson")
    return row_form::ndjson;
  if (name == "csv")
    return row_form::csv;
  return bad_parameter("format", "must be json, ndjson or csv.");
}

/// A page as JSON has a limit; lines and CSV have one only if it is asked for.
result<row_question> question_of(const shared_parts& shared, const request& r) {
  if (auto known = check_query(r, {"after", "limit", "format"}); !known)
    return known.error();
  row_question q;
  const auto form = form_of(r);
  if (!form)
    return form.error();
  q.form = *form;
  const auto after = query_number(r, "after", 0, 0, UINT64_MAX - 1);
  if (!after)
    return after.error();
  q.after = *after;
  const bool is_page = q.form == row_form::json;
  const std::uint64_t page_max = shared.parts.settings.ingestion.list_limit_max;
  const auto limit
    = query_number(r, "limit", is_page ? std::min(limit_default, page_max) : UINT64_MAX, 1,
                   is_page ? page_max : UINT64_MAX);
  if (!limit)
    return limit.error();
  q.limit = *limit;
  return q;
}

response stream_response(shared_parts& shared, row_question q, chunk_reader read,
                         std::string head) {
  response answer;
  answer.fields.emplace_back("Content-Type", q.form == row_form::csv
                                               ? "text/csv; charset=utf-8; header=present"
                                               : "application/x-ndjson");
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  answer.fields.emplace_back("X-Content-Type-Options", "nosniff");
  answer.stream
    = std::make_shared<row_stream>(shared, std::move(q), std::move(read), std::move(head));
  return answer;
}

response page_response(row_piece piece) {
  std::string text = "{\"items\":[" + std::move(piece.text) + "],\"nextAfter\":";
  text += piece.is_end ? "null" : std::to_string(piece.last);
  auto answer = json_response(200, text + '}');
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

/// `head` of a CSV answer.
awaitable<result<response>> answer_items(shared_parts& shared, const found_job& found,
                                         row_question q, chunk_reader read, std::string head) {
  q.job = found.id;
  q.chunks = found.view.chunks;
  if (q.form != row_form::json)
    co_return stream_response(shared, std::move(q), std::move(read), std::move(head));
  auto job = [&rows = shared.parts.rows, q = std::move(q), read = std::move(read)] {
    return read_piece(rows, q, read);
  };
  auto piece = co_await run_on(shared.parts.readers, std::move(job));
  if (!piece)
    co_return piece.error();
  co_return page_response(std::move(*piece));
}

awaitable<result<response>> list_records(shared_parts& shared, request& r, body_reader&) {
  auto q = question_of(shared, r);
  if (!q)
    co_return q.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  std::string head;
  if (q->form == row_form::csv) {
    const auto& s = found->view.submission;
    const auto schema = shared.parts.schemas.find(s.schema_name, s.schema_version);
    if (!schema)
      co_return schema.error();
    append_row_csv_header(head, (*schema)->schema);
  }
  chunk_reader read = read_rows;
  co_return co_await answer_items(shared, *found, std::move(*q), std::move(read), std::move(head));
}

awaitable<result<response>> list_rejects(shared_parts& shared, request& r, body_reader&) {
  auto q = question_of(shared, r);
  if (!q)
    co_return q.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  std::string head;
  if (q->form == row_form::csv)
    append_reject_csv_header(head);
  chunk_reader read = read_rejects;
  co_return co_await answer_items(shared, *found, std::move(*q), std::move(read), std::move(head));
}

failure no_such_row() {
  return fail(errc::not_found,
              "There is no such row: the job has no record of this number, or it is a reject or "
              "an empty line, or its chunk is not finished.");
}

awaitable<result<response>> read_record(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  std::uint64_t number = 0;
  const auto& text = r.params[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0)
    co_return no_such_row();
  row_question q{found->id, found->view.chunks, row_form::json, number - 1, 1};
  auto job = [&rows = shared.parts.rows, q = std::move(q)] {
    return read_piece(rows, q, read_rows);
  };
  auto piece = co_await run_on(shared.parts.readers, std::move(job));
  if (!piece)
    co_return piece.error();
  if (piece->items == 0 || piece->last != number)
    co_return no_such_row();
  co_return json_response(200, std::move(piece->text));
}

// Rows by their key.

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

/// A key as the index knows it, from the text that a file would have.
result<std::string> key_of(const csv::column& column, std::string_view text) {
  if (column.type == csv::value_type::text)
    return std::string(text);
  std::int64_t value = 0;
  if (const auto ended = csv::read_value(column, text, value); ended != csv::cast::good)
    return bad_parameter("key", "is no value of the key column: "
                                  + csv::cast_sentence(column, ended, text) + '.');
  return key_bytes_of(value);
}

struct key_question {
  std::string schema;
  std::string key;
  std::optional<std::string> customer;
  std::uint64_t limit = 0;
};

result<std::string> find_by_key(const jobs& all, const row_store& rows, const key_question& q) {
  row_piece found;
  std::optional<listing> after;
  for (std::size_t looked = 0; looked < lookup_jobs_max && found.items < q.limit;) {
    const auto page = all.list(ingestion::list_name, q.customer, after, 100);
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

awaitable<result<response>> find_records(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"key", "customerId", "limit"}); !known)
    co_return known.error();
  key_question q;
  q.schema = r.params.front();
  const auto schema = shared.parts.schemas.newest(q.schema);
  if (!schema)
    co_return schema.error();
  const auto key = r.query_value("key");
  if (!key)
    co_return bad_parameter("key", "names the row; it is missing.");
  if (!(*schema)->schema.key)
    co_return fail(errc::invalid_argument, "The schema " + q.schema + " has no key column.");
  auto bytes = key_of((*schema)->schema.columns[*(*schema)->schema.key], *key);
  if (!bytes)
    co_return bytes.error();
  q.key = std::move(*bytes);
  const std::uint64_t most = shared.parts.settings.ingestion.list_limit_max;
  const auto limit = query_number(r, "limit", std::min(limit_default, most), 1, most);
  if (!limit)
    co_return limit.error();
  q.limit = *limit;
  if (const auto customer = r.query_value("customerId")) {
    if (auto visible = check_visible_customer(r, *customer); !visible)
      co_return visible.error();
    q.customer = std::string(*customer);
  } else if (!r.caller.is_admin()) {
    co_return fail(errc::invalid_argument,
                   "A customer's key finds one customer's rows at a time: name it with "
                   "customerId.",
                   "customerId");
  }
  auto job = [&all = shared.parts.jobs, &rows = shared.parts.rows, q = std::move(q)] {
    return find_by_key(all, rows, q);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return json_response(200, std::move(*text));
}

} // namespace

void add_job_row_routes(route_table& table) {
  const auto keys = access::key;
  const auto none = body_kind::none;
  table.add(verb::get, "/api/jobs/{id}/records", none, keys, "listRecords", list_records);
  table.add(verb::get, "/api/jobs/{id}/records/{row}", none, keys, "readRecord", read_record);
  table.add(verb::get, "/api/jobs/{id}/rejects", none, keys, "listRejects", list_rejects);
  table.add(verb::get, "/api/records/{schema}", none, keys, "findRecords", find_records);
}

} // namespace dossier

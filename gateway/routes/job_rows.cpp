// SPDX-License-Identifier: Apache-2.0
// What came of a job's file: its rows and its rejects, page by page as JSON, or whole as lines or
// CSV; one row, and rows by their key.
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/row_pieces.hpp"
#include "protocol/csv/reject.hpp"
#include "protocol/csv/values.hpp"

#include <algorithm>
#include <charconv>
#include <memory>
#include <utility>

namespace dossier {

namespace {

row_sources sources_of(const shared_parts& shared) {
  return {shared.parts.jobs, shared.parts.rows, shared.parts.schemas};
}

// Answering.

/// What is listed: rows or rejects.
struct item_kind {
  result<row_piece> (*read_piece)(const row_sources&, const row_question&);
  result<std::string> (*read_csv_head)(const row_sources&, const row_question&);
};
constexpr item_kind row_items{read_row_piece, read_row_csv_head};
constexpr item_kind reject_items{read_reject_piece, read_reject_csv_head};

/// The whole answer in pieces: what was asked for may be larger than the memory.
class row_stream final : public body_stream {
public:
  row_stream(shared_parts& shared, row_question question, const item_kind& items)
    : shared_(shared)
    , question_(std::make_shared<row_question>(std::move(question)))
    , items_(items)
    , is_head_due_(question_->form == row_form::csv) {}

  awaitable<result<std::optional<std::string>>> next() override {
    if (std::exchange(is_head_due_, false)) {
      auto head = co_await read(items_.read_csv_head);
      if (!head)
        co_return head.error();
      co_return std::optional{std::move(*head)};
    }
    if (is_end_ || question_->limit == 0)
      co_return std::nullopt;
    auto piece = co_await read(items_.read_piece);
    if (!piece)
      co_return piece.error();
    is_end_ = piece->is_end;
    question_->limit -= piece->items;
    question_->after = std::max(question_->after, piece->last);
    if (piece->items == 0)
      co_return std::nullopt;
    co_return std::optional{std::move(piece->text)};
  }

private:
  template <class T>
  awaitable<result<T>> read(result<T> (*reader)(const row_sources&, const row_question&)) {
    auto job = [from = sources_of(shared_), question = question_, reader] {
      return reader(from, *question);
    };
    co_return co_await run_on(shared_.parts.readers, std::move(job));
  }

  shared_parts& shared_;
  const std::shared_ptr<row_question> question_;
  const item_kind& items_;
  bool is_head_due_;
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
    = is_page ? page_limit(r, page_max) : query_number(r, "limit", UINT64_MAX, 1, UINT64_MAX);
  if (!limit)
    return limit.error();
  q.limit = *limit;
  return q;
}

response stream_response(shared_parts& shared, row_question q, const item_kind& items) {
  response answer;
  answer.fields.emplace_back("Content-Type", q.form == row_form::csv
                                               ? "text/csv; charset=utf-8; header=present"
                                               : "application/x-ndjson");
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  answer.fields.emplace_back("X-Content-Type-Options", "nosniff");
  answer.stream = std::make_shared<row_stream>(shared, std::move(q), items);
  return answer;
}

response page_response(row_piece piece) {
  std::string text = "{\"items\":[" + std::move(piece.text) + "],\"nextAfter\":";
  text += piece.is_end ? "null" : std::to_string(piece.last);
  auto answer = json_response(200, text + '}');
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

awaitable<result<response>> list_items(shared_parts& shared, request& r, const item_kind& items) {
  auto q = question_of(shared, r);
  if (!q)
    co_return q.error();
  auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  q->job = std::make_shared<const found_job>(std::move(*found));
  if (q->form != row_form::json)
    co_return stream_response(shared, std::move(*q), items);
  auto job = [from = sources_of(shared), q = std::move(*q), read = items.read_piece] {
    return read(from, q);
  };
  auto piece = co_await run_on(shared.parts.readers, std::move(job));
  if (!piece)
    co_return piece.error();
  co_return page_response(std::move(*piece));
}

awaitable<result<response>> list_records(shared_parts& shared, request& r, body_reader&) {
  co_return co_await list_items(shared, r, row_items);
}

awaitable<result<response>> list_rejects(shared_parts& shared, request& r, body_reader&) {
  co_return co_await list_items(shared, r, reject_items);
}

failure no_such_row() {
  return fail(errc::not_found,
              "There is no such row: the job has no record of this number, or it is a reject or "
              "an empty line, or its chunk is not finished.");
}

awaitable<result<response>> read_record(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  std::uint64_t number = 0;
  const auto& text = r.params[1];
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size() || number == 0)
    co_return no_such_row();
  auto whole = std::make_shared<const found_job>(std::move(*found));
  row_question q{std::move(whole), row_form::json, number - 1, 1};
  auto job = [from = sources_of(shared), q = std::move(q)] {
    return read_row_piece(from, q);
  };
  auto piece = co_await run_on(shared.parts.readers, std::move(job));
  if (!piece)
    co_return piece.error();
  if (piece->items == 0 || piece->last != number)
    co_return no_such_row();
  co_return json_response(200, std::move(piece->text));
}

} // namespace

void add_job_row_routes(route_table& table) {
  const auto keys = access::key;
  const auto none = body_kind::none;
  table.add(verb::get, "/api/jobs/{id}/records", none, keys, "listRecords", list_records);
  table.add(verb::get, "/api/jobs/{id}/records/{row}", none, keys, "readRecord", read_record);
  table.add(verb::get, "/api/jobs/{id}/rejects", none, keys, "listRejects", list_rejects);
}

} // namespace dossier

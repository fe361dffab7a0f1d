// SPDX-License-Identifier: Apache-2.0
// Ingestion jobs: how far they are, their chunks and history; cancelling one, and having its failed
// chunks tried again.
#include "gateway/body.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/document_access.hpp"
#include "gateway/routes/document_json.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/job_json.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

response jobs_json(std::string text) {
  auto answer = json_response(200, std::move(text));
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

result<std::uint64_t> limit_of(const shared_parts& shared, const request& r) {
  return page_limit(r, shared.parts.settings.ingestion.list_limit_max);
}

// Reads.

awaitable<result<response>> read_job_status(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {}); !known)
    co_return known.error();
  const auto which = ingestion::correlation_id::parse(r.params.front());
  if (!which)
    co_return no_such_job();
  const auto found = co_await find_visible_job(shared, r, which->job);
  if (!found)
    co_return found.error();
  if (!which->number)
    co_return job_response(shared, found->id, found->view);
  const auto chunk = chunk_view_of(found->view, *which->number);
  if (!chunk)
    co_return chunk.error();
  json_writer out{512};
  write_chunk(out, found->id, *chunk);
  co_return jobs_json(out.take());
}

/// The list that the question is about: all jobs, those under way, or those to look at.
result<std::string_view> list_of(const request& r) {
  const auto name = r.query_value("list").value_or("all");
  if (name == "all")
    return ingestion::list_name;
  if (name == "open")
    return ingestion::open_list;
  if (name == "troubled")
    return ingestion::troubled_list;
  return bad_parameter("list", "must be all, open or troubled.");
}

result<std::string> list_text(const jobs& source, std::string_view list,
                              const std::optional<std::string>& customer,
                              const std::optional<listing>& after, std::size_t limit,
                              timestamp now) {
  const auto page = source.list(list, customer, after, limit);
  if (!page)
    return page.error();
  json_writer out{page->items.size() * 1'024 + 64};
  out.begin_object().key("items").begin_array();
  for (const auto& item : page->items)
    write_job(out, item.id, item.view, now);
  out.end_array().key("nextCursor");
  page->next ? out.string(write_job_cursor(*page->next)) : out.null();
  out.end_object();
  return out.take();
}

awaitable<result<response>> list_jobs(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"list", "customerId", "cursor", "limit"}); !known)
    co_return known.error();
  const auto list = list_of(r);
  if (!list)
    co_return list.error();
  auto customer = visible_customer(r);
  if (!customer)
    co_return customer.error();
  const auto limit = limit_of(shared, r);
  if (!limit)
    co_return limit.error();
  std::optional<listing> after;
  if (const auto cursor = r.query_value("cursor")) {
    const auto place = read_job_cursor(*cursor);
    if (!place)
      co_return place.error();
    after = *place;
  }
  auto job = [&source = shared.parts.jobs, list = *list, customer = std::move(*customer), after,
              most = *limit, now = shared.now()] {
    return list_text(source, list, customer, after, most, now);
  };
  auto text = co_await run_on(shared.parts.readers, std::move(job));
  if (!text)
    co_return text.error();
  co_return jobs_json(std::move(*text));
}

awaitable<result<response>> list_chunks(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"after", "limit"}); !known)
    co_return known.error();
  const auto limit = limit_of(shared, r);
  if (!limit)
    co_return limit.error();
  const auto after = query_number(r, "after", 0, 0, UINT32_MAX);
  if (!after)
    co_return after.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  const std::uint64_t total = found->view.chunks.size();
  const auto last = std::min(total, *after + *limit);
  json_writer out{512 * (*limit) + 64};
  out.begin_object().key("items").begin_array();
  for (auto number = *after + 1; number <= last; ++number)
    if (const auto chunk = chunk_view_of(found->view, static_cast<std::uint32_t>(number)))
      write_chunk(out, found->id, *chunk);
  out.end_array().key("nextAfter");
  last < total ? out.number(last) : out.null();
  out.end_object();
  co_return jobs_json(out.take());
}

awaitable<result<response>> read_job_events(shared_parts& shared, request& r, body_reader&) {
  if (auto known = check_query(r, {"after", "limit"}); !known)
    co_return known.error();
  const auto limit = limit_of(shared, r);
  if (!limit)
    co_return limit.error();
  const auto after = query_number(r, "after", 0, 0, UINT64_MAX - 1);
  if (!after)
    co_return after.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  auto job = [&source = shared.parts.jobs, id = found->id, first = *after + 1, most = *limit] {
    return source.history(id, first, most);
  };
  const auto entries = co_await run_on(shared.parts.readers, std::move(job));
  if (!entries)
    co_return entries.error();
  json_writer out{entries->size() * 256 + 64};
  out.begin_object().key("items").begin_array();
  for (const auto& entry : *entries)
    write_history_entry(out, entry);
  out.end_array().key("nextAfter");
  entries->size() == *limit ? out.number(entries->back().sequence) : out.null();
  out.end_object();
  co_return jobs_json(out.take());
}

// Steering.

/// {"reason": …} or nothing.
result<ingestion::cancel> read_cancel(std::string_view text) {
  if (text.empty())
    return ingestion::cancel{};
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  ingestion::cancel what{body->optional_string("reason").value_or("")};
  if (auto whole = body->finish(); !whole)
    return whole.error();
  return what;
}

/// {"rejectsMax": …, "rejectsPpmMax": …} or nothing.
result<ingestion::retry_failed_chunks> read_retry(std::string_view text,
                                                  const ingestion::reject_limits& before) {
  if (text.empty())
    return ingestion::retry_failed_chunks{};
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  ingestion::retry_failed_chunks what;
  const auto rejects = body->optional_count("rejectsMax", UINT64_MAX);
  const auto ppm = body->optional_count("rejectsPpmMax", 1'000'000);
  if (rejects || ppm)
    what.limits = {rejects.value_or(before.rejects_max),
                   static_cast<std::uint32_t>(ppm.value_or(before.rejects_ppm_max))};
  if (auto whole = body->finish(); !whole)
    return whole.error();
  return what;
}

awaitable<result<response>> steer(shared_parts& shared, const request& r, const found_job& found,
                                  ingestion::command what) {
  const auto done = co_await tell_job(shared, r, found.id, std::move(what), nullptr);
  if (!done)
    co_return done.error();
  co_return job_response(shared, done->id, done->view);
}

awaitable<result<response>> cancel_job(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  auto what = read_cancel(*text);
  if (!what)
    co_return what.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  ingestion::command command{std::move(*what)};
  co_return co_await steer(shared, r, *found, std::move(command));
}

awaitable<result<response>> retry_failed_chunks(shared_parts& shared, request& r,
                                                body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  auto what = read_retry(*text, found->view.limits);
  if (!what)
    co_return what.error();
  ingestion::command command{*what};
  co_return co_await steer(shared, r, *found, std::move(command));
}

} // namespace

void add_job_routes(route_table& table) {
  const auto keys = access::key;
  const auto none = body_kind::none;
  table.add(verb::get, "/api/jobstatus/{correlationId}", none, keys, "readJobStatus",
            read_job_status);
  table.add(verb::get, "/api/jobs", none, keys, "listJobs", list_jobs);
  table.add(verb::get, "/api/jobs/{id}/chunks", none, keys, "listJobChunks", list_chunks);
  table.add(verb::get, "/api/jobs/{id}/events", none, keys, "readJobEvents", read_job_events);
  table.add(verb::post, "/api/jobs/{id}/cancel", body_kind::json, keys, "cancelJob", cancel_job);
  table.add(verb::post, "/api/jobs/{id}/retry-failed-chunks", body_kind::json, keys,
            "retryFailedChunks", retry_failed_chunks);
}

} // namespace dossier

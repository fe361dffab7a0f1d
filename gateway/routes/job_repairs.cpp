// SPDX-License-Identifier: Apache-2.0
// Rejects become rows: one that is corrected, or a file of many. Only these records are read again.
#include "actors/repair.hpp"
#include "config/log.hpp"
#include "gateway/await_reply.hpp"
#include "gateway/body.hpp"
#include "gateway/fields.hpp"
#include "gateway/routes/job_access.hpp"
#include "gateway/routes/repaired_records.hpp"
#include "protocol/json_body.hpp"
#include "protocol/json_text.hpp"
#include "protocol/media_type.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <memory>
#include <span>
#include <utility>

namespace dossier {

namespace {

/// Refusals that an answer shows.
constexpr std::size_t refused_shown = 1'000;

struct repair_outcome {
  std::uint64_t repaired = 0;
  std::uint64_t refused_count = 0;
  std::vector<refused_repair> refused; ///< The first ones.
  ingestion::view view;
};

/// What is behind a correction that counts is of no more use.
void remove_earlier(shared_parts& shared, const entity_id& job,
                    const ingestion::report_repaired& what) {
  const row_file_key kept{job, what.number, what.revision, row_file_kind::correction};
  if (auto removed = shared.parts.rows.remove_earlier_revisions(kept); !removed)
    log(log_level::warn, "a correction that is out of date could not be removed",
        {{"job", job.text()}, {"why", removed.error().why}});
}

/// Writes one correction and has the job count it; false: there is none left. Whatever becomes of
/// the request, the repair and its turn are kept until the file is written and the job has
/// answered.
awaitable<result<bool>> repair_some(shared_parts& shared, const request& r, const entity_id& job,
                                    std::shared_ptr<job_repair> repair, repair_outcome& into) {
  auto write = [repair, now = into.view] {
    return repair->write_next(now);
  };
  const auto report = co_await run_on(shared.parts.blob_workers, std::move(write));
  if (!report)
    co_return report.error();
  if (!*report)
    co_return false;
  ingestion::command what{**report};
  auto done = co_await tell_job(shared, r, job, std::move(what), repair->turn());
  if (!done)
    co_return done.error();
  into.repaired += (*report)->records.size();
  into.view = std::move(done->view);
  auto clean = [&shared, job, kept = **report] {
    remove_earlier(shared, job, kept);
    return true;
  };
  co_return co_await run_on(shared.parts.blob_workers, std::move(clean));
}

/// Not refused at once: a job shows that it has ended a moment before whoever compared its keys
/// gives the turn back, and who asks in that moment did nothing wrong. busy if it is not free soon:
/// a comparison may take minutes, and who waits holds the memory of his upload.
awaitable<result<key_turn::share>> await_turn(shared_parts& shared) {
  constexpr milliseconds look{10};
  constexpr milliseconds wait_max{2'000};
  const auto until = std::chrono::steady_clock::now() + std::min(shared.reply_deadline(), wait_max);
  for (;;) {
    if (auto turn = shared.parts.turn.take())
      co_return turn;
    if (std::chrono::steady_clock::now() >= until)
      co_return fail(errc::busy, "The keys of other rows are being compared; try again soon.");
    co_await pause_for(look);
  }
}

/// Chunk by chunk, at most so many records at once as one event names.
awaitable<result<repair_outcome>> repair_all(shared_parts& shared, const request& r,
                                             const entity_id& job,
                                             std::vector<corrected_record> records) {
  auto turn = co_await await_turn(shared);
  if (!turn)
    co_return turn.error();
  const auto& limits = shared.parts.settings.ingestion;
  const repair_parts parts{shared.parts.jobs,    shared.parts.blobs,      shared.parts.rows,
                           shared.parts.schemas, limits.record_bytes_max, limits.scan_max};
  auto make = [parts, job, records = std::move(records), turn = std::move(*turn)]() mutable {
    return job_repair::make(parts, job, std::move(records), std::move(turn));
  };
  const auto repair = co_await run_on(shared.parts.blob_workers, std::move(make));
  if (!repair)
    co_return repair.error();
  const auto& refused = (*repair)->refused();
  repair_outcome outcome{0, refused.size(), {}, (*repair)->view()};
  const auto shown = std::span(refused).first(std::min(refused.size(), refused_shown));
  outcome.refused.assign(shown.begin(), shown.end());
  for (;;) {
    const auto goes_on = co_await repair_some(shared, r, job, *repair, outcome);
    if (!goes_on)
      co_return goes_on.error();
    if (!*goes_on)
      co_return outcome;
  }
}

response outcome_response(const repair_outcome& o) {
  json_writer out{512};
  out.begin_object();
  out.key("repaired").number(o.repaired);
  out.key("refused").number(o.refused_count);
  out.key("rejectsLeft").number(o.view.tally.rejects);
  out.key("status").string(to_string(o.view.status));
  out.key("items").begin_array();
  for (const auto& r : o.refused) {
    out.begin_object();
    out.key("row").number(r.number);
    out.key("kind").string(r.kind);
    out.key("column");
    r.column.empty() ? out.null() : out.string(r.column);
    out.key("message").string(r.why);
    out.end_object();
  }
  out.end_array().end_object();
  auto answer = json_response(200, out.take());
  answer.fields.emplace_back("Cache-Control", "private, no-store");
  return answer;
}

failure no_such_reject() {
  return fail(errc::not_found, "There is no such reject: the job has no record of this number, or "
                               "it is a row or an empty line.");
}

result<std::string> read_text_of_one(std::string_view text) {
  auto body = json_body::parse(text);
  if (!body)
    return body.error();
  auto corrected = body->required_string("text");
  if (auto whole = body->finish(); !whole)
    return whole.error();
  return std::move(*corrected);
}

awaitable<result<response>> repair_reject(shared_parts& shared, request& r, body_reader& body) {
  const auto text = co_await read_text(body, shared.parts.settings.http.json_bytes_max);
  if (!text)
    co_return text.error();
  auto corrected = read_text_of_one(*text);
  if (!corrected)
    co_return corrected.error();
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  std::uint64_t number = 0;
  const auto& named = r.params[1];
  const auto [end, error] = std::from_chars(named.data(), named.data() + named.size(), number);
  if (error != std::errc{} || end != named.data() + named.size())
    co_return no_such_reject();
  std::vector<corrected_record> one;
  one.push_back({number, std::move(*corrected)});
  const auto outcome = co_await repair_all(shared, r, found->id, std::move(one));
  if (!outcome)
    co_return outcome.error();
  if (outcome->refused.empty())
    co_return outcome_response(*outcome);
  const auto& why = outcome->refused.front();
  if (why.kind == "no-reject")
    co_return no_such_reject();
  co_return fail(errc::invalid_argument,
                 "Row " + std::to_string(number) + " stays a reject (" + why.kind
                   + "): " + (why.column.empty() ? "" : why.column + ": ") + why.why + '.',
                 "/text");
}

awaitable<result<response>> repair_rejects(shared_parts& shared, request& r, body_reader& body) {
  if (media_type_of(r.field("Content-Type")) != "text/csv")
    co_return fail(errc::unsupported_media_type,
                   "Repairs of many rejects come as text/csv with the columns row and text: the "
                   "list of rejects as CSV, with its texts corrected.",
                   "Content-Type");
  const auto found = co_await find_visible_job(shared, r);
  if (!found)
    co_return found.error();
  const auto bytes_max = shared.parts.settings.ingestion.repair_bytes_max;
  // As text, as records and as rows.
  const auto size_bytes = std::min(body.declared_size_bytes().value_or(bytes_max), bytes_max);
  const auto memory = shared.upload_memory.take(3 * size_bytes);
  if (!memory)
    co_return memory.error();
  auto text = co_await read_text(body, bytes_max);
  if (!text)
    co_return text.error();
  auto work = [text = std::move(*text)] {
    return read_repaired_records(text);
  };
  auto records = co_await run_on(shared.parts.blob_workers, std::move(work));
  if (!records)
    co_return records.error();
  const auto outcome = co_await repair_all(shared, r, found->id, std::move(*records));
  if (!outcome)
    co_return outcome.error();
  co_return outcome_response(*outcome);
}

} // namespace

void add_job_repair_routes(route_table& table) {
  table.add(verb::post, "/api/jobs/{id}/rejects/{row}/repair", body_kind::json, access::key,
            "repairReject", repair_reject);
  table.add(verb::post, "/api/jobs/{id}/rejects/repair", body_kind::content, access::key,
            "repairRejects", repair_rejects);
}

} // namespace dossier

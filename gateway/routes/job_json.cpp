// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/job_json.hpp"

#include "gateway/fields.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>

namespace dossier {

namespace {

constexpr std::string_view flag_rule = "must be yes or no.";

void write_limits(json_writer& out, const ingestion::reject_limits& limits) {
  out.key("limits").begin_object();
  out.key("rejectsMax").number(limits.rejects_max);
  out.key("rejectsPpmMax").number(limits.rejects_ppm_max);
  out.end_object();
}

void write_progress(json_writer& out, const ingestion::view& view, timestamp now) {
  const auto pace = ingestion::progress_of(view, now);
  out.key("progress").begin_object();
  out.key("bytesDone").number(view.tally.bytes_done);
  out.key("bytesPerSecond").number(pace.bytes_per_s);
  out.key("rowsPerSecond").number(pace.rows_per_s);
  out.key("secondsLeft");
  pace.left ? out.number(pace.left->count()) : out.null();
  out.end_object();
}

void write_failure(json_writer& out, const ingestion::view& view) {
  out.key("error");
  if (!view.why.empty())
    out.string(view.why);
  else if (view.status == ingestion::status::failed && !view.troubles.empty())
    out.string("chunk " + std::to_string(view.troubles.front().first) + ": "
               + view.troubles.front().second);
  else
    out.null();
  out.key("errorCause");
  view.cause ? out.string(to_string(*view.cause)) : out.null();
}

} // namespace

void write_job(json_writer& out, const entity_id& id, const ingestion::view& view, timestamp now) {
  const auto& s = view.submission;
  const auto& t = view.tally;
  out.begin_object();
  out.key("correlationId").string(id.text());
  out.key("parentCorrelationId").null();
  out.key("type").string(to_string(view.type));
  out.key("status").string(to_string(view.status));
  out.key("customerId").string(s.customer);
  out.key("originalFileName").string(s.original_file_name);
  out.key("blobName").string(s.blob_name);
  out.key("containerName").string(s.container_name);
  out.key("sizeBytes").number(s.bytes);
  out.key("sha256").string(to_hex(s.sha256));
  out.key("schema").string(s.schema_name);
  out.key("schemaVersion").number(s.schema_version);
  out.key("options").string(s.options);
  out.key("publish").boolean(s.publishes_rows);
  out.key("totalChunks").number(t.total);
  out.key("processedChunks").number(t.processed());
  out.key("successfulChunks").number(t.successful);
  out.key("failedChunks").number(t.failed);
  out.key("processedRecordsCount").number(t.rows);
  out.key("failedRecordsCount").number(t.rejects);
  write_progress(out, view, now);
  write_limits(out, view.limits);
  write_failure(out, view);
  out.key("createdAt").time(view.accepted_at);
  out.key("updatedAt").time(view.updated_at);
  out.key("endedAt");
  view.ended_at ? out.time(*view.ended_at) : out.null();
  out.key("version").number(view.version);
  out.end_object();
}

void write_chunk(json_writer& out, const entity_id& job, const ingestion::chunk_view& chunk) {
  const auto& c = chunk.chunk;
  out.begin_object();
  out.key("correlationId").string(ingestion::correlation_id{job, chunk.number}.text());
  out.key("parentCorrelationId").string(job.text());
  out.key("type").string(to_string(ingestion::job_type::chunk));
  out.key("status").string(to_string(chunk.status));
  out.key("chunkNumber").number(chunk.number);
  out.key("offset").number(c.begin);
  out.key("sizeBytes").number(c.extent.bytes);
  out.key("firstRecord").number(c.record);
  out.key("firstLine").number(c.line);
  out.key("records").number(c.extent.records);
  out.key("processedRecordsCount").number(c.rows);
  out.key("failedRecordsCount").number(c.rejects);
  out.key("attempts").number(c.attempt);
  out.key("retryAt");
  c.phase == ingestion::chunk_phase::waiting ? out.time(c.due) : out.null();
  out.key("error");
  chunk.trouble.empty() ? out.null() : out.string(chunk.trouble);
  out.end_object();
}

result<job_wishes> read_job_wishes(const request& r, const ingestion::reject_limits& most) {
  std::optional<failure> first;
  const auto refuse = [&first](std::string_view name, std::string_view why) {
    if (!first)
      first = bad_parameter(name, why);
  };
  const auto text = [&r](std::string_view name) {
    const auto value = r.query_value(name);
    return value ? std::optional<std::string>(*value) : std::nullopt;
  };
  const auto count = [&](std::string_view name, std::uint64_t highest) {
    if (!r.query_value(name))
      return std::optional<std::uint64_t>{};
    const auto number = query_number(r, name, 0, 0, highest);
    if (!number && !first)
      first = number.error();
    return std::optional<std::uint64_t>(number ? *number : 0);
  };
  const auto flag = [&](std::string_view name) {
    const auto value = r.query_value(name);
    if (value && *value != "yes" && *value != "no")
      refuse(name, flag_rule);
    return value ? std::optional(*value == "yes") : std::nullopt;
  };
  auto made = read_job_wishes(wish_source{text, count, flag, refuse}, most);
  made.schema = text("schema").value_or(made.schema);
  if (first)
    return *first;
  return made;
}

std::string write_job_cursor(const listing& place) {
  return std::to_string(to_ms(place.created_at)) + '-' + place.entity.id.text();
}

result<listing> read_job_cursor(std::string_view text) {
  const auto dash = text.find('-');
  std::int64_t at_ms = 0;
  const auto [end, error]
    = std::from_chars(text.data(), text.data() + std::min(dash, text.size()), at_ms);
  const auto id = entity_id::parse(text.substr(std::min(text.size(), dash) + (dash < text.size())));
  if (error != std::errc{} || dash == std::string_view::npos || end != text.data() + dash
      || at_ms < 0 || at_ms > to_ms(timestamp_max) || !id)
    return fail(errc::invalid_argument,
                "The cursor is not one that a list of jobs gave. Pass nextCursor back as it came, "
                "or leave it out to start anew.",
                "cursor");
  return listing{from_ms(at_ms), {entity_kind::job, *id}};
}

} // namespace dossier

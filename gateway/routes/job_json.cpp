// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes/job_json.hpp"

#include "gateway/fields.hpp"
#include "gateway/routes/dry_run.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <functional>
#include <limits>
#include <utility>

namespace dossier {

namespace {

/// Frozen names of encodings, as requests give them and answers show them.
constexpr std::pair<std::string_view, csv::text_encoding> encodings[]
  = {{"utf-8", csv::text_encoding::utf8},
     {"utf-16le", csv::text_encoding::utf16le},
     {"utf-16be", csv::text_encoding::utf16be},
     {"latin-1", csv::text_encoding::latin1}};

constexpr std::string_view delimiter_rule = "must be one character, or tab.";
constexpr std::string_view quote_rule = "must be one character.";
constexpr std::string_view flag_rule = "must be yes or no.";
constexpr std::string_view encoding_rule = "must be utf-8, utf-16le, utf-16be or latin-1.";
constexpr std::string_view columns_rule = "must be name or position.";

/// Where the values come from: a query or a body. `refuse` is told a name and what is wrong.
struct wish_source {
  std::function<std::optional<std::string>(std::string_view)> text;
  std::function<std::optional<std::uint64_t>(std::string_view, std::uint64_t most)> count;
  std::function<std::optional<bool>(std::string_view)> flag;
  std::function<void(std::string_view, std::string_view)> refuse;
};

std::optional<char> character_of(const std::string& text) {
  if (text == "tab" || text == "\t")
    return '\t';
  return text.size() == 1 ? std::optional(text[0]) : std::nullopt;
}

void read_options(const wish_source& from, csv::read_options& o) {
  auto& w = o.wishes;
  if (const auto text = from.text("delimiter"); text && !(w.delimiter = character_of(*text)))
    from.refuse("delimiter", delimiter_rule);
  if (const auto text = from.text("quote"); text && !(w.quote = character_of(*text)))
    from.refuse("quote", quote_rule);
  w.has_header = from.flag("header");
  if (const auto text = from.text("encoding")) {
    const auto* at = std::ranges::find(encodings, *text, [](const auto& e) { return e.first; });
    if (at == std::end(encodings))
      from.refuse("encoding", encoding_rule);
    else
      w.encoding = at->second;
  }
  if (const auto text = from.text("columns")) {
    o.is_by_position = *text == "position";
    if (*text != "name" && *text != "position")
      from.refuse("columns", columns_rule);
  }
}

/// All but the schema's name.
job_wishes read_wishes(const wish_source& from, const ingestion::reject_limits& most) {
  job_wishes made;
  if (const auto version = from.count("schemaVersion", std::numeric_limits<std::uint32_t>::max()))
    made.schema_version = static_cast<std::uint32_t>(*version);
  read_options(from, made.options);
  const auto rejects = from.count("rejectsMax", most.rejects_max);
  const auto ppm = from.count("rejectsPpmMax", most.rejects_ppm_max);
  if (rejects || ppm)
    made.limits = {rejects.value_or(most.rejects_max),
                   static_cast<std::uint32_t>(ppm.value_or(most.rejects_ppm_max))};
  if (const auto rows = from.count("dryRun", dry_run_rows_max)) {
    made.dry_run_rows = static_cast<std::uint32_t>(*rows);
    if (*rows == 0)
      from.refuse("dryRun", "must be at least 1.");
  }
  made.is_kept = from.flag("keep").value_or(false);
  return made;
}

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
  auto made = read_wishes({text, count, flag, refuse}, most);
  made.schema = text("schema").value_or(made.schema);
  if (first)
    return *first;
  return made;
}

job_wishes read_job_wishes(json_body& body, const ingestion::reject_limits& most) {
  const auto schema = body.optional_string("schema");
  job_wishes made;
  if (auto* options = body.optional_object("options"))
    made = read_wishes({[=](std::string_view name) { return options->optional_string(name); },
                        [=](std::string_view name, std::uint64_t highest) {
                          return options->optional_count(name, highest);
                        },
                        [=](std::string_view name) { return options->optional_bool(name); },
                        [=](std::string_view name, std::string_view why) {
                          options->refuse(name, why);
                        }},
                       most);
  made.schema = schema.value_or(made.schema);
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

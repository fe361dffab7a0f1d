// SPDX-License-Identifier: Apache-2.0
// The state as operators see it.
#include "actors/ingestion/rules.hpp"
#include "protocol/json_text.hpp"

namespace dossier::ingestion {

namespace {

void write_counts(json_writer& out, const facts& f) {
  const auto t = tally_of(f.chunks);
  out.key("chunks").number(t.total);
  out.key("successfulChunks").number(t.successful);
  out.key("failedChunks").number(t.failed);
  out.key("runningChunks").number(t.running);
  out.key("rows").number(t.rows);
  out.key("rejects").number(t.rejects);
  out.key("bytesDone").number(t.bytes_done);
  out.key("troubles").begin_array();
  for (const auto& [number, why] : f.troubles) {
    out.begin_object();
    out.key("chunk").number(number);
    out.key("why").string(why);
    out.end_object();
  }
  out.end_array();
}

void write_facts(json_writer& out, const facts& f) {
  const auto& s = f.submission;
  out.key("type").string(to_string(f.type));
  out.key("customerId").string(s.customer);
  out.key("originalFileName").string(s.original_file_name);
  out.key("blobName").string(s.blob_name);
  out.key("containerName").string(s.container_name);
  out.key("sha256").string(to_hex(s.sha256));
  out.key("bytes").number(s.bytes);
  out.key("schema").string(s.schema_name);
  out.key("schemaVersion").number(s.schema_version);
  out.key("options").string(s.options);
  out.key("kept").boolean(s.is_kept);
  out.key("uniqueKeys").boolean(s.has_unique_keys);
  out.key("publish").boolean(s.publishes_rows);
  out.key("rejectsMax").number(f.limits.rejects_max);
  out.key("rejectsPpmMax").number(f.limits.rejects_ppm_max);
  write_counts(out, f);
  out.key("acceptedAt").time(f.accepted_at);
  out.key("updatedAt").time(f.updated_at);
}

std::string_view phase_of(const state& s) {
  constexpr std::string_view names[]{"absent", "queued", "splitting", "working", "ended"};
  static_assert(std::size(names) == std::variant_size_v<state>);
  return names[s.index()];
}

} // namespace

std::string to_json(const state& s) {
  json_writer out(1'024);
  out.begin_object();
  out.key("phase").string(phase_of(s));
  if (const auto* f = facts_of(s)) {
    out.key("status").string(to_string(status_of(s)));
    write_facts(out, *f);
  }
  if (const auto* e = std::get_if<ended>(&s)) {
    if (e->cause)
      out.key("cause").string(to_string(*e->cause));
    out.key("why").string(e->why);
    out.key("endedAt").time(e->at);
  }
  out.end_object();
  return out.take();
}

} // namespace dossier::ingestion

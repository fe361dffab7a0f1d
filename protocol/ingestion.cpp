// SPDX-License-Identifier: Apache-2.0
#include "protocol/ingestion.hpp"

#include "protocol/ingestion_view.hpp"

#include <algorithm>
#include <array>

namespace dossier::ingestion {

namespace {

bool is_over(status s) {
  return s == status::succeeded || s == status::partially_succeeded || s == status::failed
         || s == status::cancelled;
}

status status_of(const chunk& c, bool is_job_over) {
  switch (c.phase) {
  case chunk_phase::finished:
    return c.rejects == 0 ? status::succeeded : status::partially_succeeded;
  case chunk_phase::failed:
    return status::failed;
  case chunk_phase::ready:
  case chunk_phase::running:
  case chunk_phase::waiting:
    break;
  }
  // What the end of its job has overtaken is not worked on any more.
  if (is_job_over)
    return status::cancelled;
  return c.phase == chunk_phase::running ? status::processing : status::queued_for_processing;
}

/// `amount` in so many milliseconds, as so many in a second. `amount` is far below 2^54.
std::uint64_t per_second(std::uint64_t amount, std::uint64_t ms) {
  return ms == 0 ? 0 : amount * 1'000 / ms;
}

} // namespace

std::string_view name_of(const command& c) {
  constexpr std::array<std::string_view, std::variant_size_v<command>> names{
    "accept job",
    "start job",
    "report split",
    "report split failed",
    "begin chunk",
    "report chunk finished",
    "report chunk failed",
    "cancel job",
    "retry failed chunks",
    "report keys compared",
    "report comparison failed",
    "report repaired rows",
    "timer expired"};
  return names[c.index()];
}

tally tally_of(const std::vector<chunk>& chunks) {
  tally t;
  for (const auto& c : chunks) {
    const bool is_finished = c.phase == chunk_phase::finished;
    const bool is_failed = c.phase == chunk_phase::failed;
    ++t.total;
    t.successful += is_finished ? 1 : 0;
    t.failed += is_failed ? 1 : 0;
    t.running += c.phase == chunk_phase::running ? 1 : 0;
    t.rows += c.rows;
    t.rejects += c.rejects;
    t.records += c.extent.records;
    t.bytes_done += is_finished || is_failed ? c.extent.bytes : 0;
  }
  return t;
}

result<chunk_view> chunk_view_of(const view& job, std::uint32_t number) {
  if (number == 0 || number > job.chunks.size())
    return fail(errc::not_found, "the job has no chunk " + std::to_string(number) + "; it has "
                                   + std::to_string(job.chunks.size()) + ", numbered from 1");
  chunk_view v;
  v.number = number;
  v.chunk = job.chunks[number - 1];
  v.status = status_of(v.chunk, is_over(job.status));
  const auto known = std::ranges::find(job.troubles, number, &troubles::value_type::first);
  if (known != job.troubles.end())
    v.trouble = known->second;
  return v;
}

progress progress_of(const view& job, timestamp now) {
  progress p;
  if (!job.pace)
    return p;
  const auto until = job.ended_at.value_or(now);
  const auto elapsed = std::max(until - job.pace->since, milliseconds{0});
  const auto ms = static_cast<std::uint64_t>(elapsed.count());
  const auto bytes = job.tally.bytes_done - std::min(job.tally.bytes_done, job.pace->bytes);
  const auto rows = job.tally.rows - std::min(job.tally.rows, job.pace->rows);
  p.bytes_per_s = per_second(bytes, ms);
  p.rows_per_s = per_second(rows, ms);
  if (!is_over(job.status) && p.bytes_per_s > 0) {
    // Header and mark are in no chunk; what is left is counted in chunks.
    std::uint64_t of_chunks = 0;
    for (const auto& c : job.chunks)
      of_chunks += c.extent.bytes;
    const auto left = of_chunks - std::min(of_chunks, job.tally.bytes_done);
    p.left = seconds{static_cast<std::int64_t>((left + p.bytes_per_s - 1) / p.bytes_per_s)};
  }
  return p;
}

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
#include "actors/ingestion/checks.hpp"

#include "protocol/ids.hpp"
#include "protocol/utf8.hpp"

#include <algorithm>
#include <functional>

namespace dossier::ingestion {

namespace {

struct text_rule {
  const std::string submission::*text;
  std::size_t bytes_min;
  std::size_t bytes_max;
  const char* where;
};
constexpr text_rule text_rules[] = {
  {&submission::original_file_name, 1, 1'024, "/originalFileName"},
  {&submission::blob_name, 0, 1'024, "/blobName"},
  {&submission::container_name, 0, 255, "/containerName"},
  {&submission::schema_name, 1, 255, "/schema"},
  {&submission::options, 0, 4'096, "/options"},
};

} // namespace

std::string counted(std::uint64_t n, const std::string& what) {
  return std::to_string(n) + ' ' + what + (n == 1 ? "" : "s");
}

result<void> check_submission(const submission& s, const policy& p) {
  if (auto known = check_customer(s.customer); !known)
    return fail(known.error().code, known.error().why, "/customerId");
  for (const auto& rule : text_rules) {
    const auto& text = s.*rule.text;
    if (text.size() < rule.bytes_min || text.size() > rule.bytes_max || !is_utf8(text))
      return fail(errc::invalid_argument,
                  "the job cannot be accepted: " + std::string(rule.where + 1) + " is "
                    + std::to_string(rule.bytes_min) + " to " + std::to_string(rule.bytes_max)
                    + " bytes of UTF-8",
                  rule.where);
  }
  if (s.schema_version == 0)
    return fail(errc::invalid_argument,
                "the job cannot be accepted: versions of schemas count from 1", "/schemaVersion");
  if (s.bytes > p.file_bytes_max)
    return fail(errc::too_large, "the job cannot be accepted: its file has "
                                   + counted(s.bytes, "byte") + ", at most "
                                   + std::to_string(p.file_bytes_max) + " are allowed");
  return {};
}

result<void> check_limits(const std::optional<reject_limits>& asked, const policy& p) {
  if (asked && asked->rejects_max > p.limits.rejects_max)
    return fail(errc::invalid_argument,
                "a job may have at most " + counted(p.limits.rejects_max, "reject")
                  + "; ask for fewer",
                "/rejectsMax");
  if (asked && asked->rejects_ppm_max > p.limits.rejects_ppm_max)
    return fail(errc::invalid_argument,
                "of a job's records at most " + std::to_string(p.limits.rejects_ppm_max)
                  + " in a million may be rejects; ask for fewer",
                "/rejectsPpmMax");
  return {};
}

result<void> check_split(const report_split& c, const facts& f, const policy& p) {
  const auto wrong = [](const std::string& why) {
    return fail(errc::invalid_argument, "the split cannot be recorded: " + why, "/pieces");
  };
  if (c.pieces.empty() || c.pieces.size() > p.chunks_max)
    return wrong("it has " + counted(c.pieces.size(), "piece") + ", 1 to "
                 + std::to_string(p.chunks_max) + " are allowed");
  auto end = c.begin;
  for (const auto& piece : c.pieces) {
    if (piece.bytes == 0 || piece.records > piece.bytes || piece.lines > piece.bytes)
      return wrong("a piece has a byte at least for each record and line, and one at least");
    if (end > f.submission.bytes || piece.bytes > f.submission.bytes - end)
      return wrong("its pieces go beyond the file's end");
    end += piece.bytes;
  }
  if (end != f.submission.bytes)
    return wrong("its pieces end at byte " + std::to_string(end) + " of "
                 + std::to_string(f.submission.bytes));
  if (c.line == 0 || c.line > c.begin + 1)
    return wrong("the first record does not start in line " + std::to_string(c.line));
  return {};
}

result<void> check_counts(const chunk& c, const report_chunk_finished& r, job_type type) {
  const auto limit = type == job_type::master ? c.extent.records : c.extent.bytes;
  const bool fits
    = r.rows <= limit && r.rejects <= limit - r.rows && r.empty_lines <= limit - r.rows - r.rejects;
  if (fits && (type != job_type::master || r.rows + r.rejects + r.empty_lines == limit))
    return {};
  return fail(errc::content_mismatch,
              "chunk " + std::to_string(r.number) + " has "
                + (type == job_type::master ? counted(limit, "record")
                                            : "at most " + counted(limit, "record"))
                + ": " + counted(r.rows, "row") + " and " + counted(r.rejects, "reject")
                + (r.empty_lines > 0 ? " and " + counted(r.empty_lines, "empty line") : "")
                + " are not what it holds");
}

result<void> check_repair(const chunk& c, const report_repaired& r) {
  const auto wrong = [](const std::string& why, const char* where) {
    return fail(errc::invalid_argument, "the repair cannot be recorded: " + why, where);
  };
  if (r.records.empty() || r.records.size() > repaired_records_max)
    return wrong("it names " + counted(r.records.size(), "record") + ", 1 to "
                   + std::to_string(repaired_records_max) + " are allowed",
                 "/records");
  if (std::ranges::adjacent_find(r.records, std::greater_equal{}) != r.records.end())
    return wrong("its records do not ascend", "/records");
  if (r.records.front() < c.record || r.records.back() >= c.record + c.extent.records)
    return wrong("its records are not all in chunk " + std::to_string(r.number), "/records");
  return {};
}

result<void> check_corrections(const report_keys_compared& r, const facts& f) {
  const auto wrong = [](const std::string& why) {
    return fail(errc::invalid_argument, "the comparison cannot be recorded: " + why,
                "/corrections");
  };
  std::uint32_t before = 0;
  for (const auto& c : r.corrections) {
    if (c.number <= before || c.number > f.chunks.size())
      return wrong("its chunks do not ascend, or are not the job's");
    before = c.number;
    const auto& chunk = f.chunks[c.number - 1];
    if (chunk.phase != chunk_phase::finished || c.duplicates == 0 || c.duplicates > chunk.rows)
      return wrong("chunk " + std::to_string(c.number) + " has " + counted(chunk.rows, "row")
                   + ", of which " + std::to_string(c.duplicates) + " cannot be duplicates");
    if (c.revision != r.version)
      return wrong("corrections are of the version that was looked at");
  }
  return {};
}

} // namespace dossier::ingestion

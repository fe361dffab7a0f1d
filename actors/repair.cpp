// SPDX-License-Identifier: Apache-2.0
#include "actors/repair.hpp"

#include "actors/new_keys.hpp"
#include "persistence/correction.hpp"
#include "protocol/csv/row_parser.hpp"

#include <algorithm>

namespace dossier {

std::optional<std::uint32_t> chunk_of_record(const ingestion::view& job, std::uint64_t record) {
  for (std::uint32_t number = 1; number <= job.chunks.size(); ++number) {
    const auto& c = job.chunks[number - 1];
    if (c.phase == ingestion::chunk_phase::finished && record >= c.record
        && record - c.record < c.extent.records)
      return number;
  }
  return std::nullopt;
}

result<std::shared_ptr<job_repair>> job_repair::make(const repair_parts& parts,
                                                     const entity_id& job,
                                                     std::vector<corrected_record> records,
                                                     key_turn::share turn) {
  if (records.size() > repair_records_max)
    return fail(errc::too_large, "One request repairs at most " + std::to_string(repair_records_max)
                                   + " records, and these are " + std::to_string(records.size())
                                   + "; send them in several.");
  // Only now, with the turn: nobody else repairs it from here on.
  auto found = parts.all.find(job);
  if (!found)
    return found.error();
  if (!found->view.ended_at)
    return fail(errc::conflict, "The job is under way; repair it when it has ended.");
  auto file = open_ingested_file(parts.blobs, parts.schemas, found->view.submission,
                                 parts.record_bytes_max);
  if (!file)
    return file.error();
  std::shared_ptr<job_repair> made(
    new job_repair(parts, std::move(*found), std::move(*file), std::move(turn)));
  if (auto read = made->read(records); !read)
    return read.error();
  if (made->job_.view.submission.has_unique_keys)
    if (auto compared = made->compare_keys(); !compared)
      return compared.error();
  std::ranges::sort(made->refused_, {}, &refused_repair::number);
  return made;
}

// Reading.

result<void> job_repair::read(const std::vector<corrected_record>& records) {
  std::optional<std::uint32_t> open;
  std::optional<chunk_reject_cursor> rejects;
  for (const auto& record : records) {
    const auto chunk = chunk_of_record(job_.view, record.number);
    if (!chunk) {
      refuse(record.number, "no-reject", "", "no finished chunk of the job has this record");
      continue;
    }
    if (open != chunk) {
      auto opened = open_chunk_rows(parts_.rows, parts_.all, job_, *chunk);
      if (!opened)
        return opened.error();
      if (file_->schema->text != opened->schema_text())
        return fail(errc::conflict, "The schema " + job_.view.submission.schema_name
                                      + " was changed since the file was read, and its version was "
                                        "not: the job cannot be repaired with another one.");
      rejects.emplace(std::move(*opened));
      open = chunk;
    }
    if (auto taken = read_one(*rejects, *chunk, record); !taken)
      return taken;
  }
  return {};
}

/// Makes a row of the record, or notes why it stays a reject.
result<void> job_repair::read_one(chunk_reject_cursor& rejects, std::uint32_t chunk,
                                  const corrected_record& record) {
  if (auto sought = rejects.seek(record.number); !sought)
    return sought;
  if (rejects.number() != record.number) {
    refuse(record.number, "no-reject", "", "this record is no reject");
    return {};
  }
  std::string block;
  if (parse(record, rejects.at().present().record, block))
    rows_.push_back({record.number, chunk, std::move(block)});
  return {};
}

/// The one row that the text is, encoded. False: it is not one good row, and that was noted.
bool job_repair::parse(const corrected_record& record, const csv::record_start& at,
                       std::string& bytes) {
  const auto& schema = file_->schema->schema;
  csv::row_parser parser(schema, file_->plan.mapping, file_->plan.law, at);
  csv::row_block row(schema, 2, UINT32_MAX);
  bool is_refused = false;
  parser.parse(record.text, true, row, [&](const csv::reject& r) {
    if (!std::exchange(is_refused, true))
      refuse(record.number, csv::to_string(r.kind), r.column, r.message);
  });
  if (is_refused)
    return false;
  if (row.rows() != 1 || parser.position().number != at.number + 1) {
    refuse(record.number, "record-count", "", "the text has to be one record, and not empty");
    return false;
  }
  row.encode(bytes);
  return true;
}

// Keys.

result<void>
job_repair::walk_stored(const std::function<result<void>(const stored_chunk&)>& visit) const {
  for (std::uint32_t number = 1; number <= job_.view.chunks.size(); ++number) {
    const auto& c = job_.view.chunks[number - 1];
    if (c.phase != ingestion::chunk_phase::finished || c.rows == 0)
      continue;
    auto rows = open_chunk_rows(parts_.rows, job_.id, number, c);
    if (!rows)
      return rows.error();
    const stored_chunk own{job_.id, number, std::make_shared<const chunk_rows>(std::move(*rows))};
    if (auto visited = visit(own); !visited)
      return visited;
  }
  const auto& made_of = job_.view.submission;
  stored_chunks walk(parts_.all, parts_.rows,
                     {made_of.schema_name, made_of.customer, job_.id, true, parts_.scan_max});
  for (;;) {
    const auto next = walk.next();
    if (!next)
      return next.error();
    if (!*next)
      return {};
    if (auto visited = visit(**next); !visited)
      return visited;
  }
}

result<void> job_repair::compare_keys() {
  if (rows_.empty())
    return {};
  const auto& schema = file_->schema->schema;
  if (!schema.key)
    return fail(errc::conflict, "the schema has no key any more");
  new_keys keys;
  std::string room;
  for (std::size_t i = 0; i < rows_.size(); ++i) {
    const auto block = csv::row_block_reader::open(rows_[i].block);
    const auto key = block ? key_bytes_of(*block, 0, *schema.key, room) : std::nullopt;
    if (!key)
      return fail(errc::corrupt, "a row that was just made has no key");
    keys.add(std::string(*key), i);
  }
  std::vector<std::string> where(rows_.size()); ///< Of each row's key; empty: nowhere.
  keys.find_repeated([&](std::size_t i) { where[i] = "another record of this repair"; });
  const auto walked = walk_stored([&](const stored_chunk& chunk) {
    return keys.look_in(chunk, [&](std::size_t i, std::uint64_t record) {
      if (where[i].empty())
        where[i] = "row " + std::to_string(record)
                   + (chunk.job == job_.id ? "" : " of the job " + chunk.job.text());
    });
  });
  if (!walked)
    return walked;
  const auto& column = schema.columns[*schema.key].name;
  std::vector<repaired_row> left;
  for (std::size_t i = 0; i < rows_.size(); ++i)
    if (where[i].empty())
      left.push_back(std::move(rows_[i]));
    else
      refuse(rows_[i].number, csv::to_string(csv::reject_kind::duplicate_key), column,
             where[i] + " has this key already");
  rows_ = std::move(left);
  return {};
}

// Writing.

result<std::optional<ingestion::report_repaired>>
job_repair::write_next(const ingestion::view& now) {
  if (next_ == rows_.size())
    return std::nullopt;
  const auto& schema = file_->schema->schema;
  const auto chunk = rows_[next_].chunk;
  csv::row_block rows(schema, static_cast<std::uint32_t>(ingestion::repaired_records_max),
                      UINT32_MAX);
  ingestion::report_repaired report{chunk, static_cast<std::uint32_t>(now.version), {}};
  for (; next_ < rows_.size() && rows_[next_].chunk == chunk && rows.room() > 0; ++next_) {
    const auto block = csv::row_block_reader::open(rows_[next_].block);
    if (!block || !rows.copy(*block, 0))
      return fail(errc::corrupt, "a row that was just made cannot be read");
    report.records.push_back(rows_[next_].number);
    rows_[next_].block = {};
  }
  const auto before = open_chunk_rows(parts_.rows, job_.id, chunk, now.chunks[chunk - 1]);
  if (!before)
    return before.error();
  if (auto written
      = write_correction(parts_.rows, {job_.id, chunk, report.revision, row_file_kind::correction},
                         schema, *before, {&rows, {}});
      !written)
    return written.error();
  return report;
}

} // namespace dossier

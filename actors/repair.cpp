// SPDX-License-Identifier: Apache-2.0
#include "actors/repair.hpp"

#include "persistence/correction.hpp"
#include "protocol/csv/row_parser.hpp"

#include <algorithm>
#include <set>
#include <utility>

namespace dossier {

namespace {

/// One chunk's repair while it is made.
class repair {
public:
  repair(const repair_parts& parts, const found_job& job, std::uint32_t chunk,
         const ingested_file& file, const chunk_rows& now)
    : parts_(parts)
    , job_(job)
    , chunk_(chunk)
    , file_(file)
    , now_(now)
    , rows_(file.schema->schema, static_cast<std::uint32_t>(ingestion::repaired_records_max),
            UINT32_MAX) {}

  /// Reads one record into the rows, or notes why it stays a reject.
  result<void> take(const corrected_record& record) {
    const auto reject = now_.reject(record.number);
    if (!reject && reject.error().code != errc::not_found)
      return reject.error();
    if (!reject) {
      refuse({record.number, "no-reject", "", "this record is no reject"});
      return {};
    }
    std::string bytes;
    if (!parse(record, reject->record, bytes))
      return {};
    const auto block = csv::row_block_reader::open(bytes);
    if (!block)
      return block.error();
    if (auto is_new = has_new_key(record.number, *block); !is_new)
      return is_new.error();
    else if (!*is_new)
      return {};
    if (!rows_.copy(*block, 0))
      return fail(errc::corrupt, "a row that was just made cannot be read");
    numbers_.push_back(record.number);
    return {};
  }

  result<made_repair> finish() {
    made_repair made{std::nullopt, std::move(refused_)};
    if (numbers_.empty())
      return made;
    const auto revision = static_cast<std::uint32_t>(job_.view.version);
    if (auto written
        = write_correction(parts_.rows, {job_.id, chunk_, revision, row_file_kind::correction},
                           file_.schema->schema, now_, {&rows_, {}});
        !written)
      return written.error();
    made.report = ingestion::report_repaired{chunk_, revision, std::move(numbers_)};
    return made;
  }

private:
  void refuse(refused_repair why) { refused_.push_back(std::move(why)); }

  /// The one row that the text is, encoded. False: it is not one good row, and that was noted.
  bool parse(const corrected_record& record, const csv::record_start& at, std::string& bytes) {
    const auto& schema = file_.schema->schema;
    csv::row_parser parser(schema, file_.plan.mapping, file_.plan.law, at);
    csv::row_block row(schema, 2, UINT32_MAX);
    std::optional<refused_repair> why;
    parser.parse(record.text, true, row, [&](const csv::reject& r) {
      if (!why)
        why = {record.number, std::string(csv::to_string(r.kind)), r.column, r.message};
    });
    if (!why && (row.rows() != 1 || parser.position().number != at.number + 1))
      why = {record.number, "record-count", "", "the text has to be one record, and not empty"};
    if (why) {
      refuse(std::move(*why));
      return false;
    }
    row.encode(bytes);
    return true;
  }

  result<bool> has_new_key(std::uint64_t number, const csv::row_block_reader& block) {
    if (!job_.view.submission.has_unique_keys)
      return true;
    const auto& schema = file_.schema->schema;
    if (!schema.key)
      return fail(errc::conflict, "the schema has no key any more");
    std::string room;
    const auto key = key_bytes_of(block, 0, *schema.key, room);
    if (!key)
      return fail(errc::corrupt, "a row that was just made has no key");
    const auto known = find(std::string(*key));
    if (!known)
      return known.error();
    if (known->empty())
      return true;
    refuse({number, std::string(csv::to_string(csv::reject_kind::duplicate_key)),
            schema.columns[*schema.key].name, *known + " has this key already"});
    return false;
  }

  /// Where the key is: empty if it is nowhere, and then it is known from now on.
  result<std::string> find(std::string key) {
    if (keys_.contains(key))
      return std::string("another record of this repair");
    if (auto opened = open_others(); !opened)
      return opened.error();
    for (const auto& other : others_) {
      const auto found = other.rows->find_key(key, 1);
      if (!found)
        return found.error();
      if (!found->empty())
        return "row " + std::to_string(found->front())
               + (other.job == job_.id ? "" : " of the job " + other.job.text());
    }
    keys_.insert(std::move(key));
    return std::string();
  }

  /// Once, and only if there is a key to look for.
  result<void> open_others() {
    if (std::exchange(are_others_open_, true))
      return {};
    for (std::uint32_t number = 1; number <= job_.view.chunks.size(); ++number) {
      const auto& c = job_.view.chunks[number - 1];
      if (c.phase != ingestion::chunk_phase::finished || c.rows == 0)
        continue;
      auto rows = open_chunk_rows(parts_.rows, job_.id, number, c);
      if (!rows)
        return rows.error();
      others_.push_back({job_.id, number, std::make_shared<const chunk_rows>(std::move(*rows))});
    }
    const auto& made_of = job_.view.submission;
    stored_chunks walk(parts_.all, parts_.rows,
                       {made_of.schema_name, made_of.customer, job_.id, true, parts_.scan_max});
    for (;;) {
      auto next = walk.next();
      if (!next)
        return next.error();
      if (!*next)
        break;
      others_.push_back(std::move(**next));
    }
    std::erase_if(others_, [](const stored_chunk& c) { return !c.rows->records().has_keys(); });
    return {};
  }

  const repair_parts& parts_;
  const found_job& job_;
  const std::uint32_t chunk_;
  const ingested_file& file_;
  const chunk_rows& now_;
  csv::row_block rows_;
  std::vector<std::uint64_t> numbers_; ///< Of the rows.
  std::vector<refused_repair> refused_;
  std::set<std::string, std::less<>> keys_; ///< Of the rows.
  std::vector<stored_chunk> others_;
  bool are_others_open_ = false;
};

} // namespace

std::optional<std::uint32_t> chunk_of_record(const ingestion::view& job, std::uint64_t record) {
  for (std::uint32_t number = 1; number <= job.chunks.size(); ++number) {
    const auto& c = job.chunks[number - 1];
    if (c.phase == ingestion::chunk_phase::finished && record >= c.record
        && record - c.record < c.extent.records)
      return number;
  }
  return std::nullopt;
}

result<made_repair> make_repair(const repair_parts& parts, const found_job& job,
                                std::uint32_t chunk, std::span<const corrected_record> records) {
  if (!job.view.ended_at)
    return fail(errc::conflict, "The job is under way; repair it when it has ended.");
  const auto now = open_chunk_rows(parts.rows, parts.all, job, chunk);
  if (!now)
    return now.error();
  const auto file
    = open_ingested_file(parts.blobs, parts.schemas, job.view.submission, parts.record_bytes_max);
  if (!file)
    return file.error();
  if ((*file)->schema->text != now->schema_text())
    return fail(errc::conflict, "The schema " + job.view.submission.schema_name
                                  + " was changed since the file was read, and its version was "
                                    "not: the job cannot be repaired with another one.");
  repair one(parts, job, chunk, **file, *now);
  for (const auto& record : records)
    if (auto taken = one.take(record); !taken)
      return taken.error();
  return one.finish();
}

} // namespace dossier

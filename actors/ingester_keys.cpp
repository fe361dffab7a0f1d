// SPDX-License-Identifier: Apache-2.0
// The last step of a job whose keys may come once: finding those that came again.
#include "actors/ingester.hpp"

#include "config/log.hpp"
#include "persistence/correction.hpp"
#include "protocol/assert.hpp"

#include <string>
#include <utility>

namespace dossier {

namespace {

/// Which field of the file's records is the key.
std::optional<std::size_t> key_field(const ingested_file& file) {
  const auto& columns = file.plan.mapping.columns;
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i] && columns[i] == file.schema->schema.key)
      return i;
  return std::nullopt;
}

std::string sentence_of(const duplicate_row& row, const entity_id& job) {
  return "row " + std::to_string(row.before)
         + (row.job == job ? "" : " of the job " + row.job.text()) + " has this key already";
}

} // namespace

std::optional<ingester::work> ingester::choose_slice(open_job& job) {
  const auto id = job.id;
  if (job.comparison) {
    if (job.comparison->next == job.comparison->keys.slices())
      return std::nullopt;
    return [this, id, run = job.comparison, slice = job.comparison->next++] {
      look_at_slice(id, run, slice);
    };
  }
  job.is_busy = true;
  if (!job.turn && !(job.turn = parts_.turn.take())) {
    try_later([this, id] { settle(id, std::nullopt); });
    return std::nullopt;
  }
  return [this, id, view = job.view] {
    prepare_comparison(id, view);
  };
}

void ingester::prepare_comparison(const entity_id& id,
                                  const std::shared_ptr<const ingestion::view>& view) {
  const auto& what = view->submission;
  std::vector<stored_chunk> own;
  for (std::uint32_t number = 1; number <= view->chunks.size(); ++number) {
    const auto& c = view->chunks[number - 1];
    if (c.phase != ingestion::chunk_phase::finished || c.rows == 0)
      continue;
    auto rows = open_chunk_rows(parts_.rows, id, number, c);
    if (!rows)
      return give_up_comparison(id, view->version, rows.error());
    own.push_back({id, number, std::make_shared<const chunk_rows>(std::move(*rows))});
  }
  std::vector<stored_chunk> stored;
  stored_chunks walk(parts_.all, parts_.rows,
                     {what.schema_name, what.customer, id, true, limits_.scan_max});
  for (;;) {
    auto next = walk.next();
    if (!next)
      return give_up_comparison(id, view->version, next.error());
    if (!*next)
      break;
    stored.push_back(std::move(**next));
  }
  if (walk.is_cut())
    log(log_level::warn, "keys are compared with those of the newest chunks only",
        {{"job", id.text()}, {"chunks", std::to_string(stored.size())}});
  auto run = std::make_shared<comparison_run>(view, std::move(own), std::move(stored));
  {
    const std::lock_guard lock{mutex_};
    auto* job = find(id);
    DOSSIER_ASSERT(job != nullptr, "a job whose keys are being compared stays");
    // Unless it was cancelled meanwhile.
    if (job->turn)
      job->comparison = std::move(run);
    job->is_busy = false;
    let_go_if_over(id);
  }
  news_.notify_all();
}

void ingester::look_at_slice(const entity_id& id, const std::shared_ptr<comparison_run>& run,
                             std::size_t slice) {
  const auto looked = is_stopping_ ? result<void>{} : run->keys.look_at(slice);
  {
    const std::lock_guard lock{mutex_};
    if (!looked)
      run->why = looked.error();
    if (++run->done < run->keys.slices())
      return;
    auto* job = find(id);
    if (is_stopping_ || !job || job->comparison != run)
      return;
    job->is_busy = true;
  }
  conclude(id, *run);
}

void ingester::conclude(const entity_id& id, comparison_run& run) {
  const auto version = run.view->version;
  if (run.why)
    return give_up_comparison(id, version, *run.why);
  const auto duplicates = run.keys.fold();
  if (!duplicates)
    return give_up_comparison(id, version, duplicates.error());
  ingestion::report_keys_compared report{version, {}};
  for (const auto& found : *duplicates) {
    if (is_stopping_)
      return;
    const auto made = correct(id, *run.view, found);
    if (!made)
      return give_up_comparison(id, version, made.error());
    report.corrections.push_back(*made);
  }
  insist(id, report, [this, id, report](const std::optional<failure>& refused) {
    settle(id, refused);
    if (refused || report.corrections.empty())
      return;
    // Not here: whoever answers must not wait for the disk.
    const std::lock_guard lock{mutex_};
    later_.push_back({uptime_, [this, id, report] {
                        remove_earlier(id, report.corrections);
                      }});
  });
}

void ingester::remove_earlier(const entity_id& id, const std::vector<ingestion::correction>& kept) {
  for (const auto& c : kept)
    if (auto removed = parts_.rows.remove_earlier_revisions(
          {id, c.number, c.revision, row_file_kind::correction});
        !removed)
      log(log_level::warn, "a correction that is out of date could not be removed",
          {{"job", id.text()}, {"why", removed.error().why}});
}

result<ingestion::correction> ingester::correct(const entity_id& id, const ingestion::view& view,
                                                const chunk_duplicates& found) {
  const auto& chunk = view.chunks[found.number - 1];
  const auto file = file_of(id, view.submission);
  if (!file)
    return file.error();
  const auto field = key_field(**file);
  if (!field)
    return fail(errc::corrupt, "the schema has no key any more");
  std::vector<csv::refusal> refusals;
  for (const auto& row : found.rows)
    refusals.push_back({row.number, *field, sentence_of(row, id)});
  const auto rejects = refuse_records(**file, chunk, refusals);
  if (!rejects)
    return rejects.error();
  const auto now = open_chunk_rows(parts_.rows, id, found.number, chunk);
  if (!now)
    return now.error();
  const auto revision = static_cast<std::uint32_t>(view.version);
  if (auto written
      = write_correction(parts_.rows, {id, found.number, revision, row_file_kind::correction},
                         (*file)->schema->schema, *now, {nullptr, *rejects});
      !written)
    return written.error();
  return ingestion::correction{found.number, revision, rejects->size()};
}

/// What may pass is tried again as a whole.
void ingester::give_up_comparison(const entity_id& id, std::uint64_t version, const failure& why) {
  log(log_level::warn, "the keys of a job could not be compared",
      {{"job", id.text()}, {"why", why.why}});
  if (!is_passing(why)) {
    insist(id, ingestion::report_comparison_failed{version, why.why},
           [this, id](const auto& refused) { settle(id, refused); });
    return;
  }
  const std::lock_guard lock{mutex_};
  if (auto* job = find(id))
    stop_comparing(*job);
  try_later([this, id] { settle(id, std::nullopt); });
}

} // namespace dossier

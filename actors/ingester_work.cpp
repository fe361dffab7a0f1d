// SPDX-License-Identifier: Apache-2.0
// The pieces of an ingester's work: each runs on one of its threads, and may wait for the disk.
#include "actors/ingester.hpp"
#include "actors/ingestion_policy.hpp"
#include "config/log.hpp"
#include "protocol/assert.hpp"

#include <utility>

namespace dossier {

void ingester::look(const entity_id& id) {
  auto found = parts_.all.find(id);
  {
    const std::lock_guard lock{mutex_};
    auto* job = find(id);
    DOSSIER_ASSERT(job != nullptr, "a job that is being looked at stays");
    if (found) {
      job->is_busy = false;
      hear(id, std::move(found->view));
      let_go_if_over(id);
    } else if (is_passing(found.error())) {
      try_later([this, id] { look(id); });
    } else {
      // It stays busy, and so is left alone, until the next start: its history is damaged.
      log(log_level::error, "an ingestion job cannot be read",
          {{"job", id.text()}, {"why", found.error().why}});
    }
  }
  news_.notify_all();
}

result<std::shared_ptr<const ingested_file>> ingester::file_of(const entity_id& id,
                                                               const ingestion::submission& what) {
  {
    const std::lock_guard lock{mutex_};
    if (const auto* job = find(id); job && job->file)
      return job->file;
  }
  // Two threads may come here at once: both open it, one of them is kept.
  auto file = open_ingested_file(parts_.blobs, parts_.schemas, what, limits_.record_bytes_max);
  const std::lock_guard lock{mutex_};
  if (auto* job = find(id); job && file && !job->file)
    job->file = *file;
  return file;
}

void ingester::prepare_split(const entity_id& id, const ingestion::submission& what) {
  const auto file = file_of(id, what);
  if (!file) {
    insist(id, ingestion::report_split_failed{file.error().why},
           [this, id](const auto& refused) { settle(id, refused); });
    return;
  }
  const auto bytes = ingestion::piece_bytes(policy_of(limits_), (*file)->bytes);
  const auto run = std::make_shared<split_run>(*file, bytes);
  if (run->split.ranges() == 0)
    return fold(id, *run);
  {
    const std::lock_guard lock{mutex_};
    auto* job = find(id);
    DOSSIER_ASSERT(job != nullptr, "a job that is being split stays");
    job->split = run;
    job->is_busy = false;
  }
  news_.notify_all();
}

void ingester::look_at_range(const entity_id& id, const std::shared_ptr<split_run>& run,
                             std::size_t range) {
  const auto looked = is_stopping_ ? result<void>{} : run->split.look_at(range);
  {
    const std::lock_guard lock{mutex_};
    if (!looked)
      run->why = looked.error();
    if (++run->done < run->split.ranges())
      return;
    auto* job = find(id);
    // It may have been cancelled meanwhile.
    if (is_stopping_ || !job || job->split != run)
      return;
    job->is_busy = true;
  }
  fold(id, *run);
}

void ingester::fold(const entity_id& id, split_run& run) {
  auto split = run.why ? result<ingestion::report_split>(*run.why) : run.split.fold();
  auto then = [this, id](const auto& refused) {
    settle(id, refused);
  };
  if (split)
    insist(id, std::move(*split), std::move(then));
  else
    insist(id, ingestion::report_split_failed{split.error().why}, std::move(then));
}

void ingester::begin(const row_file_key& what) {
  insist(what.job, ingestion::begin_chunk{what.chunk, what.attempt},
         [this, what](const std::optional<failure>& refused) {
           const std::lock_guard lock{mutex_};
           const auto* job = find(what.job);
           DOSSIER_ASSERT(job && job->view && what.chunk <= job->view->chunks.size(),
                          "a job of which chunks are in hand stays");
           const auto& chunk = job->view->chunks[what.chunk - 1];
           if (!refused && chunk.phase == ingestion::chunk_phase::running
               && chunk.attempt == what.attempt) {
             begun_.push_back([this, what] { read(what); });
             return;
           }
           // It was given up, or the job has ended meanwhile.
           let_go_of(what.job, what.chunk);
           if (refused)
             take_refusal(what.job, *refused);
         });
}

void ingester::read(const row_file_key& what) {
  stats_.running.fetch_add(1, std::memory_order_relaxed);
  const auto made = read_into_store(what);
  stats_.running.fetch_sub(1, std::memory_order_relaxed);
  if (!is_stopping_)
    report(what, made);
}

result<row_file_counts> ingester::read_into_store(const row_file_key& what) {
  std::shared_ptr<const ingestion::view> view;
  std::shared_ptr<const std::atomic<bool>> is_over;
  {
    const std::lock_guard lock{mutex_};
    const auto* job = find(what.job);
    DOSSIER_ASSERT(job && job->view && what.chunk <= job->view->chunks.size(),
                   "a job of which chunks are in hand stays");
    view = job->view;
    is_over = job->is_over;
  }
  const auto file = file_of(what.job, view->submission);
  if (!file)
    return file.error();
  const auto& schema = *(*file)->schema;
  auto rows = parts_.rows.begin(what, schema.schema, schema.text);
  if (!rows)
    return rows.error();
  const auto& chunk = view->chunks[what.chunk - 1];
  const auto counts
    = read_chunk(**file, chunk, **rows, [&] { return is_stopping_.load() || is_over->load(); });
  if (!counts)
    return counts.error();
  stats_.bytes_read.fetch_add(chunk.extent.bytes, std::memory_order_relaxed);
  // What an attempt left that ended with the process: no event names it, and none will.
  if (what.attempt > 1)
    if (const auto gone = parts_.rows.remove_other_attempts(what); !gone)
      log(log_level::warn, "rows of an interrupted attempt stay",
          {{"job", what.job.text()}, {"why", gone.error().why}});
  return counts;
}

void ingester::report(const row_file_key& what, const result<row_file_counts>& made) {
  auto then = [this, what](const std::optional<failure>& refused) {
    if (refused && refused->code == errc::content_mismatch) {
      report(what, *refused);
      return;
    }
    const std::lock_guard lock{mutex_};
    let_go_of(what.job, what.chunk);
    if (refused)
      take_refusal(what.job, *refused);
  };
  if (made) {
    stats_.chunks_read.fetch_add(1, std::memory_order_relaxed);
    stats_.rows.fetch_add(made->rows, std::memory_order_relaxed);
    stats_.rejects.fetch_add(made->rejects, std::memory_order_relaxed);
    insist(what.job,
           ingestion::report_chunk_finished{what.chunk, what.attempt, made->rows, made->rejects,
                                            made->empty_lines},
           std::move(then));
    return;
  }
  const auto& why = made.error();
  stats_.chunks_failed.fetch_add(1, std::memory_order_relaxed);
  log(log_level::warn, "a chunk could not be read",
      {{"job", what.job.text()},
       {"chunk", std::to_string(what.chunk)},
       {"attempt", std::to_string(what.attempt)},
       {"why", why.why}});
  insist(what.job,
         ingestion::report_chunk_failed{what.chunk, what.attempt, why.why, is_passing(why)},
         std::move(then));
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/stored_chunks.hpp"

#include <utility>

namespace dossier {

namespace {

constexpr std::size_t page_jobs = 100;

} // namespace

result<chunk_rows> open_chunk_rows(const row_store& rows, const entity_id& job,
                                   std::uint32_t number, const ingestion::chunk& c) {
  return chunk_rows::open(rows, {job, number, c.attempt}, c.revision);
}

result<chunk_rows> open_chunk_rows(const row_store& rows, const jobs& all, const found_job& job,
                                   std::uint32_t number) {
  auto opened = open_chunk_rows(rows, job.id, number, job.view.chunks[number - 1]);
  if (opened || opened.error().code != errc::not_found)
    return opened;
  // Since it was looked at, a later revision took the place of its correction.
  const auto now = all.find(job.id);
  if (!now)
    return now.error();
  return open_chunk_rows(rows, job.id, number, now->view.chunks[number - 1]);
}

bool stored_chunks::is_meant(const found_job& job) const {
  return job.view.submission.schema_name == question_.schema && job.id != question_.but
         && (!question_.is_ended || job.view.ended_at);
}

result<bool> stored_chunks::next_job() {
  for (;;) {
    for (; in_page_ < page_.items.size(); ++in_page_)
      if (is_meant(page_.items[in_page_])) {
        job_ = std::move(page_.items[in_page_++]);
        left_ = static_cast<std::uint32_t>(job_->view.chunks.size());
        return true;
      }
    if (has_begun_ && !page_.next)
      return false;
    if (looked_at_ >= question_.chunks_max) {
      is_cut_ = true;
      return false;
    }
    auto page = all_.list(ingestion::list_name, question_.customer, page_.next, page_jobs);
    if (!page)
      return page.error();
    page_ = std::move(*page);
    looked_at_ += page_.items.size();
    in_page_ = 0;
    has_begun_ = true;
  }
}

result<std::optional<stored_chunk>> stored_chunks::next() {
  for (;;) {
    if (!job_) {
      const auto found = next_job();
      if (!found)
        return found.error();
      if (!*found)
        return std::optional<stored_chunk>();
    }
    while (left_ > 0) {
      const auto number = left_--;
      const auto& c = job_->view.chunks[number - 1];
      if (c.phase != ingestion::chunk_phase::finished || c.rows == 0)
        continue;
      if (looked_at_++ >= question_.chunks_max) {
        is_cut_ = true;
        return std::optional<stored_chunk>();
      }
      auto rows = open_chunk_rows(rows_, all_, *job_, number);
      if (!rows)
        return rows.error();
      return std::optional<stored_chunk>(
        {job_->id, number, std::make_shared<const chunk_rows>(std::move(*rows))});
    }
    job_.reset();
  }
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "actors/ingestion/rows_due.hpp"

#include <algorithm>
#include <utility>

namespace dossier::ingestion {

bool rows_due::may_be_at(std::string_view event_type) {
  return event_type == "JobFinishedEvent" || event_type == "JobRepairedEvent"
         || event_type == "JobPublicationRequestedEvent";
}

due_chunks rows_due::take(const event& e) {
  if (const auto* first = std::get_if<accepted>(&e)) {
    publishes_rows_ = first->submission.publishes_rows;
  } else if (const auto* made = std::get_if<chunk_finished>(&e)) {
    owed_[made->number] = {true, {}};
  } else if (const auto* mended = std::get_if<repaired>(&e)) {
    owe(*mended);
    return settle();
  } else if (const auto* end = std::get_if<finished>(&e)) {
    has_ended_well_ = end->status != status::failed;
    return settle();
  } else if (std::holds_alternative<publication_requested>(e)) {
    publishes_rows_ = true;
    return settle();
  } else if (std::holds_alternative<failed>(e) || std::holds_alternative<cancelled>(e)
             || std::holds_alternative<chunks_retried>(e)) {
    has_ended_well_ = false;
  }
  return {};
}

void rows_due::owe(const repaired& e) {
  auto& chunk = owed_[e.number];
  if (!chunk.is_whole)
    chunk.records.insert(chunk.records.end(), e.records.begin(), e.records.end());
}

due_chunks rows_due::settle() {
  if (!publishes_rows_ || !has_ended_well_)
    return {};
  auto due = std::exchange(owed_, {});
  for (auto& [number, chunk] : due) {
    std::ranges::sort(chunk.records);
    const auto repeated = std::ranges::unique(chunk.records);
    chunk.records.erase(repeated.begin(), repeated.end());
  }
  return due;
}

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
#include "persistence/content_collector.hpp"

#include "config/log.hpp"

#include <string>
#include <utility>
#include <variant>

namespace dossier {

content_collector::content_collector(blob_store& blobs, std::size_t candidates_max)
  : blobs_(blobs)
  , candidates_max_(candidates_max)
  , thread_([this] { run(); }) {}

content_collector::~content_collector() {
  stop();
}

void content_collector::committed(const batch& b) {
  for (const auto& erased : b.projections_erased) {
    const auto* reference = std::get_if<content_reference>(&erased);
    if (!reference)
      continue;
    {
      const std::lock_guard lock(mutex_);
      if (candidates_.size() >= candidates_max_)
        continue;
      candidates_.push_back({reference->customer, reference->sha256});
    }
    arrived_.notify_one();
  }
}

void content_collector::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  arrived_.notify_all();
  if (thread_.joinable())
    thread_.join();
}

bool content_collector::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void content_collector::run() {
  const auto left_behind = blobs_.collect_all([this] { return is_stopping(); });
  if (!left_behind)
    log(log_level::error, "content cannot be collected", {{"why", left_behind.error().why}});
  else if (*left_behind > 0)
    log(log_level::info, "content left behind was collected",
        {{"files", std::to_string(*left_behind)}});
  for (;;) {
    content_key next;
    {
      std::unique_lock lock(mutex_);
      arrived_.wait(lock, [this] { return stopping_ || !candidates_.empty(); });
      if (stopping_)
        return;
      next = std::move(candidates_.front());
      candidates_.pop_front();
    }
    if (auto gone = blobs_.collect(next); !gone)
      log(
        log_level::error, "content cannot be collected",
        {{"customer", next.customer}, {"sha256", to_hex(next.sha256)}, {"why", gone.error().why}});
  }
}

} // namespace dossier

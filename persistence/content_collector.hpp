// SPDX-License-Identifier: Apache-2.0
// The thread that removes content nothing refers to: what a committed batch has just let go of,
// and, once after the start, what an earlier life left behind. Losing a candidate is harmless: the
// next start finds it.
#pragma once

#include "persistence/batch.hpp"
#include "persistence/blob_store.hpp"

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <thread>

namespace dossier {

class content_collector {
public:
  /// Starts its thread. At most `candidates_max` wait; more are left to the next start.
  content_collector(blob_store& blobs, std::size_t candidates_max);
  ~content_collector();

  /// From the commit queue, after the batch is durable. Never blocks.
  void committed(const batch& b);
  /// Ends what runs, forgets what waits, joins.
  void stop();

private:
  void run();
  bool is_stopping() const;

  blob_store& blobs_;
  const std::size_t candidates_max_;
  mutable std::mutex mutex_;
  std::condition_variable arrived_;
  std::deque<content_key> candidates_;
  bool stopping_ = false;
  std::thread thread_;
};

} // namespace dossier

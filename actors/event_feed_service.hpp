// SPDX-License-Identifier: Apache-2.0
// The event feed, read from the journal.
#pragma once

#include "actors/event_feed.hpp"
#include "persistence/journal.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace dossier {

class event_feed_service final : public event_feed {
public:
  /// `source` is what the events name as theirs; `looks_max` events are looked at for one page.
  /// Finds where each shard's feed ends.
  static result<std::unique_ptr<event_feed_service>> open(const journal& store, std::string source,
                                                          std::size_t looks_max);

  /// A batch is durable. From the commit queue, before it answers.
  void committed(const batch& b);

  shard_number shard_count() const override { return store_.shard_count(); }
  std::uint64_t recorded() const override { return recorded_.load(std::memory_order_acquire); }
  feed_cursor end() const override;
  result<feed_page> read(const feed_question& question) const override;

private:
  event_feed_service(const journal& store, std::string source, std::size_t looks_max);

  const journal& store_;
  const std::string source_;
  const std::size_t looks_max_;
  std::vector<std::atomic<std::uint64_t>> ends_; ///< The last position of each shard.
  std::atomic<std::uint64_t> recorded_{0};
};

} // namespace dossier

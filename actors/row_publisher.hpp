// SPDX-License-Identifier: Apache-2.0
// Sends the rows of jobs that want it to the topics of their schemas: reads the feed of each shard
// for jobs that ended well or were repaired, walks their rows in order, and notes how far the
// backbone has them. Feed and files of rows are the queue: nothing is lost when the backbone is
// away, and nothing is held in memory but what is on its way. The sink is opened for the first row
// that is due. Owned by one thread, which calls turn(); stats() and health() are for any thread.
#pragma once

#include "actors/row_news.hpp"
#include "actors/row_walk.hpp"
#include "persistence/event_sink.hpp"
#include "persistence/journal.hpp"
#include "persistence/offset_tracker.hpp"
#include "protocol/envelope.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// Read by metrics and health. Figures of one moment need not belong together.
struct row_publisher_stats {
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> on_their_way{0};
  std::atomic<std::uint64_t> resets{0};  ///< How often everything on its way was offered again.
  std::atomic<std::uint64_t> refused{0}; ///< Answers "never"; tried again all the same.
  /// Chunks, or events of jobs, that cannot be read for good: passed over.
  std::atomic<std::uint64_t> passed_over{0};
  /// When the oldest rows became due that are not all published, as to_ms() has it; 0: there are
  /// none.
  std::atomic<std::int64_t> due_since_ms{0};
};

/// All outlive the publisher.
struct row_publisher_parts {
  journal& store; ///< The feed, and the notes of places in it.
  row_news& news;
  row_walk_sources rows;
  const clock& time;
  /// Asked again after limits::retry while it fails; what it gave is kept.
  std::function<result<std::unique_ptr<event_sink>>()> open_sink;
};

class row_publisher {
public:
  struct limits {
    row_wire wire;
    std::size_t in_flight_max = 10'000; ///< Rows offered and not acknowledged, in all shards.
    /// Of one shard before the next has its turn; no more than half of in_flight_max counts.
    std::size_t page_rows = 1'024;
    /// A shard waits so long whose rows cannot be read or were refused.
    milliseconds retry{5'000};
    /// What is missing or damaged is tried so often before it is passed over.
    std::uint32_t tries_max = 3;
    /// Jobs whose present blocks of rows are kept in memory, some megabytes each; of others they
    /// are read again at each turn.
    std::size_t open_walks_max = 4;
  };

  /// Reads the noted places; a place that cannot be read begins at the start of the feed.
  row_publisher(const row_publisher_parts& parts, limits bounds);
  ~row_publisher();

  /// Offers what is due, as far as the sink has room, and takes in what was acknowledged; waits for
  /// nothing. True if it did anything.
  bool turn();
  /// Waits at most `patience` for acknowledgements of what is on its way and notes them.
  void close(milliseconds patience);

  const row_publisher_stats& stats() const { return stats_; }
  /// Why rows that are due do not get through at present.
  result<void> health() const;

private:
  /// How far a shard is.
  struct place {
    std::uint64_t position = 0; ///< Everything up to here in the feed is done.
    std::uint64_t record = 0;   ///< Rows of the next position's job up to here are published.
    bool operator==(const place&) const = default;
  };
  /// The history of the job whose event was looked at last, up to that event.
  struct known_history {
    entity_id job;
    std::uint64_t sequence = 0;
    ingestion::rows_due due;
  };
  struct lane {
    place at;
    place noted;
    std::unique_ptr<row_walk> walk; ///< Of the event behind at.position.
    /// Rows on their way are numbered as they are offered: a number never comes again, so what is
    /// said of an earlier offer is not taken for a later one.
    offset_tracker sent{1};
    std::deque<std::pair<std::uint64_t, std::uint64_t>> records; ///< Number and record of each.
    std::uint64_t published_since_note = 0;
    std::optional<known_history> history;
    /// Behind a record that was refused nothing is offered: it would come again with each try.
    std::uint64_t record_max = UINT64_MAX;
    std::uint32_t tries = 0; ///< At what is missing or damaged.
    timestamp waits_until = timestamp::min();
  };
  struct due_event {
    ingestion::due_chunks chunks;
    timestamp at;
  };

  place read_place(shard_number shard) const;
  bool open_sink();
  /// Each returns whether something happened.
  bool serve(shard_number shard);
  bool look_for_due(shard_number shard);
  bool offer_rows(shard_number shard);
  /// Of the walks that were served last, a few keep what they have read.
  void keep_open(shard_number shard);
  result<due_event> due_at(lane& l, const feed_row& row) const;
  void take_in(const sink_report& report);
  void take_delivered(shard_number shard, std::uint64_t number);
  void take_refused(shard_number shard, std::uint64_t number);
  void offer_again(shard_number shard);
  void finish_walk(shard_number shard);
  /// Whether it was tried often enough, and is not tried again.
  bool is_lost(shard_number shard, const failure& why, const std::string& what);
  void hold_back(shard_number shard, const std::string& why);
  void note(shard_number shard);
  void tell_lag();

  const row_publisher_parts parts_;
  const limits bounds_;
  std::vector<lane> lanes_;
  std::size_t on_their_way_ = 0;
  const std::size_t page_;        ///< Rows offered at once: unless there is room for all, none is.
  shard_number next_ = 0;         ///< Whose turn comes first: behind the last that offered rows.
  std::deque<shard_number> open_; ///< Whose walks keep blocks; the last one served is the last.
  row_publisher_stats stats_;
  mutable std::mutex mutex_;
  std::unique_ptr<event_sink> sink_; ///< Replaced with mutex_ held, never taken away.
  std::optional<failure> trouble_;   ///< Of the last shard that was held back; guarded by mutex_.
};

} // namespace dossier

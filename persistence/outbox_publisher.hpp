// SPDX-License-Identifier: Apache-2.0
// Brings the feed to the event backbone: offers each shard's events in order, notes what was
// acknowledged, and after any reset goes on from the oldest that was not. The journal is the queue:
// nothing is lost when the backbone is away for hours, and nothing is held in memory but what is on
// its way. Owned by one thread, which calls turn(); committed() and stats() are for any thread.
#pragma once

#include "persistence/event_sink.hpp"
#include "persistence/journal.hpp"
#include "persistence/offset_tracker.hpp"
#include "protocol/envelope.hpp"

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <vector>

namespace dossier {

/// Read by metrics and health. Figures of one moment need not belong together.
struct publisher_stats {
  std::atomic<std::uint64_t> delivered{0};
  std::atomic<std::uint64_t> resets{0}; ///< How often everything on its way was offered again.
  std::atomic<std::uint64_t> refused{
    0}; ///< Answers "never" of the backbone; tried again all the same.
  std::atomic<std::uint64_t> unreadable{0}; ///< Events that cannot be read; their shard waits.
  std::atomic<std::uint64_t> on_their_way{0};
};

class outbox_publisher {
public:
  struct limits {
    std::size_t in_flight_max = 20'000; ///< Events offered and not acknowledged, in all shards.
    /// Read of one shard before the next has its turn; no more than half of in_flight_max counts. A
    /// request to Kafka holds one partition's events, so of a backlog so many of one shard must
    /// follow each other as fill a request.
    std::size_t page_events = 5'000;
    /// A shard whose event cannot be read, or that the backbone refused, waits so long.
    milliseconds retry{5'000};
  };
  /// Makes the message for a row of the feed, `into` what was another one before; false if nobody
  /// is told of it. `recorded` is nullptr for a reply. A failure holds the row's shard back.
  using wire
    = std::function<result<bool>(const feed_row&, const envelope* recorded, outgoing& into)>;

  /// All outlive the publisher.
  outbox_publisher(journal& store, event_sink& sink, const clock& time, wire to_message,
                   limits bounds);

  /// Offers what is due, as far as the sink has room, and takes in what was acknowledged; waits for
  /// nothing. True if it did anything.
  bool turn();
  /// The last turn left rows unread that the sink has room for.
  bool has_backlog() const { return has_backlog_ && !is_full_; }
  /// A batch is durable: its shard has news. Any thread.
  void committed(const batch& b);
  /// Waits at most `patience` for acknowledgements of what is on its way and notes them.
  void close(milliseconds patience);

  const publisher_stats& stats() const { return stats_; }

private:
  struct shard_state {
    /// Positions that are on their way. Up to the first the backbone has all, which is noted in the
    /// journal now and then. A shard has several topics, so they do not arrive in order.
    offset_tracker positions;
    timestamp waits_until = timestamp::min();
    bool is_open = false; ///< Something of it got through since the start or the last reset.
  };

  void take_in(const sink_report& report);
  void start_over();
  std::uint64_t acknowledged(shard_number shard) const;
  /// False if this position is not on its way.
  bool note_finished(shard_number shard, std::uint64_t position);
  void offer_again(shard_number shard);
  void hold_back(shard_number shard, const std::string& why);
  bool offer_news(shard_number shard);
  /// Puts it into message_; false if nobody is told of it.
  result<bool> make_message(const feed_entry& entry);
  void note_acknowledged();

  journal& store_;
  event_sink& sink_;
  const clock& time_;
  const wire to_message_;
  const limits bounds_;
  const std::size_t page_; ///< Events that are read at once.
  envelope recorded_;      ///< As message_, of the row that is offered; their memory stays.
  outgoing message_;
  std::vector<shard_state> shards_;
  std::unique_ptr<std::atomic<bool>[]> has_news_; ///< One for each shard.
  std::vector<shard_number> acknowledged_;        ///< The shard of each event to be noted.
  std::size_t on_their_way_ = 0;
  bool is_full_ = false;
  bool has_backlog_ = false; ///< Some page was full.
  bool has_moved_ = false;   ///< Some row was offered or passed over in this turn.
  shard_number next_ = 0;    ///< Whose turn it is.
  publisher_stats stats_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Commands that come as messages: reads each, has its document or job carry it out, and sees to it
// that it is handled exactly once. The batch of its effect holds the message's offset and the
// answer to its sender; what cannot be carried out becomes a letter, whose batch holds the offset
// likewise. So wherever the process ends, a message was handled or will be read again, and never
// both. A command that is sent twice is known by its id. Letters that are due are attempted here,
// too, so that the order of one document's commands lies in one hand.
//
// Owned by one thread, which calls turn(); attempt(), committed(), stats() and partitions() are for
// any.
#pragma once

#include "actors/documents.hpp"
#include "actors/inbox_lanes.hpp"
#include "actors/inbox_places.hpp"
#include "actors/job_request.hpp"
#include "actors/jobs.hpp"
#include "actors/letter_channel.hpp"
#include "actors/letters.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/message_source.hpp"

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier {

/// What the inbox works with. All of it outlives the inbox.
struct inbox_parts {
  journal& store;
  commit_queue& commits;
  dossier::documents& documents;
  dossier::letters& letters;
  dossier::jobs& jobs;
  const row_schema_registry& schemas;
  blob_store& blobs;
  const clock& time;
};

struct inbox_limits {
  std::string topic;                       ///< Where messages come from, as letters name it.
  std::size_t in_flight_max = 1'000;       ///< Commands worked on at once, waiting ones included.
  std::size_t letters_open_max = 10'000;   ///< Letters being retried; above, no message is read.
  std::uint64_t content_bytes_max = 0;     ///< Of a document's content.
  ingestion::reject_limits rejects;        ///< Of a job; none may ask for more.
  seconds command_ids_kept{7 * 24 * 3600}; ///< How long a repeated command is known.
  milliseconds retry{100};                 ///< What could not be recorded is handed in again after.
};

/// Read by metrics. Figures of one moment need not belong together.
struct inbox_stats {
  std::atomic<std::uint64_t> received{0}; ///< Messages read, those handled before left out.
  std::atomic<std::uint64_t> done{0};     ///< Commands that took effect.
  std::atomic<std::uint64_t> repeated{0}; ///< Commands that had taken effect before.
  std::atomic<std::uint64_t> refused{0};  ///< Messages that became dead letters at once.
  std::atomic<std::uint64_t> put_off{0};  ///< Messages that became letters to be retried.
  std::atomic<std::uint64_t> in_flight{0};
  std::atomic<bool> is_paused{false};
};

class inbox final : public letter_channel, private message_listener {
public:
  /// `source` may be nullptr: then only letters are attempted. It outlives the inbox.
  inbox(inbox_parts parts, inbox_limits limits, message_source* source);
  ~inbox() override;
  inbox(const inbox&) = delete;
  inbox& operator=(const inbox&) = delete;

  /// Takes up the letters that are being retried, so that nothing passes them. Before the first
  /// turn(); fails if they cannot be read.
  result<void> recover();
  /// Takes in what has come of earlier work, reads messages while there is room, waiting at most
  /// `patience` for one. True if it did anything.
  bool turn(milliseconds patience);
  /// Notes what is handled. The last call: nothing is read any more.
  void close();

  void attempt(const entity_id& id, const letter::view& what, attempted done) override;
  /// A batch is durable: letters may have been settled or died.
  void committed(const batch& b);
  const inbox_stats& stats() const { return stats_; }
  std::vector<inbox_partition> partitions() const { return places_.snapshot(); }

private:
  struct due_letter {
    entity_id id;
    letter::view what;
    attempted done;
  };
  /// Handed over by other threads. Shared with replies that may outlive the inbox.
  struct arrivals {
    std::mutex mutex;
    std::condition_variable woken;
    std::vector<std::pair<inbox_work_ptr, result<void>>> outcomes; ///< Of commands.
    std::vector<std::pair<inbox_work_ptr, result<void>>> ends; ///< Of what was recorded about one.
    std::vector<due_letter> due;
    std::vector<entity_id> letters_left;
    bool has_any() const {
      return !outcomes.empty() || !ends.empty() || !due.empty() || !letters_left.empty();
    }
  };

  result<std::uint64_t> on_assigned(std::uint16_t partition, const std::string& source) override;
  void on_revoked(std::uint16_t partition) override;
  void on_message(received_message message) override;

  bool take_in();
  void take_up(due_letter letter);
  void run_ready();
  void begin(const inbox_work_ptr& work);
  result<void> begin(const inbox_work_ptr& work, const document_request& wanted);
  result<void> begin(const inbox_work_ptr& work, const job_request& wanted);
  result<found_document> find_of(const std::optional<std::string>& customer,
                                 const entity_id& document) const;
  result<void> repeat(const inbox_work_ptr& work, const stored_answer& first);
  result<std::string> reply_again(const inbox_work& work, const stored_answer& first) const;
  command_meta meta_of(const inbox_work& work) const;
  template <class View>
  std::shared_ptr<reply<View>> reply_to(const inbox_work_ptr& work,
                                        std::shared_ptr<const void> held) const;
  void succeed(const inbox_work_ptr& work);
  void give_up(const inbox_work_ptr& work, const failure& why);
  void make_letter(const inbox_work_ptr& work, const failure& why, bool is_transient);
  void record(const inbox_work_ptr& work);
  void end(const inbox_work_ptr& work);
  void leave_lane(const inbox_work_ptr& work);
  void remove_letter(const entity_id& letter);
  void attempt_followers();
  void settle(const entity_id& id, std::uint32_t number, attempt_outcome what);
  void hand_in_again();
  bool has_room() const;
  void pace();

  const inbox_parts parts_;
  const inbox_limits limits_;
  message_source* const source_;
  const std::shared_ptr<arrivals> arrived_;
  inbox_lanes lanes_;
  inbox_places places_;
  std::deque<std::pair<timestamp, inbox_work_ptr>> again_; ///< To be recorded again, by time.
  std::deque<std::string> moved_lanes_; ///< A letter has left them: another may have its turn.
  std::deque<inbox_work_ptr> ready_;    ///< They hold their lanes and have not begun.
  std::size_t in_flight_ = 0;
  std::optional<timestamp> full_since_; ///< Since when there is no room.
  timestamp next_look_ = timestamp::min();
  inbox_stats stats_;
};

} // namespace dossier

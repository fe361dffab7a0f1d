// SPDX-License-Identifier: Apache-2.0
// Works on ingestion jobs: has their files cut, reads their chunks, stores rows and rejects, and
// reports to the jobs' actors, who alone decide what a job comes to. Knows nothing that it could
// not find out again: after a kill, the next life begins where the jobs' events end.
//
// Work is done in pieces on threads of its own, of the lowest priority, so that requests go first.
#pragma once

#include "actors/ingested_file.hpp"
#include "actors/jobs.hpp"
#include "actors/key_comparison.hpp"
#include "actors/key_turn.hpp"
#include "config/settings.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

namespace dossier {

/// All of it outlives the ingester, but for the jobs: they must have answered before it goes.
struct ingester_parts {
  const journal& store;
  jobs& all;
  const blob_store& blobs;
  row_store& rows;
  const row_schema_registry& schemas;
  key_turn& turn;
};

struct ingester_stats {
  std::atomic<std::uint64_t> chunks_read{0};
  std::atomic<std::uint64_t> chunks_failed{0};
  std::atomic<std::uint64_t> bytes_read{0};
  std::atomic<std::uint64_t> rows{0};
  std::atomic<std::uint64_t> rejects{0};
  std::atomic<std::uint64_t> running{0}; ///< Chunks being read now.
};

class ingester {
public:
  ingester(const ingester_parts& parts, const ingestion_settings& limits);
  ~ingester();
  ingester(const ingester&) = delete;
  ingester& operator=(const ingester&) = delete;

  /// Finds the jobs that an earlier life left open. Before start(). Blocks on the disk.
  result<void> recover();
  void start();
  /// Chunks that are being read are left to the next life. When this returns, no thread runs any
  /// more, and what the jobs still answer has no effect.
  void stop();

  /// A batch is durable. Never blocks; the commit queue's thread.
  void committed(const batch& b);
  /// Time goes on: repeats what was refused for a while. From the pulse; never blocks.
  void beat(milliseconds uptime);

  /// Does one piece of work on the calling thread; false: there is none now. For threads and tests.
  bool work_once();

  const ingester_stats& stats() const { return stats_; }

private:
  /// A file on its way to being cut.
  struct split_run {
    split_run(std::shared_ptr<const ingested_file> file, std::uint64_t piece_bytes)
      : split(std::move(file), piece_bytes) {}
    file_split split;
    std::size_t next = 0; ///< The range to be looked at next; here and below with the lock held.
    std::size_t done = 0;
    std::optional<failure> why; ///< A range could not be read.
  };

  /// The keys of a job on their way to being compared.
  struct comparison_run {
    comparison_run(std::shared_ptr<const ingestion::view> seen, std::vector<stored_chunk> own,
                   std::vector<stored_chunk> stored)
      : view(std::move(seen))
      , keys(std::move(own), std::move(stored), view->limits.rejects_max) {}
    const std::shared_ptr<const ingestion::view> view; ///< Of the job that is compared.
    key_comparison keys;
    std::size_t next = 0; ///< The slice to be looked at next; here and below with the lock held.
    std::size_t done = 0;
    std::optional<failure> why; ///< A slice could not be read.
  };

  /// A job that is being worked on.
  struct open_job {
    entity_id id;
    std::shared_ptr<const ingestion::view> view; ///< As last heard of; nullptr: not yet.
    bool is_stale = true;                        ///< Something has happened since.
    bool is_busy = false;                        ///< A step of the job as a whole is under way.
    /// At this version it refused what we wanted: it is left alone until it has another one.
    std::optional<std::uint64_t> refused_at;
    std::shared_ptr<const ingested_file> file;
    std::shared_ptr<split_run> split;
    std::shared_ptr<comparison_run> comparison;
    key_turn::share turn;            ///< While its keys are compared.
    std::set<std::uint32_t> in_hand; ///< Chunks that are begun, read or reported about.
    /// The job has ended: whoever reads a chunk of it may stop. A job that is taken up again has
    /// another flag, so that who was told to stop does.
    std::shared_ptr<std::atomic<bool>> is_over = std::make_shared<std::atomic<bool>>(false);
  };
  using work = std::function<void()>;
  /// What a command came to: why it was refused, or nullopt.
  using answered = std::function<void(const std::optional<failure>& refused)>;

  void run();

  // Choosing what comes next, with the lock held. A piece of work runs without it.

  std::optional<work> choose();
  std::optional<work> choose_from(open_job& job);
  std::optional<work> choose_range(open_job& job);
  std::optional<work> choose_chunk(open_job& job);
  std::optional<work> choose_slice(open_job& job);
  void take_up_waiting();
  open_job* find(const entity_id& id);
  void hear(const entity_id& id, ingestion::view view);
  void take_refusal(const entity_id& id, const failure& why);
  /// Others may compare their keys then.
  static void stop_comparing(open_job& job);
  void let_go_of(const entity_id& id, std::uint32_t number);
  void let_go_if_over(const entity_id& id);

  // Pieces of work.

  void look(const entity_id& id);
  void prepare_split(const entity_id& id, const ingestion::submission& what);
  void look_at_range(const entity_id& id, const std::shared_ptr<split_run>& run, std::size_t range);
  void fold(const entity_id& id, split_run& run);
  void begin(const row_file_key& what);
  void read(const row_file_key& what);
  result<row_file_counts> read_into_store(const row_file_key& what);
  void report(const row_file_key& what, const result<row_file_counts>& made);
  void prepare_comparison(const entity_id& id, const std::shared_ptr<const ingestion::view>& view);
  void look_at_slice(const entity_id& id, const std::shared_ptr<comparison_run>& run,
                     std::size_t slice);
  void conclude(const entity_id& id, comparison_run& run);
  result<ingestion::correction> correct(const entity_id& id, const ingestion::view& view,
                                        const chunk_duplicates& found);
  void remove_earlier(const entity_id& id, const std::vector<ingestion::correction>& kept);
  void give_up_comparison(const entity_id& id, std::uint64_t version, const failure& why);

  /// The file of a job, opened once if it can be.
  result<std::shared_ptr<const ingested_file>> file_of(const entity_id& id,
                                                       const ingestion::submission& what);

  /// Sends a command until it is answered by other than busy or unavailable.
  void insist(const entity_id& id, ingestion::command what, answered then);
  /// Does it after a while, with the lock held.
  void try_later(work what);
  /// Whether the same may be granted later.
  static bool is_passing(const failure& why);
  /// A step of the whole job is over.
  void settle(const entity_id& id, const std::optional<failure>& refused);

  const ingester_parts parts_;
  const ingestion_settings limits_;
  const std::size_t threads_max_;
  ingester_stats stats_;
  std::atomic<bool> is_stopping_{false};
  std::mutex mutex_; ///< Guards what follows; held for no call to the disk or to the jobs.
  std::condition_variable news_;
  std::vector<open_job> open_;    ///< Few.
  std::deque<entity_id> waiting_; ///< Jobs that are not open yet, in order of arrival.
  std::deque<work> begun_;        ///< Chunks whose beginning is recorded.
  std::size_t in_hand_ = 0;       ///< Chunks, of all jobs.
  struct later {
    milliseconds due;
    work what;
  };
  std::vector<later> later_;
  milliseconds uptime_{0};
  std::vector<std::thread> threads_;
};

} // namespace dossier

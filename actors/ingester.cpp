// SPDX-License-Identifier: Apache-2.0
#include "actors/ingester.hpp"

#include "actors/list_walk.hpp"
#include "actors/threads.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// Jobs whose files are open at once. Others wait in order, so that the first is done first.
constexpr std::size_t open_max = 16;
/// Before something is tried again that was refused for a while.
constexpr milliseconds repeat_after{1'000};

command_meta own_meta() {
  command_meta meta;
  meta.cause.by = "ingester";
  return meta;
}

/// Whether somebody has to begin this chunk: nobody has, or whoever had is gone.
bool wants_beginning(const ingestion::chunk& c) {
  return c.phase == ingestion::chunk_phase::ready || c.phase == ingestion::chunk_phase::running;
}

} // namespace

ingester::ingester(const ingester_parts& parts, const ingestion_settings& limits)
  : parts_(parts)
  , limits_(limits)
  , threads_max_(limits.threads > 0 ? limits.threads
                                    : std::max(1U, std::thread::hardware_concurrency())) {}

ingester::~ingester() {
  stop();
}

// Life.

result<void> ingester::recover() {
  std::deque<entity_id> found;
  list_walk walk(parts_.store, ingestion::open_list, std::nullopt, list_walk::whole_list_rows);
  for (;;) {
    const auto row = walk.next();
    if (!row)
      return row.error();
    if (!*row)
      break;
    found.push_front((*row)->entity.id); // The oldest first.
  }
  const std::lock_guard lock{mutex_};
  waiting_.insert(waiting_.end(), found.begin(), found.end());
  return {};
}

void ingester::start() {
  for (std::size_t i = 0; i < threads_max_; ++i)
    threads_.emplace_back([this] { run(); });
}

void ingester::stop() {
  {
    const std::lock_guard lock{mutex_};
    is_stopping_.store(true);
  }
  news_.notify_all();
  for (auto& thread : threads_)
    thread.join();
  threads_.clear();
}

void ingester::run() {
  yield_to_requests();
  for (;;) {
    std::optional<work> next;
    {
      std::unique_lock lock{mutex_};
      news_.wait(lock, [&] { return is_stopping_.load() || (next = choose()); });
    }
    if (!next)
      return;
    (*next)();
  }
}

bool ingester::work_once() {
  std::optional<work> next;
  {
    const std::lock_guard lock{mutex_};
    next = choose();
  }
  if (next)
    (*next)();
  return next.has_value();
}

void ingester::committed(const batch& b) {
  if (b.entity.kind != entity_kind::job || b.events.empty())
    return;
  {
    const std::lock_guard lock{mutex_};
    if (auto* job = find(b.entity.id))
      job->is_stale = true;
    else if (std::ranges::find(waiting_, b.entity.id) == waiting_.end())
      waiting_.push_back(b.entity.id);
  }
  news_.notify_all();
}

void ingester::beat(milliseconds uptime) {
  {
    const std::lock_guard lock{mutex_};
    uptime_ = uptime;
    if (std::ranges::none_of(later_, [&](const later& l) { return l.due <= uptime; }))
      return;
  }
  news_.notify_all();
}

// Choosing.

ingester::open_job* ingester::find(const entity_id& id) {
  const auto at = std::ranges::find(open_, id, &open_job::id);
  return at == open_.end() ? nullptr : &*at;
}

void ingester::take_up_waiting() {
  while (open_.size() < open_max && !waiting_.empty()) {
    open_.emplace_back().id = waiting_.front();
    waiting_.pop_front();
  }
}

std::optional<ingester::work> ingester::choose() {
  const auto due = std::ranges::find_if(later_, [&](const later& l) { return l.due <= uptime_; });
  if (due != later_.end()) {
    auto what = std::move(due->what);
    later_.erase(due);
    return what;
  }
  take_up_waiting();
  // Why before new ones: a chunk that was begun holds up its job's end.
  if (!begun_.empty()) {
    auto what = std::move(begun_.front());
    begun_.pop_front();
    return what;
  }
  for (auto& job : open_)
    if (auto what = choose_from(job))
      return what;
  return std::nullopt;
}

std::optional<ingester::work> ingester::choose_from(open_job& job) {
  if (job.is_busy)
    return std::nullopt;
  const auto id = job.id;
  if (job.is_stale || !job.view) {
    job.is_stale = false;
    job.is_busy = true;
    return [this, id] {
      look(id);
    };
  }
  if (job.refused_at == job.view->version)
    return std::nullopt;
  using enum ingestion::status;
  switch (job.view->status) {
  case accepted:
    job.is_busy = true;
    return [this, id] {
      insist(id, ingestion::start{}, [this, id](const auto& refused) { settle(id, refused); });
    };
  case chunking:
    return choose_range(job);
  case chunks_queued:
  case queued_for_processing:
  case processing:
    return job.view->wants_comparison ? choose_slice(job) : choose_chunk(job);
  case succeeded:
  case partially_succeeded:
  case failed:
  case cancelled:
    break;
  }
  return std::nullopt;
}

std::optional<ingester::work> ingester::choose_range(open_job& job) {
  if (!job.split) {
    job.is_busy = true;
    return [this, id = job.id, view = job.view] {
      prepare_split(id, view->submission);
    };
  }
  if (job.split->next == job.split->split.ranges())
    return std::nullopt;
  return [this, id = job.id, run = job.split, range = job.split->next++] {
    look_at_range(id, run, range);
  };
}

std::optional<ingester::work> ingester::choose_chunk(open_job& job) {
  // Why twice as many: while one's rows are being synced and reported, the next can be read.
  if (in_hand_ >= 2 * threads_max_)
    return std::nullopt;
  const auto& chunks = job.view->chunks;
  for (std::uint32_t number = 1; number <= chunks.size(); ++number) {
    const auto& c = chunks[number - 1];
    if (!wants_beginning(c) || !job.in_hand.insert(number).second)
      continue;
    ++in_hand_;
    return [this, what = row_file_key{job.id, number, c.attempt + 1}] {
      begin(what);
    };
  }
  return std::nullopt;
}

void ingester::hear(const entity_id& id, ingestion::view view) {
  auto* job = find(id);
  if (!job || (job->view && job->view->version > view.version))
    return;
  if (view.status != ingestion::status::chunking)
    job->split = nullptr;
  if (!view.wants_comparison)
    stop_comparing(*job);
  else if (job->comparison && job->comparison->view->version != view.version)
    job->comparison = nullptr; // It was taken up again meanwhile.
  if (view.ended_at)
    job->is_over->store(true);
  else if (job->is_over->load())
    job->is_over = std::make_shared<std::atomic<bool>>(false);
  job->view = std::make_shared<const ingestion::view>(std::move(view));
}

/// Why looked at again: it may have gone on meanwhile, and then the refusal is of the past. If not,
/// asking again would be refused again.
void ingester::take_refusal(const entity_id& id, const failure& why) {
  log(log_level::warn, "an ingestion job refused its next step",
      {{"job", id.text()}, {"why", why.why}});
  auto* job = find(id);
  if (!job || !job->view)
    return;
  job->refused_at = job->view->version;
  job->is_stale = true;
  stop_comparing(*job);
}

void ingester::stop_comparing(open_job& job) {
  job.comparison = nullptr;
  job.turn = nullptr;
}

void ingester::let_go_of(const entity_id& id, std::uint32_t number) {
  auto* job = find(id);
  if (!job || job->in_hand.erase(number) == 0)
    return;
  --in_hand_;
  job->is_stale = true;
}

void ingester::let_go_if_over(const entity_id& id) {
  const auto* job = find(id);
  if (job && job->view && job->view->ended_at && !job->is_busy && !job->is_stale
      && job->in_hand.empty())
    std::erase_if(open_, [&](const open_job& j) { return j.id == id; });
}

// Telling the jobs.

bool ingester::is_passing(const failure& why) {
  return why.code == errc::busy || why.code == errc::unavailable;
}

void ingester::try_later(work what) {
  later_.push_back({uptime_ + repeat_after, std::move(what)});
}

void ingester::insist(const entity_id& id, ingestion::command what, answered then) {
  auto receive = [this, id, what, then = std::move(then)](result<answer<ingestion::view>> came) {
    if (is_stopping_)
      return;
    std::optional<failure> refused;
    {
      const std::lock_guard lock{mutex_};
      if (came) {
        hear(id, std::move(came->view));
      } else if (is_passing(came.error())) {
        try_later([this, id, what, then] { insist(id, what, then); });
        return;
      } else {
        refused = came.error();
      }
    }
    then(refused);
    {
      const std::lock_guard lock{mutex_};
      let_go_if_over(id);
    }
    news_.notify_all();
  };
  parts_.all.submit(id, std::move(what), own_meta(),
                    std::make_shared<reply<ingestion::view>>(std::move(receive)));
}

void ingester::settle(const entity_id& id, const std::optional<failure>& refused) {
  const std::lock_guard lock{mutex_};
  if (auto* job = find(id))
    job->is_busy = false;
  if (refused)
    take_refusal(id, *refused);
}

} // namespace dossier

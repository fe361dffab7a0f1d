// SPDX-License-Identifier: Apache-2.0
#include "persistence/outbox_publisher.hpp"

#include "config/log.hpp"
#include "persistence/recorded_event.hpp"
#include "protocol/assert.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

constexpr int position_bits = 48;
// A position is a row to write, and the committer waits meanwhile. So many events are sent again at
// most, beside those on their way, if the process is killed.
constexpr std::size_t note_events = 1'000;
constexpr std::uint64_t position_mask = (std::uint64_t{1} << position_bits) - 1;

std::uint64_t token_of(const feed_row& row) {
  DOSSIER_ASSERT(row.position <= position_mask, "a shard has fewer events than 2^48");
  return std::uint64_t{row.shard} << position_bits | row.position;
}

shard_number shard_of_token(std::uint64_t token) {
  return static_cast<shard_number>(token >> position_bits);
}

} // namespace

outbox_publisher::outbox_publisher(journal& store, event_sink& sink, const clock& time,
                                   wire to_message, limits bounds)
  : store_(store)
  , sink_(sink)
  , time_(time)
  , to_message_(std::move(to_message))
  , bounds_(bounds)
  , page_(std::min(bounds_.page_events, (bounds_.in_flight_max + 1) / 2))
  , shards_(store.shard_count())
  , has_news_(new std::atomic<bool>[store.shard_count()]) {
  for (shard_number shard = 0; shard < shards_.size(); ++shard) {
    shards_[shard].positions = offset_tracker{store.published_until(shard) + 1};
    has_news_[shard] = true; // What was recorded before the start is news, too.
  }
}

void outbox_publisher::committed(const batch& b) {
  if (feed_rows_of(b) > 0)
    has_news_[b.entity.shard()].store(true, std::memory_order_release);
}

bool outbox_publisher::turn() {
  has_moved_ = false;
  has_backlog_ = false;
  is_full_ = false;
  for (std::size_t looks = shards_.size(); looks > 0 && !is_full_; --looks) {
    const auto shard = next_;
    next_ = static_cast<shard_number>((next_ + 1) % shards_.size());
    if (!offer_news(shard))
      next_ = shard; // Full in the middle of it: it goes on first.
  }
  sink_report report;
  sink_.poll(milliseconds{0}, report);
  take_in(report);
  return has_moved_ || !report.delivered.empty() || report.was_reset;
}

bool outbox_publisher::offer_news(shard_number shard) {
  auto& state = shards_[shard];
  // The clock last: most shards have no news, and this is asked of all of them on each turn.
  if (!has_news_[shard].load(std::memory_order_acquire) || state.waits_until > time_.now())
    return true;
  // A look costs as much as many events: with room for a few it is not worth it.
  if (on_their_way_ + page_ > bounds_.in_flight_max) {
    is_full_ = true;
    return false;
  }
  // A sink may keep all back that comes behind a partition's first message. So each shard begins
  // with one event a turn: all of them find out together.
  const auto limit = state.is_open ? page_ : 1;
  // Lowered before the look: what is recorded during it raises it again.
  has_news_[shard].store(false, std::memory_order_release);
  const auto rows = store_.read_feed_events(shard, state.positions.next_to_begin() - 1, limit);
  if (!rows) {
    hold_back(shard, rows.error().why);
    return true;
  }
  for (const auto& entry : *rows) {
    const auto& row = entry.row;
    const auto is_told = make_message(entry);
    if (!is_told) {
      stats_.unreadable.fetch_add(1, std::memory_order_relaxed);
      hold_back(shard, is_told.error().why);
      return true;
    }
    if (*is_told && !sink_.offer(message_, token_of(row))) {
      has_news_[shard].store(true, std::memory_order_release);
      is_full_ = true;
      return false;
    }
    state.positions.begin(row.position);
    has_moved_ = true;
    if (*is_told)
      ++on_their_way_;
    else
      note_finished(shard, row.position);
  }
  if (rows->size() == limit) {
    has_news_[shard].store(true, std::memory_order_release);
    has_backlog_ |= state.is_open;
  }
  return true;
}

result<bool> outbox_publisher::make_message(const feed_entry& entry) {
  if (entry.row.sequence == 0)
    return to_message_(entry.row, nullptr, message_);
  if (auto read = recorded_event_of(entry, recorded_); !read)
    return read.error();
  return to_message_(entry.row, &recorded_, message_);
}

std::uint64_t outbox_publisher::acknowledged(shard_number shard) const {
  return shards_[shard].positions.next() - 1;
}

bool outbox_publisher::note_finished(shard_number shard, std::uint64_t position) {
  const auto before = acknowledged(shard);
  if (!shards_[shard].positions.finish(position))
    return false;
  shards_[shard].is_open = true;
  if (acknowledged(shard) != before)
    acknowledged_.push_back(shard);
  return true;
}

void outbox_publisher::take_in(const sink_report& report) {
  for (const auto token : report.delivered) {
    on_their_way_ -= std::min<std::size_t>(on_their_way_, 1);
    // Any other was on its way behind a refused one. It is offered again in its place.
    if (note_finished(shard_of_token(token), token & position_mask))
      stats_.delivered.fetch_add(1, std::memory_order_relaxed);
  }
  for (const auto& [token, why] : report.refused) {
    on_their_way_ -= std::min<std::size_t>(on_their_way_, 1);
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    // Skipping it would lose it for all who listen, so its shard waits for an operator.
    offer_again(shard_of_token(token));
    hold_back(shard_of_token(token), why.why);
  }
  if (report.was_reset)
    start_over();
  if (on_their_way_ == 0 || acknowledged_.size() >= note_events)
    note_acknowledged();
  stats_.on_their_way.store(on_their_way_, std::memory_order_relaxed);
}

void outbox_publisher::note_acknowledged() {
  std::ranges::sort(acknowledged_);
  const auto repeated = std::ranges::unique(acknowledged_);
  acknowledged_.erase(repeated.begin(), repeated.end());
  for (const auto shard : acknowledged_)
    if (const auto noted = store_.note_published(shard, acknowledged(shard)); !noted)
      // Known here all the same; the next one notes it, too.
      log(log_level::error, "published position cannot be noted",
          {{"shard", std::to_string(shard)}, {"why", noted.error().why}});
  acknowledged_.clear();
}

void outbox_publisher::start_over() {
  stats_.resets.fetch_add(1, std::memory_order_relaxed);
  on_their_way_ = 0;
  for (shard_number shard = 0; shard < shards_.size(); ++shard) {
    if (shards_[shard].positions.under_way() > 0)
      has_news_[shard].store(true, std::memory_order_release);
    shards_[shard].is_open = false;
    offer_again(shard);
  }
}

void outbox_publisher::offer_again(shard_number shard) {
  auto& positions = shards_[shard].positions;
  positions = offset_tracker{positions.next()};
}

void outbox_publisher::hold_back(shard_number shard, const std::string& why) {
  auto& state = shards_[shard];
  log(log_level::error, "a shard's events wait",
      {{"shard", std::to_string(shard)},
       {"acknowledged", std::to_string(acknowledged(shard))},
       {"retry_ms", std::to_string(bounds_.retry.count())},
       {"why", why}});
  state.waits_until = time_.now() + bounds_.retry;
  has_news_[shard].store(true, std::memory_order_release);
}

void outbox_publisher::close(milliseconds patience) {
  sink_report report;
  sink_.close(patience, report);
  take_in(report);
  note_acknowledged();
}

} // namespace dossier

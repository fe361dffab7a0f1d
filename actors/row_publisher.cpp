// SPDX-License-Identifier: Apache-2.0
#include "actors/row_publisher.hpp"

#include "config/log.hpp"
#include "persistence/recorded_event.hpp"
#include "protocol/assert.hpp"

#include <algorithm>
#include <charconv>

namespace dossier {

namespace {

constexpr std::string_view note_name = "rows";
constexpr int number_bits = 48;
constexpr std::uint64_t number_mask = (std::uint64_t{1} << number_bits) - 1;
// A place is a row to write. So many rows of a shard are sent again at most, beside those on their
// way, if the process is killed.
constexpr std::uint64_t note_rows = 1'000;
/// Events that have nothing to do with rows are read again from the note on, a page at a time.
constexpr std::uint64_t note_positions = 10'000;
constexpr std::size_t history_page = 1'024;

std::uint64_t token_of(shard_number shard, std::uint64_t number) {
  DOSSIER_ASSERT(number <= number_mask, "a shard sends fewer rows than 2^48");
  return std::uint64_t{shard} << number_bits | number;
}

/// Trying again does not help for long.
bool is_lasting(const failure& why) {
  return why.code == errc::corrupt || why.code == errc::not_found || why.code == errc::quarantined;
}

} // namespace

row_publisher::row_publisher(const row_publisher_parts& parts, limits bounds)
  : parts_(parts)
  , bounds_(std::move(bounds))
  , lanes_(parts.store.shard_count())
  , page_(std::min(bounds_.page_rows, (bounds_.in_flight_max + 1) / 2)) {
  for (shard_number shard = 0; shard < lanes_.size(); ++shard)
    lanes_[shard].at = lanes_[shard].noted = read_place(shard);
}

row_publisher::~row_publisher() = default;

row_publisher::place row_publisher::read_place(shard_number shard) const {
  const auto text = parts_.store.read_note(shard, note_name);
  if (!text) {
    log(log_level::error, "the place of published rows cannot be read; they are sent again",
        {{"shard", std::to_string(shard)}, {"why", text.error().why}});
    return {};
  }
  place at;
  if (!*text)
    return at;
  const auto* const end = (*text)->data() + (*text)->size();
  const auto position = std::from_chars((*text)->data(), end, at.position);
  if (position.ec == std::errc{} && position.ptr != end
      && std::from_chars(position.ptr + 1, end, at.record).ec == std::errc{})
    return at;
  log(log_level::error, "the place of published rows is damaged; they are sent again",
      {{"shard", std::to_string(shard)}});
  return {};
}

bool row_publisher::turn() {
  bool did_anything = false;
  const std::size_t first = next_;
  for (std::size_t i = 0; i < lanes_.size(); ++i)
    did_anything |= serve(static_cast<shard_number>((first + i) % lanes_.size()));
  if (sink_) {
    sink_report report;
    sink_->poll(milliseconds{0}, report);
    take_in(report);
    did_anything |= !report.delivered.empty() || report.was_reset;
  }
  tell_lag();
  return did_anything;
}

bool row_publisher::serve(shard_number shard) {
  auto& l = lanes_[shard];
  if (!l.walk && !parts_.news.has_jobs(shard)
      && parts_.news.end(shard) - l.at.position < note_positions)
    return false; // Most shards, on each turn: before the clock is asked.
  if (l.waits_until > parts_.time.now())
    return false;
  if (!l.walk && !look_for_due(shard))
    return false;
  if (!l.walk)
    return true;
  const bool has_offered = offer_rows(shard);
  if (l.walk->is_at_end() && l.sent.under_way() == 0)
    finish_walk(shard);
  return has_offered;
}

bool row_publisher::look_for_due(shard_number shard) {
  auto& l = lanes_[shard];
  auto& news = parts_.news;
  const auto end = news.end(shard);
  if (!news.has_jobs(shard)) {
    // Nothing up to there has to do with rows.
    l.at = {std::max(l.at.position, end), 0};
    note(shard);
    return false;
  }
  news.take_jobs(shard);
  const auto rows = parts_.store.read_feed(shard, l.at.position, bounds_.page_rows);
  if (!rows) {
    news.put_back(shard);
    hold_back(shard, rows.error().why);
    return false;
  }
  for (const auto& row : *rows) {
    auto due = due_at(l, row);
    if (!due && !is_lost(shard, due.error(), row.entity.text())) {
      news.put_back(shard);
      return true;
    }
    if (due && !due->chunks.empty()) {
      news.put_back(shard); // There may be more behind it.
      l.tries = 0;
      l.walk = std::make_unique<row_walk>(parts_.rows, bounds_.wire, row.entity.id, due->at,
                                          std::move(due->chunks), l.at.record);
      return true;
    }
    l.at = {row.position, 0};
  }
  if (rows->size() == bounds_.page_rows)
    news.put_back(shard);
  if (l.at.position - l.noted.position >= note_positions)
    note(shard);
  return !rows->empty();
}

result<row_publisher::due_event> row_publisher::due_at(lane& l, const feed_row& row) const {
  if (row.entity.kind != entity_kind::job || row.sequence == 0)
    return due_event{};
  const auto recorded = read_recorded_event(parts_.store, row);
  if (!recorded)
    return recorded.error();
  if (!ingestion::rows_due::may_be_at(recorded->type))
    return due_event{};
  const auto job = parts_.rows.all.find(row.entity.id);
  if (!job)
    return job.error();
  // If it ever wants them, the event that says so makes all of them due.
  if (!job->view.submission.publishes_rows)
    return due_event{};
  if (!l.history || l.history->job != row.entity.id || l.history->sequence >= row.sequence)
    l.history = known_history{row.entity.id, 0, {}};
  auto& known = *l.history;
  due_event found{{}, recorded->at};
  while (known.sequence < row.sequence) {
    const auto limit = std::min<std::uint64_t>(row.sequence - known.sequence, history_page);
    const auto page = parts_.store.read_events(row.entity, known.sequence + 1, limit);
    if (!page)
      return page.error();
    for (const auto& stored : *page) {
      const auto e = decode_envelope(stored.bytes);
      if (!e)
        return e.error();
      const auto event = ingestion::decode_event(e->type, e->version, e->data);
      if (!event)
        return event.error();
      found.chunks = known.due.take(*event);
      known.sequence = stored.sequence;
    }
    if (page->empty())
      return fail(errc::corrupt,
                  "its history ends before its event " + std::to_string(row.sequence));
  }
  return found;
}

bool row_publisher::open_sink() {
  if (sink_)
    return true;
  auto made = parts_.open_sink();
  if (!made) {
    const std::lock_guard lock{mutex_};
    trouble_ = made.error();
    return false;
  }
  log(log_level::info, "rows are published from now on", {});
  const std::lock_guard lock{mutex_};
  sink_ = std::move(*made);
  return true;
}

bool row_publisher::offer_rows(shard_number shard) {
  auto& l = lanes_[shard];
  if (l.walk->is_at_end())
    return false;
  if (!open_sink()) {
    hold_back(shard, trouble_->why);
    return false;
  }
  // Whole pages: were each shard to take what little room there is, it would read a block for it.
  if (on_their_way_ + page_ > bounds_.in_flight_max)
    return false;
  keep_open(shard);
  std::size_t offered = 0;
  const auto gone = l.walk->go_on(page_, [&](std::uint64_t record, const auto& m) {
    const auto number = l.sent.next_to_begin();
    if (record > l.record_max || !sink_->offer(m, token_of(shard, number)))
      return false;
    l.sent.begin(number);
    l.records.emplace_back(number, record);
    ++on_their_way_;
    ++offered;
    return true;
  });
  if (offered > 0)
    next_ = static_cast<shard_number>((shard + 1) % lanes_.size());
  if (gone)
    l.tries = offered > 0 ? 0 : l.tries;
  else if (is_lost(shard, gone.error(),
                   l.walk->job().text() + " chunk " + std::to_string(l.walk->chunk())))
    l.walk->pass_over();
  return offered > 0;
}

void row_publisher::keep_open(shard_number shard) {
  std::erase(open_, shard);
  open_.push_back(shard);
  if (open_.size() <= bounds_.open_walks_max)
    return;
  if (auto& walk = lanes_[open_.front()].walk)
    walk->rest();
  open_.pop_front();
}

bool row_publisher::is_lost(shard_number shard, const failure& why, const std::string& what) {
  auto& l = lanes_[shard];
  if (!is_lasting(why) || ++l.tries < bounds_.tries_max) {
    hold_back(shard, what + ": " + why.why);
    return false;
  }
  l.tries = 0; // What comes next has as many.
  // Nobody can read them any more, here or at /records: whoever comes behind need not wait.
  log(log_level::error, "rows are not published, they cannot be read",
      {{"shard", std::to_string(shard)}, {"rows", what}, {"why", why.why}});
  stats_.passed_over.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void row_publisher::take_in(const sink_report& report) {
  for (const auto token : report.delivered) {
    on_their_way_ -= std::min<std::size_t>(on_their_way_, 1);
    take_delivered(static_cast<shard_number>(token >> number_bits), token & number_mask);
  }
  for (const auto& [token, why] : report.refused) {
    on_their_way_ -= std::min<std::size_t>(on_their_way_, 1);
    stats_.refused.fetch_add(1, std::memory_order_relaxed);
    const auto shard = static_cast<shard_number>(token >> number_bits);
    // Skipping it would lose it for all who listen, so its shard waits for an operator.
    take_refused(shard, token & number_mask);
    offer_again(shard);
    hold_back(shard, why.why);
  }
  if (report.was_reset) {
    stats_.resets.fetch_add(1, std::memory_order_relaxed);
    on_their_way_ = 0;
    for (shard_number shard = 0; shard < lanes_.size(); ++shard)
      offer_again(shard);
  }
  for (shard_number shard = 0; shard < lanes_.size(); ++shard) {
    const auto& l = lanes_[shard];
    if (l.walk && l.walk->is_at_end() && l.sent.under_way() == 0)
      finish_walk(shard);
    else if (l.published_since_note >= note_rows)
      note(shard);
  }
  stats_.on_their_way.store(on_their_way_, std::memory_order_relaxed);
}

void row_publisher::take_delivered(shard_number shard, std::uint64_t number) {
  auto& l = lanes_[shard];
  // Any other was on its way when its shard began anew. It is offered again in its place.
  if (!l.sent.finish(number))
    return;
  for (; !l.records.empty() && l.records.front().first < l.sent.next(); l.records.pop_front())
    l.at.record = l.records.front().second;
  if (l.at.record >= l.record_max)
    l.record_max = UINT64_MAX;
  ++l.published_since_note;
  stats_.published.fetch_add(1, std::memory_order_relaxed);
}

void row_publisher::take_refused(shard_number shard, std::uint64_t number) {
  auto& l = lanes_[shard];
  for (const auto& [offered, record] : l.records)
    if (offered == number)
      l.record_max = std::min(l.record_max, record);
}

void row_publisher::offer_again(shard_number shard) {
  auto& l = lanes_[shard];
  if (!l.walk)
    return;
  l.sent = offset_tracker{l.sent.next_to_begin()};
  l.records.clear();
  l.walk->go_back(l.at.record);
}

void row_publisher::finish_walk(shard_number shard) {
  auto& l = lanes_[shard];
  log(log_level::info, "rows of a job are published", {{"job", l.walk->job().text()}});
  l.walk.reset();
  l.at = {l.at.position + 1, 0};
  l.tries = 0;
  l.record_max = UINT64_MAX; // The refused row may have been passed over.
  note(shard);
}

void row_publisher::hold_back(shard_number shard, const std::string& why) {
  auto& l = lanes_[shard];
  log(log_level::error, "a shard's rows wait",
      {{"shard", std::to_string(shard)},
       {"retry_ms", std::to_string(bounds_.retry.count())},
       {"why", why}});
  l.waits_until = parts_.time.now() + bounds_.retry;
  const std::lock_guard lock{mutex_};
  trouble_ = fail(errc::unavailable, "publishing rows: " + why);
}

void row_publisher::note(shard_number shard) {
  auto& l = lanes_[shard];
  l.published_since_note = 0;
  if (l.at == l.noted)
    return;
  const auto text = std::to_string(l.at.position) + ' ' + std::to_string(l.at.record);
  if (const auto noted = parts_.store.write_note(shard, note_name, text); noted)
    l.noted = l.at;
  else // Known here all the same; the next one notes it, too.
    log(log_level::error, "the place of published rows cannot be noted",
        {{"shard", std::to_string(shard)}, {"why", noted.error().why}});
}

void row_publisher::tell_lag() {
  std::int64_t since = 0;
  for (const auto& l : lanes_)
    if (l.walk && (since == 0 || to_ms(l.walk->at()) < since))
      since = to_ms(l.walk->at());
  stats_.due_since_ms.store(since, std::memory_order_relaxed);
  if (!trouble_)
    return;
  const auto now = parts_.time.now();
  if (std::ranges::any_of(lanes_, [now](const lane& l) { return l.waits_until > now; }))
    return;
  const std::lock_guard lock{mutex_};
  trouble_.reset();
}

result<void> row_publisher::health() const {
  const bool is_anything_due = stats_.due_since_ms.load(std::memory_order_relaxed) != 0;
  const std::lock_guard lock{mutex_};
  if (sink_ && is_anything_due)
    if (auto good = sink_->health(); !good)
      return good;
  if (trouble_)
    return *trouble_;
  return {};
}

void row_publisher::close(milliseconds patience) {
  if (sink_) {
    sink_report report;
    sink_->close(patience, report);
    take_in(report);
  }
  for (shard_number shard = 0; shard < lanes_.size(); ++shard)
    note(shard);
}

} // namespace dossier

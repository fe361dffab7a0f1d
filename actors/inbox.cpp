// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox.hpp"

#include "actors/inbox_work.hpp"
#include "config/log.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

namespace {

/// Messages read in one turn, so that outcomes are looked at between.
constexpr int messages_per_turn_max = 64;
/// A mark is a write: so many messages, or an idle moment, are worth one.
constexpr std::size_t note_messages = 1'000;
/// News of commands in flight are looked for so often while the topic is silent.
constexpr milliseconds glance{2};
/// Pausing throws away what was fetched ahead, so reading only waits if there is room again soon.
constexpr seconds full_before_pause{1};
constexpr seconds look_at_ends{1};
constexpr std::size_t recover_page = 1'000;

} // namespace

inbox::inbox(inbox_parts parts, inbox_limits limits, message_source* source)
  : parts_(std::move(parts))
  , limits_(std::move(limits))
  , source_(source)
  , arrived_(std::make_shared<arrivals>())
  , places_(parts_.store) {}

inbox::~inbox() = default;

result<void> inbox::recover() {
  letter_filter retrying;
  retrying.status = letter::status::retrying;
  std::optional<listing> after;
  do {
    const auto page = parts_.letters.list(retrying, after, recover_page);
    if (!page)
      return page.error();
    for (const auto& [id, view] : page->items) {
      if (view.origin.channel != letter::channel::commands)
        continue;
      inbox_work read;
      // One that cannot be read, by now, holds up nobody.
      if (read_work(read, view.message.headers, view.message.value, view.message.key, limits_))
        lanes_.add_letter(read.lane, order_of(view.origin), id);
    }
    after = page->next;
  } while (after);
  return {};
}

bool inbox::turn(milliseconds patience) {
  bool has_done = take_in();
  hand_in_again();
  pace();
  const bool may_read
    = source_ != nullptr && has_room() && !stats_.is_paused.load(std::memory_order_relaxed);
  const auto wait = has_done         ? milliseconds{0}
                    : in_flight_ > 0 ? std::min(patience, glance)
                                     : patience;
  if (may_read) {
    for (int left = messages_per_turn_max; left > 0 && has_room(); --left) {
      if (!source_->poll(left == messages_per_turn_max ? wait : milliseconds{0}, *this))
        break;
      has_done = true;
    }
  } else {
    std::unique_lock lock(arrived_->mutex);
    arrived_->woken.wait_for(lock, wait, [this] { return arrived_->has_any(); });
  }
  const auto finished = places_.finished();
  if (finished >= note_messages || (finished > 0 && in_flight_ == 0))
    places_.note(source_);
  if (const auto now = parts_.time.now(); source_ != nullptr && now >= next_look_) {
    places_.look(*source_);
    next_look_ = now + look_at_ends;
  }
  stats_.in_flight.store(in_flight_, std::memory_order_relaxed);
  return has_done;
}

void inbox::close() {
  take_in();
  places_.note(source_);
}

bool inbox::take_in() {
  std::unique_lock lock(arrived_->mutex);
  auto outcomes = std::exchange(arrived_->outcomes, {});
  auto ends = std::exchange(arrived_->ends, {});
  auto due = std::exchange(arrived_->due, {});
  auto left = std::exchange(arrived_->letters_left, {});
  lock.unlock();
  // Before what is due: a letter that has left must not hold up the next of its lane.
  for (const auto& id : left)
    remove_letter(id);
  for (auto& [work, what] : outcomes) {
    if (what) {
      stats_.done.fetch_add(1, std::memory_order_relaxed);
      succeed(work);
    } else {
      give_up(work, what.error());
    }
  }
  for (auto& [work, what] : ends) {
    if (what)
      end(work);
    else
      again_.emplace_back(parts_.time.now() + limits_.retry, work);
  }
  for (auto& letter : due)
    take_up(std::move(letter));
  run_ready();
  attempt_followers();
  return !outcomes.empty() || !ends.empty() || !due.empty() || !left.empty();
}

bool inbox::has_room() const {
  return in_flight_ < limits_.in_flight_max && lanes_.letters() < limits_.letters_open_max
         && again_.empty() && parts_.documents.has_room();
}

/// Pauses when there was no room for a while, and goes on only when there is a good deal of it.
void inbox::pace() {
  const auto now = parts_.time.now();
  if (has_room())
    full_since_.reset();
  else if (!full_since_)
    full_since_ = now;
  const bool was_paused = stats_.is_paused.load(std::memory_order_relaxed);
  const bool is_paused = was_paused ? full_since_ || in_flight_ > limits_.in_flight_max / 2
                                    : full_since_ && now - *full_since_ >= full_before_pause;
  if (is_paused == was_paused || source_ == nullptr)
    return;
  source_->pause(is_paused);
  stats_.is_paused.store(is_paused, std::memory_order_relaxed);
}

// What comes in.

result<std::uint64_t> inbox::on_assigned(std::uint16_t partition, const std::string& source) {
  return places_.open(partition, source);
}

void inbox::on_revoked(std::uint16_t partition) {
  places_.close(partition);
}

void inbox::on_message(received_message message) {
  auto begun = places_.begin(message.place);
  if (!begun)
    return;
  stats_.received.fetch_add(1, std::memory_order_relaxed);
  ++in_flight_;
  auto work = std::make_shared<inbox_work>();
  work->place = begun;
  work->arrival.place = message.place;
  work->message = std::move(message);
  const auto& m = work->message;
  if (auto read = read_work(*work, m.headers, m.value, m.key, limits_); !read) {
    make_letter(work, read.error(), false);
    return;
  }
  switch (lanes_.enter(work->lane, work)) {
  case inbox_lanes::verdict::go:
    work->holds_lane = true;
    ready_.push_back(work);
    run_ready();
    return;
  case inbox_lanes::verdict::wait:
    return;
  case inbox_lanes::verdict::put_off:
    work->holds_lane = true;
    make_letter(work, put_off_reason(), true);
    return;
  }
}

void inbox::attempt(const entity_id& id, const letter::view& what, attempted done) {
  const std::lock_guard lock(arrived_->mutex);
  arrived_->due.push_back({id, what, std::move(done)});
  arrived_->woken.notify_one();
}

void inbox::committed(const batch& b) {
  if (b.entity.kind != entity_kind::letter)
    return;
  const auto is_retrying = [](const projection& p) {
    const auto* entry = std::get_if<list_entry>(&p);
    return entry != nullptr && entry->list == letter::retrying_list;
  };
  if (!std::ranges::any_of(b.projections_erased, is_retrying))
    return;
  const std::lock_guard lock(arrived_->mutex);
  arrived_->letters_left.push_back(b.entity.id);
  arrived_->woken.notify_one();
}

void inbox::take_up(due_letter letter) {
  auto work = std::make_shared<inbox_work>();
  work->letter = letter.id;
  work->done = std::move(letter.done);
  const auto& m = letter.what.message;
  if (auto read = read_work(*work, m.headers, m.value, m.key, limits_); !read) {
    work->done(attempt::failed{trouble_of(read.error()), false});
    return;
  }
  if (lanes_.enter_letter(work->lane, order_of(letter.what.origin), letter.id)
      != inbox_lanes::verdict::go) {
    work->done(attempt::not_now{});
    return;
  }
  ++in_flight_;
  work->holds_lane = true;
  ready_.push_back(work);
}

// What is done with it.

/// Works that hold their lanes begin here and nowhere else: one that ends at once lets the next one
/// go, and a long lane of those must not become a deep stack.
void inbox::run_ready() {
  while (!ready_.empty()) {
    const auto work = std::move(ready_.front());
    ready_.pop_front();
    begin(work);
  }
}

void inbox::succeed(const inbox_work_ptr& work) {
  if (work->letter) {
    // Its effect is durable, so the next of its lane may go, whatever becomes of the letter.
    remove_letter(*work->letter);
    work->done(attempt::succeeded{});
  }
  end(work);
}

void inbox::give_up(const inbox_work_ptr& work, const failure& why) {
  const bool may_help = is_transient(why.code);
  if (!work->letter) {
    make_letter(work, why, may_help);
    return;
  }
  // The letter holds up its lane until it is durably dead: were it forgotten now and attempted
  // again after a crash, it could succeed behind the next one.
  work->done(attempt::failed{trouble_of(why), may_help});
  end(work);
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The inbox's second part: what cannot be carried out becomes a letter, and letters have their
// turn.
#include "actors/inbox.hpp"
#include "actors/inbox_work.hpp"

#include <utility>

namespace dossier {

void inbox::make_letter(const inbox_work_ptr& work, const failure& why, bool is_transient) {
  auto& counted = is_transient ? stats_.put_off : stats_.refused;
  counted.fetch_add(1, std::memory_order_relaxed);
  const auto place = work->place->place;
  const auto shard = static_cast<shard_number>(place.partition % parts_.store.shard_count());
  work->letter_id = parts_.letters.next_id(shard);
  auto& m = work->message;
  work->receive = {{letter::channel::commands, limits_.topic, place.partition, place.offset, m.at},
                   {std::move(m.key), std::move(m.headers), std::move(m.value)},
                   work->type,
                   work->subject,
                   trouble_of(why),
                   is_transient};
  if (is_transient)
    lanes_.add_letter(work->lane, order_of(work->receive.origin), *work->letter_id);
  // The lane is left when this is durable. Were a later letter of it durable before, a crash would
  // let that one have its turn first.
  record(work);
}

/// Makes durable that the message is handled, with what follows from it. May be called again.
void inbox::record(const inbox_work_ptr& work) {
  auto tell = [to = arrived_, work](result<void> what) {
    const std::lock_guard lock(to->mutex);
    to->ends.emplace_back(work, std::move(what));
    to->woken.notify_one();
  };
  if (work->bare) {
    parts_.commits.submit(*work->bare, tell);
    return;
  }
  command_meta meta;
  meta.cause.by = "message";
  meta.cause.request_id = work->event_id;
  meta.cause.traceparent = work->arrival.traceparent;
  meta.arrival = std::make_shared<const arrival>(work->arrival);
  auto answer_to = std::make_shared<reply<letter::view>>(
    [tell = std::move(tell)](const result<answer<letter::view>>& what) {
      // A letter of this id that is there already is this one.
      const bool is_there = what || what.error().code == errc::conflict;
      tell(is_there ? result<void>{} : result<void>{what.error()});
    });
  parts_.letters.submit(*work->letter_id, work->receive, std::move(meta), std::move(answer_to));
}

void inbox::end(const inbox_work_ptr& work) {
  if (work->place)
    places_.finish(*work->place);
  --in_flight_;
  leave_lane(work);
}

void inbox::leave_lane(const inbox_work_ptr& work) {
  if (!std::exchange(work->holds_lane, false))
    return;
  const auto next = lanes_.leave(work->lane);
  if (!next.what)
    return;
  next.what->holds_lane = true;
  if (next.is_put_off)
    make_letter(next.what, put_off_reason(), true);
  else
    ready_.push_back(next.what);
}

void inbox::remove_letter(const entity_id& letter) {
  if (auto lane = lanes_.remove_letter(letter))
    moved_lanes_.push_back(std::move(*lane));
}

/// A letter that only waited for an earlier one is attempted as soon as that has left, and not when
/// its own timer comes again: a long lane would take hours.
void inbox::attempt_followers() {
  while (!moved_lanes_.empty()) {
    const auto lane = std::move(moved_lanes_.front());
    moved_lanes_.pop_front();
    const auto id = lanes_.first_letter(lane);
    if (!id)
      continue;
    auto found = parts_.letters.find(*id);
    if (!found)
      continue; // Its timer comes all the same.
    if (found->view.status != letter::status::retrying) {
      remove_letter(*id);
      continue;
    }
    const auto number = found->view.attempts + 1;
    take_up({*id, std::move(found->view), [this, id = *id, number](attempt_outcome what) {
               settle(id, number, std::move(what));
             }});
    run_ready();
  }
}

/// What came of an attempt that no timer asked for. If it is not recorded, the timer asks for it.
void inbox::settle(const entity_id& id, std::uint32_t number, attempt_outcome what) {
  if (std::holds_alternative<dossier::attempt::not_now>(what))
    return;
  letter::settle told{number, std::nullopt, false};
  if (auto* failed = std::get_if<dossier::attempt::failed>(&what)) {
    told.why = std::move(failed->why);
    told.is_transient = failed->is_transient;
  }
  command_meta meta;
  meta.cause.by = "message";
  parts_.letters.submit(
    id, std::move(told), std::move(meta),
    std::make_shared<reply<letter::view>>([](const result<answer<letter::view>>&) {}));
}

void inbox::hand_in_again() {
  const auto now = parts_.time.now();
  for (auto left = again_.size(); left > 0 && again_.front().first <= now; --left) {
    const auto work = std::move(again_.front().second);
    again_.pop_front();
    record(work);
  }
}

} // namespace dossier

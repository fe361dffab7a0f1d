// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_places.hpp"

#include "config/log.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace dossier {

result<std::uint64_t> inbox_places::open(std::uint16_t partition, const std::string& source) {
  if (const auto held = partitions_.find(partition);
      held != partitions_.end() && held->second.source == source) {
    held->second.is_ours = true;
    return held->second.offsets.next_to_begin();
  }
  auto known = store_.read_inbox(partition);
  if (!known)
    return known.error();
  partitions_.erase(partition);
  auto& state = partitions_[partition];
  state.source = source;
  state.life = ++lives_;
  if (known->source == source) {
    state.offsets = offset_tracker{known->next};
    state.rows = known->handled;
    state.handled.insert(known->handled.begin(), known->handled.end());
    return known->next;
  }
  // All partitions tell the same story.
  if (!known->source.empty() && !std::exchange(has_told_of_source_, true))
    log(log_level::warn,
        "commands come from another topic or cluster: they are read from its start",
        {{"was", known->source}, {"is", source}});
  if (auto noted = store_.note_inbox(partition, source, 0, known->handled); !noted)
    return noted.error();
  return std::uint64_t{0};
}

void inbox_places::close(std::uint16_t partition) {
  if (const auto found = partitions_.find(partition); found != partitions_.end())
    found->second.is_ours = false;
}

std::optional<begun_place> inbox_places::begin(const inbox_place& place) {
  const auto found = partitions_.find(place.partition);
  if (found == partitions_.end() || !found->second.is_ours)
    return std::nullopt;
  auto& state = found->second;
  if (place.offset < state.offsets.next_to_begin())
    begin_anew(place.partition, state, place.offset);
  state.offsets.begin(place.offset);
  const begun_place begun{place, state.life};
  if (state.handled.erase(place.offset) == 0)
    return begun;
  state.rows.erase(std::ranges::find(state.rows, place.offset)); // finish() puts it back.
  finish(begun);
  return std::nullopt;
}

// Offsets of one topic only grow. That they do not means that it was made anew, or lost its end
// with a broker's disk: what is known of them is of messages that are no more.
void inbox_places::begin_anew(std::uint16_t partition, partition_state& state,
                              std::uint64_t offset) {
  log(log_level::error, "the topic of commands goes on below what was handled",
      {{"partition", std::to_string(partition)},
       {"offset", std::to_string(offset)},
       {"handled_until", std::to_string(state.offsets.next())}});
  if (auto noted = store_.note_inbox(partition, state.source, offset, state.rows); !noted)
    log(log_level::error, "handled commands cannot be noted", {{"why", noted.error().why}});
  state.life = ++lives_;
  state.offsets = offset_tracker{offset};
  state.handled.clear();
  state.rows.clear();
}

void inbox_places::finish(const begun_place& begun) {
  const auto found = partitions_.find(begun.place.partition);
  if (found == partitions_.end())
    return;
  auto& state = found->second;
  if (state.life != begun.life) {
    // Its row may be of a topic that is no more, and must not speak for a message of this one. One
    // that it does speak for is worked on again, and its command is known by its id.
    const std::array gone{begun.place.offset};
    if (auto noted
        = store_.note_inbox(begun.place.partition, state.source, state.offsets.next(), gone);
        !noted)
      log(log_level::error, "handled commands cannot be noted", {{"why", noted.error().why}});
    return;
  }
  if (!state.offsets.finish(begun.place.offset))
    return;
  ++finished_;
  state.rows.push_back(begun.place.offset);
  state.has_moved = true;
}

void inbox_places::note(message_source* source) {
  finished_ = 0;
  for (auto& [partition, state] : partitions_) {
    if (!std::exchange(state.has_moved, false))
      continue;
    const auto next = state.offsets.next();
    const auto kept = std::partition(state.rows.begin(), state.rows.end(),
                                     [next](std::uint64_t offset) { return offset >= next; });
    const std::span<const std::uint64_t> gone{kept, state.rows.end()};
    if (gone.empty())
      continue;
    if (auto noted = store_.note_inbox(partition, state.source, next, gone); !noted) {
      log(log_level::error, "handled commands cannot be noted", {{"why", noted.error().why}});
      state.has_moved = true;
      continue;
    }
    state.rows.erase(kept, state.rows.end());
    if (source != nullptr)
      source->note_handled(partition, next);
  }
}

void inbox_places::look(const message_source& source) {
  std::vector<inbox_partition> seen;
  for (const auto& [partition, state] : partitions_) {
    const auto next = state.offsets.next();
    seen.push_back({partition, next, std::max(next, source.end_of(partition).value_or(next))});
  }
  const std::lock_guard lock(mutex_);
  snapshot_ = std::move(seen);
}

std::vector<inbox_partition> inbox_places::snapshot() const {
  const std::lock_guard lock(mutex_);
  return snapshot_;
}

} // namespace dossier

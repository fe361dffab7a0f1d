// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_lanes.hpp"

#include "protocol/assert.hpp"

namespace dossier {

inbox_lanes::verdict inbox_lanes::enter(const std::string& lane, const inbox_work_ptr& what) {
  auto& state = lanes_[lane];
  if (state.is_held) {
    state.waiting.push_back(what);
    return verdict::wait;
  }
  state.is_held = true;
  return state.letters.empty() ? verdict::go : verdict::put_off;
}

inbox_lanes::verdict inbox_lanes::enter_letter(const std::string& lane, const order& place,
                                               const entity_id& letter) {
  add_letter(lane, place, letter);
  auto& state = lanes_.at(lane);
  if (state.is_held || state.letters.begin()->second != letter)
    return verdict::wait;
  state.is_held = true;
  return verdict::go;
}

inbox_lanes::follower inbox_lanes::leave(const std::string& lane) {
  auto& state = lanes_.at(lane);
  DOSSIER_ASSERT(state.is_held, "who leaves a lane has held it");
  state.is_held = false;
  if (state.waiting.empty()) {
    drop_if_empty(lane);
    return {};
  }
  follower next{std::move(state.waiting.front()), !state.letters.empty()};
  state.waiting.pop_front();
  state.is_held = true;
  return next;
}

void inbox_lanes::add_letter(const std::string& lane, const order& place, const entity_id& letter) {
  if (letters_.contains(letter))
    return;
  lanes_[lane].letters.emplace(place, letter);
  letters_.emplace(letter, letter_place{lane, place});
}

std::optional<std::string> inbox_lanes::remove_letter(const entity_id& letter) {
  const auto found = letters_.find(letter);
  if (found == letters_.end())
    return std::nullopt;
  const auto [lane, place] = std::move(found->second);
  letters_.erase(found);
  lanes_.at(lane).letters.erase({place, letter});
  drop_if_empty(lane);
  return lane;
}

std::optional<entity_id> inbox_lanes::first_letter(const std::string& lane) const {
  const auto found = lanes_.find(lane);
  if (found == lanes_.end() || found->second.is_held || found->second.letters.empty())
    return std::nullopt;
  return found->second.letters.begin()->second;
}

void inbox_lanes::drop_if_empty(const std::string& lane) {
  const auto at = lanes_.find(lane);
  if (!at->second.is_held && at->second.waiting.empty() && at->second.letters.empty())
    lanes_.erase(at);
}

} // namespace dossier

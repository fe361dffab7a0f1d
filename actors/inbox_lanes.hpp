// SPDX-License-Identifier: Apache-2.0
// The order of commands that concern the same entity: one at a time, as they came, and behind a
// letter that is still being retried nothing of its lane goes on. Other lanes pass. Pure; one
// thread at a time.
#pragma once

#include "protocol/ids.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>

namespace dossier {

struct inbox_work;
using inbox_work_ptr = std::shared_ptr<inbox_work>;

class inbox_lanes {
public:
  /// Where a message stood in the topic: partition, offset.
  using order = std::pair<std::uint32_t, std::uint64_t>;

  enum class verdict : std::uint8_t {
    go,      ///< It holds the lane until leave().
    wait,    ///< It is kept until those before it have left.
    put_off, ///< It holds the lane, but an earlier letter is being retried: it has to become one.
  };

  /// A command asks for its lane.
  verdict enter(const std::string& lane, const inbox_work_ptr& what);
  /// A letter asks for its lane: go if it is the first of its lane's letters and nobody holds it,
  /// else wait, and nothing is kept.
  verdict enter_letter(const std::string& lane, const order& place, const entity_id& letter);

  /// Who holds the lane when a holder has left; nullptr: nobody.
  struct follower {
    inbox_work_ptr what;
    bool is_put_off = false; ///< As verdict::put_off.
  };
  follower leave(const std::string& lane);

  /// From now on this letter holds up its lane. Again: no effect.
  void add_letter(const std::string& lane, const order& place, const entity_id& letter);
  /// It was settled, or died. Answers with its lane; nullopt if it held up none.
  std::optional<std::string> remove_letter(const entity_id& letter);
  /// The letter whose turn it is in a lane that nobody holds.
  std::optional<entity_id> first_letter(const std::string& lane) const;

  std::size_t letters() const { return letters_.size(); }

private:
  struct lane_state {
    bool is_held = false;
    std::deque<inbox_work_ptr> waiting;
    std::set<std::pair<order, entity_id>> letters;
  };
  struct letter_place {
    std::string lane;
    order place;
  };

  void drop_if_empty(const std::string& lane);

  std::unordered_map<std::string, lane_state> lanes_;
  std::unordered_map<entity_id, letter_place> letters_;
};

} // namespace dossier

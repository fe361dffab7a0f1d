// SPDX-License-Identifier: Apache-2.0
// What happens when a letter's timer is due: the letter is attempted by whoever serves its channel,
// and only when what came of it is durable is the timekeeper told that the timer is done. A crash
// anywhere between repeats the attempt. Thread-safe.
#pragma once

#include "actors/entity/services.hpp"
#include "actors/interfaces.hpp"
#include "actors/letter/kind.hpp"
#include "actors/letter_channel.hpp"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>

namespace dossier {

class letter_attempts {
public:
  /// Tells the timekeeper: nullopt, the timer is done; a failure, it has to come again.
  using fired = std::function<void(std::optional<failure>)>;

  /// At most `attempts_max` attempts of one channel run at once; a timer beyond them is told to
  /// come again.
  letter_attempts(entity_services& services, region_actor<letter_kind> region,
                  std::size_t attempts_max);
  ~letter_attempts();

  /// Who attempts the letters of this channel from now on; nullptr: nobody, they wait. When this
  /// returns, no call into the one before is running, and none will begin. Not to be called from
  /// within letter_channel::attempt().
  void serve(letter::channel channel, letter_channel* by);
  /// Returns at once. `done` is called once, on any thread.
  void fire(const timer_row& row, fired done);

private:
  class places;
  class errand;
  using errand_ptr = std::shared_ptr<errand>;

  void begin(const errand_ptr& e);
  void make(const errand_ptr& e, const letter::view& what);
  void settle(const errand_ptr& e, std::uint32_t attempt, attempt_outcome outcome);
  void submit(const errand_ptr& e, letter::command what);

  entity_services& services_;
  const region_actor<letter_kind> region_;
  const std::shared_ptr<places> places_;
  std::shared_mutex serving_; ///< Held shared while a channel is called.
  std::map<letter::channel, letter_channel*> channels_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Who attempts the letters of one channel: works on the message once more, or delivers it once
// more.
#pragma once

#include "protocol/ids.hpp"
#include "protocol/letter.hpp"

#include <functional>
#include <variant>

namespace dossier {

// What came of one attempt.

namespace attempt {

/// It was not made: the letter must wait behind an earlier one, or there is no room. It is tried
/// again after a while; this counts as no attempt.
struct not_now {};
struct succeeded {};
struct failed {
  letter::trouble why;
  bool is_transient = false; ///< It may succeed later. False: the letter is dead.
};

} // namespace attempt

using attempt_outcome = std::variant<attempt::not_now, attempt::succeeded, attempt::failed>;

class letter_channel {
public:
  using attempted = std::function<void(attempt_outcome)>;

  virtual ~letter_channel() = default;
  /// Makes the attempt that is due: number what.attempts + 1, of the value in what.message. May be
  /// asked for the same attempt again after a crash, so its effects carry an id of the letter's. At
  /// most letters.attempts_max of a channel run at once, one for each letter. `done` is called
  /// once, on any thread; if it is destroyed uncalled the attempt is made again later. Called on a
  /// thread that may block on the disk; must not wait for the network there.
  virtual void attempt(const entity_id& id, const letter::view& what, attempted done) = 0;
};

} // namespace dossier

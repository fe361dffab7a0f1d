// SPDX-License-Identifier: Apache-2.0
// What actors need from outside besides the journal: threads that may block, and the passing of
// time. Production gives threads (actors/threads.hpp); simulation steps both from its seed.
#pragma once

#include "protocol/time.hpp"

#include <functional>

namespace dossier {

/// Runs work that may block on the disk, off the actors' threads. Thread-safe.
class background {
public:
  virtual ~background() = default;
  /// Runs `work` once, later, on some thread of ours; not at all after the stop.
  virtual void run(std::function<void()> work) = 0;
};

/// Ticks at least every 100 ms, and sooner when asked.
class pulse {
public:
  virtual ~pulse() = default;
  /// Have a tick no later than this from now. Thread-safe.
  virtual void wake_within(milliseconds wait) = 0;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The thread on which the inbox lives in production. Its owner starts and stops it.
#pragma once

#include "actors/inbox.hpp"

#include <atomic>
#include <thread>

namespace dossier {

class inbox_thread {
public:
  /// `what` is touched by this thread alone from now on until stop(), but for what is for any
  /// thread.
  explicit inbox_thread(inbox& what);
  ~inbox_thread();

  /// Reads nothing more and joins. Commands in flight are answered to the inbox, which looks at
  /// them no more: what their batches hold is known to the journal.
  void stop();

private:
  void run();

  inbox& inbox_;
  std::atomic<bool> is_stopping_{false};
  std::thread thread_;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The thread on which an outbox publisher lives in production: sleeps while there is no news, else
// turns. Its owner starts and stops it; committed() is for the committer's thread.
#pragma once

#include "persistence/outbox_publisher.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace dossier {

class publisher_thread {
public:
  /// `publisher` is touched by this thread alone from now on until stop(), but for what is for any
  /// thread.
  explicit publisher_thread(outbox_publisher& publisher);
  ~publisher_thread();

  /// A batch is durable.
  void committed(const batch& b);
  /// Waits at most `patience` for what is on its way, then joins. The rest is published after the
  /// next start.
  void stop(milliseconds patience);

private:
  void run();
  /// False: it shall stop.
  bool rest(milliseconds time, bool is_woken_by_news);

  outbox_publisher& publisher_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool has_news_ = false;
  bool is_stopping_ = false;
  milliseconds patience_{0};
  std::thread thread_;
};

} // namespace dossier

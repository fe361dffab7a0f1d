// SPDX-License-Identifier: Apache-2.0
// The thread on which a publisher of rows lives in production: turns while there is something to
// do, and looks for news now and then. Its owner starts and stops it.
#pragma once

#include "actors/row_publisher.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace dossier {

class row_publisher_thread {
public:
  /// `publisher` is touched by this thread alone from now on until join(), but for what is for any
  /// thread.
  explicit row_publisher_thread(row_publisher& publisher);
  ~row_publisher_thread();

  /// It shall wait at most `patience` for what is on its way, then end. Returns at once.
  void ask_to_stop(milliseconds patience);
  /// The rest is published after the next start.
  void join();

private:
  void run();
  /// False: it shall stop.
  bool rest(milliseconds time);

  row_publisher& publisher_;
  std::mutex mutex_;
  std::condition_variable woken_;
  bool is_stopping_ = false;
  milliseconds patience_{0};
  std::thread thread_;
};

} // namespace dossier

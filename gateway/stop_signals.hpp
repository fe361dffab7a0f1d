// SPDX-License-Identifier: Apache-2.0
// How the process is told to stop. Made before any thread, by the main thread, which waits.
#pragma once

#include <csignal>

#include <pthread.h>

namespace dossier {

/// The signals that mean "stop", blocked in every thread and waited for in this one.
class stop_signals {
public:
  stop_signals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }
  int wait() const {
    int which = 0;
    while (sigwait(&set_, &which) != 0) {
    }
    return which;
  }

private:
  sigset_t set_{};
};

} // namespace dossier

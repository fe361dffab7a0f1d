// SPDX-License-Identifier: Apache-2.0
#include "actors/inbox_thread.hpp"

namespace dossier {

namespace {

constexpr milliseconds patience{100};

} // namespace

inbox_thread::inbox_thread(inbox& what)
  : inbox_(what)
  , thread_([this] { run(); }) {}

inbox_thread::~inbox_thread() {
  stop();
}

void inbox_thread::stop() {
  is_stopping_.store(true);
  if (thread_.joinable())
    thread_.join();
}

void inbox_thread::run() {
  while (!is_stopping_.load())
    inbox_.turn(patience);
  inbox_.close();
}

} // namespace dossier

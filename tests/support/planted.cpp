// SPDX-License-Identifier: Apache-2.0
#include "tests/support/planted.hpp"

#include "protocol/assert.hpp"
#include "protocol/planted.hpp"

#include <atomic>

namespace dossier {

namespace {

// Set while no other thread runs product code, so that reading it needs no lock on the hot path.
std::string planted_name;
std::atomic<bool> is_any_planted{false};
std::atomic<bool> is_reached{false};

} // namespace

bool is_planted(std::string_view bug) {
  if (!is_any_planted.load(std::memory_order_acquire) || bug != planted_name)
    return false;
  is_reached.store(true, std::memory_order_relaxed);
  return true;
}

planted_bug::planted_bug(std::string name) {
  DOSSIER_ASSERT(!is_any_planted, "one bug is planted at a time");
  planted_name = std::move(name);
  is_reached = false;
  is_any_planted.store(true, std::memory_order_release);
}

planted_bug::~planted_bug() {
  is_any_planted.store(false, std::memory_order_release);
}

bool planted_bug::was_reached() const {
  return is_reached;
}

} // namespace dossier

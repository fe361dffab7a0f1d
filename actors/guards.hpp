// SPDX-License-Identifier: Apache-2.0
// The guards of all destinations outside, as those who call and those who operate see them.
// Thread-safe.
#pragma once

#include "actors/guard/guard.hpp"
#include "actors/guarded_call.hpp"
#include "protocol/destination.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// "hooks.example:443" or "[2001:db8::1]:8080": all paths of one server share a guard.
std::string guard_name_of(const destination& to);

struct guard_info {
  std::string name;
  guard::guard_snapshot now;
  timestamp since;        ///< When the breaker went into its state.
  std::string last_error; ///< Of the last attempt that failed; empty if none has.
  std::optional<timestamp> failed_at;
};

class guards {
public:
  virtual ~guards() = default;

  /// Hands a call to the guard of its destination, which is made if there is none. Its end tells
  /// the rest; not_accepted also when webhooks.destinations_max guards are in use.
  virtual void call(const destination& to, std::shared_ptr<guarded_call> what) = 0;

  /// In the order of their names.
  virtual std::vector<guard_info> list() const = 0;
  virtual std::optional<guard_info> find(const std::string& name) const = 0;

  using changed = std::function<void(result<guard_info>)>;
  /// Opens a breaker by hand until reset(). not_found if there is no such guard, invalid_argument
  /// for a reason that is empty or longer than guard::reason_bytes_max. `by` stands in the log.
  /// `done` is called once, on any thread.
  virtual void trip(const std::string& name, std::string reason, std::string by, changed done) = 0;
  /// Closes a breaker by hand.
  virtual void reset(const std::string& name, std::string by, changed done) = 0;
};

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The switch of the bugs planted in the product's sources (protocol/planted.hpp). All are off at
// first.
#pragma once

#include <string>
#include <string_view>

namespace dossier {

/// Switches one bug on while it lives. One at a time; is_planted() may be asked by any thread
/// meanwhile.
class planted_bug {
public:
  explicit planted_bug(std::string name);
  ~planted_bug();
  planted_bug(const planted_bug&) = delete;
  planted_bug& operator=(const planted_bug&) = delete;

  /// Whether code that asks for this bug was passed: false at the end of a run means that the run
  /// never came by, or that no such bug exists.
  bool was_reached() const;
};

} // namespace dossier

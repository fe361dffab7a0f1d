// SPDX-License-Identifier: Apache-2.0
// The attributes of a CloudEvent that comes from outside, checked one by one: what both modes of
// reading have in common. Belongs to one reading; knows neither headers nor JSON.
#pragma once

#include "protocol/cloud_event.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// "cannot read a CloudEvent: its <attribute> <why>", malformed, at the attribute.
failure refused_event(std::string_view attribute, const std::string& why);

/// A name from outside, shortened and in ASCII, as it may stand in a sentence and in `where`.
std::string told(std::string_view name);

/// Refusals are those of read_binary() in protocol/cloud_event.hpp.
class event_attributes {
public:
  /// Whether it is an attribute of CloudEvents itself; the others are extensions.
  static bool is_standard(std::string_view name);

  /// Checks that an attribute may have this name and was not there before.
  result<void> take_name(std::string_view name);
  /// Checks and keeps the value of an attribute whose name was taken.
  result<void> take_value(std::string_view name, std::string_view value);
  /// The event, still without data; refuses when a required attribute is missing. Call once.
  result<received_event> finish();

private:
  std::string* find_standard(std::string_view name);
  result<void> check_standard(std::string_view name, std::string_view value);

  received_event event_;
  std::string specversion_;
  std::string time_;
  std::vector<std::string> names_;
};

} // namespace dossier

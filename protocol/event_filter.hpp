// SPDX-License-Identifier: Apache-2.0
// Which events a listener wants to hear. One filter for every way out: streams, webhooks, Kafka.
// Pure. It narrows, it does not authorise: whoever may hear one customer only is given a filter
// with that customer set.
#pragma once

#include "protocol/cloud_event.hpp"
#include "protocol/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// Matches what all its parts match. A part that is empty matches everything.
class cloud_event_filter {
public:
  /// Everything.
  cloud_event_filter() = default;

  /// Reads a filter:
  /// - `types`: up to 32 types separated by commas, each a whole type or a beginning followed by
  ///   '*', with or without blanks around it; at most 256 bytes of A-Z, a-z, 0-9, '.', '_' and '-';
  /// - `subject_prefix`: at most 1024 bytes of UTF-8 without control characters;
  /// - `customer`: as check_customer wants it.
  /// Refuses as invalid_argument; `where` is "types", "subject" or "customer".
  static result<cloud_event_filter> parse(std::string_view types, std::string_view subject_prefix,
                                          std::string_view customer);

  /// `customer` is the owner of the event's subject.
  bool matches(const cloud_event& event, std::string_view customer) const;

  /// The only customer it matches; empty: any, and then matches() does not look at the owner.
  const std::string& customer() const { return customer_; }

  bool operator==(const cloud_event_filter&) const = default;

private:
  struct pattern {
    std::string text; ///< Without the '*'.
    bool is_prefix = false;
    bool operator==(const pattern&) const = default;
  };

  static result<pattern> parse_pattern(std::string_view text);

  std::vector<pattern> types_;
  std::string subject_prefix_;
  std::string customer_;
};

} // namespace dossier

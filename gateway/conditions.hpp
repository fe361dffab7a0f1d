// SPDX-License-Identifier: Apache-2.0
// Conditional requests of RFC 9110 section 13: entity tags, If-Match, If-None-Match, the two dates
// and If-Range, in the order that the RFC lays down. Pure.
#pragma once

#include "gateway/http.hpp"
#include "protocol/time.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

struct entity_tag {
  std::string opaque; ///< Without its quotes.
  bool is_weak = false;
};

/// The value of If-Match or If-None-Match.
struct tag_list {
  bool is_any = false; ///< "*"
  std::vector<entity_tag> tags;

  /// Strong comparison: weak tags match nothing.
  bool has_strong(std::string_view opaque) const;
  /// Weak comparison.
  bool has_weak(std::string_view opaque) const;
};

/// All fields of this name as one list; nullopt if there is none. malformed names the field.
result<std::optional<tag_list>> read_tags(const request& r, std::string_view field_name);

/// What the server has. The tag is strong, without quotes; empty if there is no representation yet.
struct validators {
  std::string tag;
  std::optional<timestamp> modified_at;
};

enum class condition_verdict : std::uint8_t {
  proceed,
  not_modified, ///< Answer 304.
};

/// Precedence of RFC 9110 13.2.2. precondition_failed names the field that failed. Dates that are
/// no dates are ignored, as the RFC demands.
result<condition_verdict> check_conditions(const request& r, const validators& present);

/// Whether a Range field counts: there is no If-Range, or it names exactly what the server has.
bool if_range_holds(const request& r, const validators& present);

/// Adds the quotes.
std::string quoted_tag(std::string_view opaque);

} // namespace dossier

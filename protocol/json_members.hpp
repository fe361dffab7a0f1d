// SPDX-License-Identifier: Apache-2.0
// Reads JSON text from outside without loss: numbers keep their digits, members their order, and
// what a tree would swallow (a name given twice, bytes behind a NUL) is refused. Pure.
#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

enum class json_kind : std::uint8_t { null, boolean, number, string, array, object };

/// A member of an object, its value untouched.
struct json_member {
  std::string name;
  json_kind kind = json_kind::null;
  std::string json; ///< The value as JSON text without spaces.
  std::string text; ///< What a string says; empty for other kinds.
  bool operator==(const json_member&) const = default;
};

/// The same JSON value (RFC 8259) without spaces, escaped as json_writer does. malformed, saying at
/// which byte or member: what is no JSON or no UTF-8, has a member twice in one object, or is
/// nested deeper than 32.
result<std::string> compact_json(std::string_view text);

/// The members of an object in their order; refuses as compact_json does, and what is no object.
/// `where` is the member of it that is to blame, as it was sent; empty if none is.
result<std::vector<json_member>> read_json_members(std::string_view text);

} // namespace dossier

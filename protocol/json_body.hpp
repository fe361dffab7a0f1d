// SPDX-License-Identifier: Apache-2.0
// A JSON object from outside, read strictly: one object of strings, numbers, booleans, nulls, and
// of arrays and objects of those. Everything that is wrong with its members is gathered and told at
// once, each with its JSON pointer.
#pragma once

#include "protocol/result.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier {

/// The members of the object. Reading one makes it known; finish() refuses those that nobody asked
/// for.
class json_body {
public:
  /// malformed when `text` is not UTF-8, not one JSON object, names a member twice or is nested too
  /// deep; says at which byte or member.
  static result<json_body> parse(std::string_view text);

  bool is_empty() const { return members_.empty(); }
  /// Whether the member is there, null or not. Makes it known.
  bool has(std::string_view name);
  /// Whether it is there and null. Makes it known.
  bool is_null(std::string_view name);

  // Each reads a member; nullopt if it is missing or null (a problem if it is required) or of
  // another type (a problem always).
  std::optional<std::string> required_string(std::string_view name);
  std::optional<std::string> optional_string(std::string_view name);
  std::optional<std::uint64_t> optional_count(std::string_view name, std::uint64_t max);
  std::optional<bool> required_bool(std::string_view name);
  std::optional<bool> optional_bool(std::string_view name);

  /// The strings of an array; none if it is missing or null. What is no array, and each element
  /// that is no string, is a problem, and reads as nothing or as an empty string. An array of more
  /// than `most` is a problem, too.
  std::vector<std::string> optional_strings(std::string_view name, std::size_t most);
  /// A member that is an object: its members are read like this one's, and its problems are told by
  /// finish() of this one. nullptr if it is missing, null or something else, which is a problem.
  json_body* optional_object(std::string_view name);

  /// Notes that a member has a value it may not have; `why` is a sentence that begins after its
  /// name.
  void refuse(std::string_view name, std::string_view why);
  /// Likewise of an element of an array.
  void refuse_element(std::string_view name, std::size_t index, std::string_view why);

  /// invalid_argument with every problem, in the order found, `where` pointing at the first.
  result<void> finish() const;

private:
  friend class json_body_reader;
  enum class nested : std::uint8_t { object, array };
  using value
    = std::variant<std::nullptr_t, bool, std::uint64_t, std::int64_t, double, std::string, nested>;
  struct member {
    json_body::value value;
    bool is_known = false;
    std::vector<json_body::value> elements; ///< Of an array; no more than are ever asked for.
    std::unique_ptr<json_body> inner;       ///< Of an object.
  };
  struct trouble {
    std::string pointer;
    std::string sentence;
  };

  member* find(std::string_view name);
  static std::string sentence_of(const json_body::value& found, std::string_view type);
  void want(std::string_view name, const member& found, std::string_view type);
  std::vector<trouble> all_troubles() const;

  std::map<std::string, member, std::less<>> members_;
  std::vector<std::string> known_; ///< In the order of asking, for the refusal of others.
  std::vector<trouble> troubles_;
};

} // namespace dossier

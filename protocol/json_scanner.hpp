// SPDX-License-Identifier: Apache-2.0
// Takes JSON text apart from its front without building a tree. Knows only the one form in which
// json_writer writes and nlohmann's dump() writes again: no spaces, each character escaped in one
// way or not at all, whole numbers of 64 bits without leading zeros. So what it takes may be kept
// byte for byte. Anything else it does not take, which says nothing about whether it is JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier {

/// Each take says whether its thing stood at the front and was taken. take() takes nothing if not;
/// after a failure of any other, what is left has no meaning any more. One thread at a time; the
/// text outlives the scanner.
class json_scanner {
public:
  /// An object with more members is not taken: their names are compared with each other.
  static constexpr std::size_t members_max = 64;

  explicit json_scanner(std::string_view text)
    : rest_(text) {}

  bool is_done() const { return rest_.empty(); }
  bool take(std::string_view literal);
  bool take(char c) {
    if (rest_.empty() || rest_.front() != c)
      return false;
    rest_.remove_prefix(1);
    return true;
  }
  /// The text that a JSON string stands for.
  bool take_string(std::string& into);
  /// A number that is not negative.
  bool take_count(std::uint64_t& into);
  /// An object of at most `levels` levels, itself included, as it stands there. No object in it
  /// names a member twice.
  bool take_object(std::string_view& into, int levels);

private:
  bool skip_value(int levels);
  bool skip_object(int levels);
  bool skip_array(int levels);
  bool skip_number();
  /// Gives what stands between the quotes, still escaped.
  bool skip_string(std::string_view& inside);

  std::string_view rest_;
};

} // namespace dossier

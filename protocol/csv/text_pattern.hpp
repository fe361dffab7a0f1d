// SPDX-License-Identifier: Apache-2.0
// What a text column may look like, in a small language of patterns that is matched in one pass:
// time grows with the text alone, memory not at all, whatever pattern and text are. Pure.
//
// A pattern is ASCII and matches the whole text. It is a row of parts:
//   a  .  [a-z0-9_]  [^,]  \d  \.      one character: itself, any, of a set, not of a set, a digit,
//                                      a mark that would mean something else
// each of which one of these may follow:
//   ?  *  +  {3}  {2,}  {2,5}          how often, else once
// A character outside ASCII is matched by . and by [^…] only. Groups, alternatives and anchors are
// refused, and so is what comes to more than 63 parts when {m,n} is written out.
#pragma once

#include "protocol/result.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace dossier::csv {

class text_pattern {
public:
  /// invalid_argument, saying what is wrong and at which character, for what is no such pattern.
  static result<text_pattern> compile(std::string_view text);

  /// Of bytes that are UTF-8.
  bool matches(std::string_view utf8) const;
  const std::string& text() const { return text_; }

private:
  friend class pattern_compiler;

  /// The parts that may be skipped to from these.
  std::uint64_t closed(std::uint64_t parts) const;

  std::string text_;
  std::array<std::uint64_t, 129> takes_{}; ///< For each character: the parts it suits; 128: others.
  std::uint64_t optional_ = 0;             ///< Parts that need not be there.
  std::uint64_t repeated_ = 0;             ///< Parts that may come again.
  std::uint64_t end_ = 1;                  ///< The bit behind the last part.
};

} // namespace dossier::csv

// SPDX-License-Identifier: Apache-2.0
// From UTF-16 or Latin-1 to UTF-8, piece by piece. A byte order mark at the front is left out. What
// is no character becomes U+FFFD, is counted, and its offset is kept. Pure; memory does not grow
// with the input.
#pragma once

#include "protocol/csv/dialect.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::csv {

class utf8_transcoder {
public:
  /// UTF-8 passes through as it is, unchecked, but for its byte order mark.
  explicit utf8_transcoder(text_encoding from)
    : from_(from) {}

  /// Appends to `to`. Bytes of a character that is not whole yet wait for the next piece.
  void feed(std::string_view bytes, std::string& to);
  /// Nothing follows: what still waits is no character.
  void finish(std::string& to);

  /// How many sequences were no characters.
  std::uint64_t invalid() const { return invalid_; }
  /// Where the first of them began in the input, at most invalid_offsets_max.
  const std::vector<std::uint64_t>& invalid_offsets() const { return invalid_offsets_; }
  static constexpr std::size_t invalid_offsets_max = 100;

private:
  void feed_utf16(std::uint8_t byte, std::string& to);
  void take_unit(std::uint32_t unit, std::string& to);
  void put(std::uint32_t character, std::string& to);
  void put_invalid(std::uint64_t offset, std::string& to);
  void put_utf8(std::string_view bytes, std::string& to);

  text_encoding from_;
  std::uint64_t at_ = 0;  ///< Bytes fed.
  bool has_half_ = false; ///< The first byte of a unit waits.
  std::uint8_t half_ = 0;
  std::uint32_t high_ = 0;  ///< A high surrogate waits; 0: none.
  bool is_at_front_ = true; ///< No character was read yet.
  std::string front_;       ///< Of UTF-8: what may be a byte order mark.
  std::uint64_t invalid_ = 0;
  std::vector<std::uint64_t> invalid_offsets_;
};

} // namespace dossier::csv

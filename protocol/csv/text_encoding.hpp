// SPDX-License-Identifier: Apache-2.0
// How the characters of a file are bytes. Everything else in protocol/csv/ reads UTF-8; what is
// stored otherwise becomes UTF-8 here, piece by piece, and any piece of that UTF-8 says how many
// bytes of the file it was. So offsets are the file's own, and nobody keeps a table of them. Pure.
//
// What is no character becomes bytes that are no UTF-8, so that its record is a reject like any
// other that is none: a surrogate alone the three bytes that its number would have, half a unit at
// the end 0xff. A byte order mark becomes utf8_bom.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier::csv {

/// Frozen: stored with jobs.
enum class text_encoding : std::uint8_t {
  utf8 = 1,
  utf16le = 2,
  utf16be = 3,
  latin1 = 4,
};

/// "UTF-8", "UTF-16LE", "UTF-16BE", "Latin-1"; "unknown" for no encoding.
std::string_view to_string(text_encoding encoding);
/// The encoding of this name, in capitals or not; nullopt: there is none.
std::optional<text_encoding> parse_text_encoding(std::string_view name);

/// How many bytes of the file a character of ASCII has, which is the least that any has.
constexpr std::uint64_t ascii_bytes(text_encoding stored_as) {
  return stored_as == text_encoding::utf16le || stored_as == text_encoding::utf16be ? 2 : 1;
}

/// What to_utf8() did.
struct transcoded {
  std::size_t read = 0;
  std::size_t written = 0;
};

/// Writes the whole characters at the front of `bytes` as UTF-8 to `to`, which has room for twice
/// as many bytes. Fewer than four are left, the begin of a character; none if `is_end`, which says
/// that nothing follows. UTF-8 is copied as it is.
transcoded to_utf8(text_encoding stored_as, std::string_view bytes, bool is_end, char* to);
std::string to_utf8(text_encoding stored_as, std::string_view bytes, bool is_end);

/// How many bytes of the file became this piece of what to_utf8() wrote. Pieces add up wherever
/// they are cut: a character counts where its first byte is.
std::uint64_t bytes_in_file(text_encoding stored_as, std::string_view utf8);

/// Whether the middle of these bytes of a file, an even number from a character's begin, lies
/// within a character: 4 bytes.
bool is_in_character(text_encoding stored_as, std::string_view around);

/// A piece of what to_utf8() wrote for people: U+FFFD stands for what is no character, and a
/// character that the piece's end cuts is left out.
std::string readable(std::string_view utf8);

} // namespace dossier::csv

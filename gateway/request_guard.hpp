// SPDX-License-Identifier: Apache-2.0
// Reads the raw bytes of a request's head before any parser does, and refuses everything that two
// HTTP implementations could understand differently (RFC 9112; Beast 1.81 lets several of these
// through). Pure: bytes in, verdict out.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dossier {

struct guard_limits {
  std::size_t header_bytes_max = 16'384;
  std::size_t header_fields_max = 100;
  std::size_t target_bytes_max = 8'192;
};

/// How the body's end is found.
enum class framing : std::uint8_t { none, length, chunked };

struct guard_verdict {
  std::size_t head_bytes = 0; ///< Of the request line, the fields and the empty line.
  dossier::framing framing = framing::none;
  std::uint64_t content_length = 0; ///< With framing::length.
  bool is_http_1_0 = false;
  bool keeps_alive = true;       ///< As Connection and the version say.
  bool expects_continue = false; ///< Expect: 100-continue.
};

/// nullopt: the head is not complete yet and what is there is good so far (call again with more
/// bytes). Refusals name the offending line or byte; all of them end the connection. Among them:
/// bare CR or LF, NUL and other controls, white space before a colon, obs-fold, a repeated or
/// missing Host, a field name that is no token, Transfer-Encoding other than one "chunked" on 1.1,
/// Transfer-Encoding with Content-Length, repeated or listed or signed or padded Content-Length,
/// versions other than 1.0 and 1.1, a target that is not origin-form (or "*" for OPTIONS), bytes
/// outside visible ASCII in the target, more bytes or fields than `limits` allow.
result<std::optional<guard_verdict>> check_head(std::string_view bytes, const guard_limits& limits);

/// check_head for a head that arrives in pieces: remembers how far it has read, so that every byte
/// is looked at once however small the pieces are. Says the same as check_head, at the first byte
/// that decides. Spent after a verdict or a refusal.
class head_guard {
public:
  explicit head_guard(const guard_limits& limits)
    : limits_(limits) {}

  /// `bytes`: all that was received since the head's first byte; grows from call to call.
  result<std::optional<guard_verdict>> feed(std::string_view bytes);

private:
  result<void> check_line(std::string_view line);
  result<void> check_request_line(std::string_view line);
  result<void> check_field(std::string_view line);
  result<void> check_known_field(std::string_view name, std::string_view raw, std::size_t index);
  result<void> check_whole() const;

  guard_limits limits_;
  guard_verdict verdict_;
  std::size_t scanned_ = 0;    ///< Bytes before this are good, but for their line as a whole.
  std::size_t line_begin_ = 0; ///< Of the line that is not complete yet.
  std::size_t fields_ = 0;
  std::uint32_t seen_ = 0; ///< One bit for each known field that must not repeat.
  bool is_request_line_read_ = false;
  bool is_head_complete_ = false;
  bool asks_close_ = false;
  bool asks_keep_alive_ = false;
};

/// The same for a chunk's size line and for the trailer section: extensions and trailers are
/// refused. `bytes` starts at a chunk-size line. nullopt: incomplete.
struct chunk_head {
  std::size_t line_bytes = 0;   ///< Of the size line with its CRLF.
  std::uint64_t size_bytes = 0; ///< 0: the last chunk; "\r\n" must follow.
};
result<std::optional<chunk_head>> check_chunk_head(std::string_view bytes);

} // namespace dossier

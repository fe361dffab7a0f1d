// SPDX-License-Identifier: Apache-2.0
// Where a body's bytes lie among a connection's bytes. The only reading of them: no second parser
// sees a body, so none can disagree. Pure.
#pragma once

#include "gateway/request_guard.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dossier {

/// Tells framing from content. Pure; the caller moves the bytes. Spent after a failure.
class body_decoder {
public:
  /// `bytes_max`: content beyond this is refused as too_large as soon as it is announced.
  body_decoder(const guard_verdict& head, std::uint64_t bytes_max);

  /// What is next in the unread bytes.
  struct piece {
    std::size_t framing_bytes = 0; ///< Skip so many; they have been understood.
    std::size_t content_bytes = 0; ///< Then so many, or any part of them, are content.
  };
  /// Both 0 while more bytes are needed, and at the end.
  result<piece> next(std::string_view unread);
  /// So many bytes of content were used.
  void took(std::uint64_t bytes);

  bool is_done() const { return state_ == state::done; }
  /// Content bytes that certainly follow, before any framing.
  std::uint64_t certain_bytes() const { return state_ == state::content ? remaining_ : 0; }
  /// All content that is still to come, when that is known.
  std::optional<std::uint64_t> rest_bytes() const;

private:
  enum class state : std::uint8_t { size_line, content, content_end, last_line, done };

  const framing framing_;
  const std::uint64_t bytes_max_;
  state state_;
  std::uint64_t remaining_ = 0; ///< Of the body, or of this chunk.
  std::uint64_t announced_ = 0; ///< Sum of the chunks so far.
};

} // namespace dossier

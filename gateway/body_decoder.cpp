// SPDX-License-Identifier: Apache-2.0
#include "gateway/body_decoder.hpp"

#include <algorithm>
#include <string>

namespace dossier {

namespace {

failure too_large(std::uint64_t bytes_max) {
  return fail(errc::too_large,
              "the body is larger than the " + std::to_string(bytes_max) + " bytes that this takes",
              "body");
}

// How much of "\r\n" stands at the front; nullopt if something else does.
std::optional<std::size_t> crlf_front(std::string_view text) {
  constexpr std::string_view crlf = "\r\n";
  const auto size = std::min(text.size(), crlf.size());
  if (text.substr(0, size) != crlf.substr(0, size))
    return std::nullopt;
  return size;
}

} // namespace

body_decoder::body_decoder(const guard_verdict& head, std::uint64_t bytes_max)
  : framing_(head.framing)
  , bytes_max_(bytes_max)
  , state_(state::done) {
  switch (framing_) {
  case framing::none:
    break;
  case framing::length:
    remaining_ = head.content_length;
    state_ = remaining_ == 0 ? state::done : state::content;
    break;
  case framing::chunked:
    state_ = state::size_line;
    break;
  }
}

result<body_decoder::piece> body_decoder::next(std::string_view unread) {
  if (framing_ == framing::length && remaining_ > bytes_max_)
    return too_large(bytes_max_);
  piece out;
  for (;;) {
    const auto rest = unread.substr(out.framing_bytes);
    if (state_ == state::done)
      return out;
    if (state_ == state::content) {
      out.content_bytes
        = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, rest.size()));
      return out;
    }
    if (state_ == state::size_line) {
      const auto head = check_chunk_head(rest);
      if (!head)
        return head.error();
      if (!*head)
        return out;
      remaining_ = (*head)->size_bytes;
      if (remaining_ > bytes_max_ - announced_)
        return too_large(bytes_max_);
      announced_ += remaining_;
      out.framing_bytes += (*head)->line_bytes;
      state_ = remaining_ == 0 ? state::last_line : state::content;
      continue;
    }
    const auto crlf = crlf_front(rest);
    if (!crlf)
      return fail(errc::malformed,
                  state_ == state::last_line
                    ? "fields follow the last chunk; trailers are not accepted"
                    : "the chunk's data is longer than its size says",
                  "body");
    if (*crlf < 2)
      return out;
    out.framing_bytes += 2;
    state_ = state_ == state::last_line ? state::done : state::size_line;
  }
}

void body_decoder::took(std::uint64_t bytes) {
  remaining_ -= bytes;
  if (remaining_ == 0 && state_ == state::content)
    state_ = framing_ == framing::chunked ? state::content_end : state::done;
}

std::optional<std::uint64_t> body_decoder::rest_bytes() const {
  if (state_ == state::done)
    return 0;
  if (framing_ == framing::chunked)
    return std::nullopt;
  return remaining_;
}

} // namespace dossier

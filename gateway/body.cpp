// SPDX-License-Identifier: Apache-2.0
#include "gateway/body.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace dossier {

namespace {

constexpr std::uint64_t small_rest_bytes_max = 65'536;

} // namespace

connection_body::connection_body(connection& peer, read_buffer& buffer, const guard_verdict& head,
                                 std::uint64_t bytes_max, patience p)
  : peer_(peer)
  , buffer_(buffer)
  , head_(head)
  , decoder_(head, bytes_max)
  , patience_(p)
  , owes_continue_(head.expects_continue && head.framing != framing::none) {}

std::optional<std::uint64_t> connection_body::declared_size_bytes() const {
  if (head_.framing == framing::length)
    return head_.content_length;
  return std::nullopt;
}

awaitable<result<std::size_t>> connection_body::read_some(std::span<std::byte> into) {
  if (failure_)
    co_return *failure_;
  auto read = co_await read_next(into);
  peer_.rest();
  co_return read;
}

awaitable<result<std::size_t>> connection_body::read_next(std::span<std::byte> into) {
  for (;;) {
    const auto unread = buffer_.unread();
    const auto next = decoder_.next(unread);
    if (!next)
      co_return remember(next.error());
    buffer_.consume(next->framing_bytes);
    if (next->content_bytes > 0) {
      const auto bytes = std::min(next->content_bytes, into.size());
      std::memcpy(into.data(), unread.data() + next->framing_bytes, bytes);
      buffer_.consume(bytes);
      decoder_.took(bytes);
      co_return bytes;
    }
    if (decoder_.is_done())
      co_return std::size_t{0};
    // What is content for certain goes straight to where the route wants it.
    if (const auto certain = decoder_.certain_bytes(); certain > 0 && !owes_continue_) {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(certain, into.size()));
      const std::span<char> place(reinterpret_cast<char*>(into.data()), bytes);
      const auto got = co_await peer_.receive(place, patience_);
      if (got.status != io_status::ok)
        co_return remember(got.status);
      decoder_.took(got.bytes);
      co_return got.bytes;
    }
    const auto more = co_await fetch_more();
    if (!more)
      co_return more.error();
  }
}

awaitable<result<void>> connection_body::fetch_more() {
  if (owes_continue_) {
    owes_continue_ = false;
    // A client that sent its body without waiting has its answer by now.
    if (buffer_.unread().empty()) {
      const auto sent = co_await peer_.send("HTTP/1.1 100 Continue\r\n\r\n", {}, false, patience_);
      if (sent != io_status::ok)
        co_return remember(sent);
    }
    co_return result<void>();
  }
  const auto got = co_await peer_.receive(buffer_.space(), patience_);
  if (got.status != io_status::ok)
    co_return remember(got.status);
  buffer_.received(got.bytes);
  co_return result<void>();
}

failure connection_body::remember(failure why) {
  failure_ = std::move(why);
  return *failure_;
}

failure connection_body::remember(io_status status) {
  if (status == io_status::too_slow)
    return remember(fail(errc::timed_out,
                         "the body came more slowly than is accepted; send it again, faster",
                         "body"));
  return remember(fail(errc::malformed, "the connection ended within the body", "body"));
}

bool connection_body::is_finished() {
  if (failure_)
    return false;
  const auto next = decoder_.next(buffer_.unread());
  if (!next) {
    remember(next.error());
    return false;
  }
  buffer_.consume(next->framing_bytes);
  return decoder_.is_done();
}

bool connection_body::is_small_rest() const {
  const auto rest = decoder_.rest_bytes();
  // A client that was not told to continue may never send its body, and may send it all the same.
  return !failure_ && !owes_continue_ && rest && *rest <= small_rest_bytes_max;
}

awaitable<bool> connection_body::discard_rest() {
  std::array<std::byte, 4'096> scratch;
  for (;;) {
    const auto read = co_await read_some(scratch);
    if (!read)
      co_return false;
    if (*read == 0)
      co_return true;
  }
}

awaitable<result<std::string>> read_text(body_reader& body, std::size_t bytes_max) {
  std::string text;
  const auto declared = body.declared_size_bytes();
  if (declared && *declared <= bytes_max)
    text.reserve(static_cast<std::size_t>(*declared));
  std::array<std::byte, 4'096> piece;
  for (;;) {
    const auto got = co_await body.read_some(piece);
    if (!got)
      co_return got.error();
    if (*got == 0)
      co_return text;
    if (text.size() + *got > bytes_max)
      co_return fail(errc::too_large,
                     "The body is larger than " + std::to_string(bytes_max) + " bytes.");
    text.append(reinterpret_cast<const char*>(piece.data()), *got);
  }
}

} // namespace dossier

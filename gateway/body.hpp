// SPDX-License-Identifier: Apache-2.0
// How a route gets a request's body from its connection: in time, within its limits, and no byte
// more.
#pragma once

#include "gateway/body_decoder.hpp"
#include "gateway/connection.hpp"
#include "gateway/http.hpp"
#include "gateway/read_buffer.hpp"
#include "gateway/request_guard.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

namespace dossier {

/// The body of one request on its connection. Lives as long as the request; the connection's
/// thread.
class connection_body final : public body_reader {
public:
  connection_body(connection& peer, read_buffer& buffer, const guard_verdict& head,
                  std::uint64_t bytes_max, patience p);

  std::optional<std::uint64_t> declared_size_bytes() const override;
  awaitable<result<std::size_t>> read_some(std::span<std::byte> into) override;

  /// Whether the next request starts at the first unread byte. Looks at what is buffered.
  bool is_finished();
  /// Whether it failed: what follows in the connection has no meaning.
  bool is_broken() const { return failure_.has_value(); }
  /// Whether what a route left unread is known to come and small enough to read and forget.
  bool is_small_rest() const;
  /// Reads and forgets the rest. False: the connection is of no more use.
  awaitable<bool> discard_rest();

private:
  awaitable<result<std::size_t>> read_next(std::span<std::byte> into);
  awaitable<result<void>> fetch_more();
  failure remember(failure why);
  failure remember(io_status status);

  connection& peer_;
  read_buffer& buffer_;
  const guard_verdict head_;
  body_decoder decoder_;
  patience patience_;
  bool owes_continue_;
  std::optional<failure> failure_;
};

/// Reads a whole body into memory; too_large above `bytes_max`.
awaitable<result<std::string>> read_text(body_reader& body, std::size_t bytes_max);

} // namespace dossier

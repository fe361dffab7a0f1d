// SPDX-License-Identifier: Apache-2.0
// The file in a multipart/form-data body (RFC 7578), read as if it were the body: fields beside it
// are passed over, a second file is refused. Memory does not grow with the file.
#pragma once

#include "gateway/http.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace dossier {

/// The boundary that a Content-Type names; nullopt if it is not multipart/form-data.
/// invalid_argument if it is and names none that may be (RFC 2046 5.1.1).
result<std::optional<std::string>> multipart_boundary(std::string_view content_type);

class multipart_body final : public body_reader {
public:
  /// Taken from the form at once.
  static constexpr std::size_t piece_bytes = 64U << 10;
  static constexpr std::size_t head_bytes_max = 8U << 10;
  /// What it holds at most: a head or the beginning of a boundary, and the piece that follows.
  static constexpr std::size_t buffer_bytes = head_bytes_max + piece_bytes;

  /// `whole` must outlive it.
  multipart_body(body_reader& whole, std::string_view boundary);

  /// Not known before the end.
  std::optional<std::uint64_t> declared_size_bytes() const override { return std::nullopt; }
  /// malformed for a body that is cut, has no file, or parts without an end to their heads;
  /// invalid_argument for one that has two.
  awaitable<result<std::size_t>> read_some(std::span<std::byte> into) override;

private:
  enum class place : std::uint8_t { between, in_field, in_file, over };

  awaitable<result<bool>> fetch();
  awaitable<result<void>> go_to_next_part();
  result<void> open_part(std::string_view head);

  body_reader& whole_;
  const std::string delimiter_; ///< A line end, two hyphens and the boundary.
  std::string unread_;
  place place_ = place::in_field; ///< What stands before the first boundary is passed over, too.
  bool has_file_ = false;
};

} // namespace dossier

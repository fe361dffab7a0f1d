// SPDX-License-Identifier: Apache-2.0
// A body as it was before it was compressed: read through a small buffer, however much comes out.
#pragma once

#include "gateway/expander.hpp"
#include "gateway/http.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace dossier {

class expanded_body final : public body_reader {
public:
  struct limits {
    std::uint64_t bytes_max = 0;     ///< That come out.
    std::uint32_t expansion_max = 0; ///< For each byte that goes in, but for the first MiB.
  };

  /// Of what is compressed, on its way to the expander, which takes memory of its own.
  static constexpr std::size_t buffer_bytes = 64U << 10;

  /// `coded` must outlive it.
  expanded_body(body_reader& coded, std::unique_ptr<expander> by, const limits& bounds);

  /// Not known before the end.
  std::optional<std::uint64_t> declared_size_bytes() const override { return std::nullopt; }
  /// malformed for a body that is cut or not of its coding; too_large beyond the limits.
  awaitable<result<std::size_t>> read_some(std::span<std::byte> into) override;

private:
  awaitable<result<void>> fetch();
  result<void> check_size() const;

  body_reader& coded_;
  const std::unique_ptr<expander> by_;
  const limits bounds_;
  std::vector<std::byte> buffer_;
  std::size_t begin_ = 0; ///< Of what is in the buffer and not yet taken.
  std::size_t end_ = 0;
  std::uint64_t taken_ = 0;
  std::uint64_t made_ = 0;
  bool is_over_ = false; ///< `coded` has ended.
};

} // namespace dossier

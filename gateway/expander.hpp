// SPDX-License-Identifier: Apache-2.0
// Undoes gzip (RFC 1952) and zstd (RFC 8878), piece by piece, in memory that does not grow with
// what comes out. One thread at a time.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace dossier {

class expander {
public:
  virtual ~expander() = default;

  struct step {
    std::size_t taken = 0; ///< Of what was given.
    std::size_t made = 0;  ///< Of the room there was.
  };
  /// Goes on as far as bytes and room allow. malformed for bytes that are not of the coding;
  /// too_large for ones that want more memory than is given to one body.
  virtual result<step> expand(std::span<const std::byte> from, std::span<std::byte> into) = 0;
  /// Whether what was taken so far is whole: nothing, or frames that have all ended.
  virtual bool is_whole() const = 0;
  /// The most memory that it takes, whatever it is given.
  virtual std::size_t memory_bytes_max() const = 0;
};

/// By the name of a content coding: "gzip", "x-gzip", "zstd"; nullptr for others.
std::unique_ptr<expander> make_expander(std::string_view coding);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Blocks of rows and rejects as files keep them: compressed, each alone, so that a reader takes
// memory for one at a time.
#pragma once

#include "protocol/result.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

struct ZSTD_CCtx_s;

namespace dossier {

/// Keeps the memory that it takes, some MiB at most. One thread at a time.
class block_packer {
public:
  block_packer();
  ~block_packer();
  block_packer(const block_packer&) = delete;
  block_packer& operator=(const block_packer&) = delete;

  /// A frame of zstd (RFC 8878) that says how large the block was, valid until the next call; empty
  /// if it is hardly smaller than the block.
  std::string_view pack(std::string_view block);

private:
  struct context_closer {
    void operator()(ZSTD_CCtx_s* context) const;
  };

  const std::unique_ptr<ZSTD_CCtx_s, context_closer> context_;
  std::string frame_;
};

/// What pack() was given. corrupt unless it is one whole frame of at most so many bytes.
result<std::string> unpack(std::string_view frame, std::size_t bytes_max);

} // namespace dossier

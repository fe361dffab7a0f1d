// SPDX-License-Identifier: Apache-2.0
#include "persistence/packed_block.hpp"

#include <zstd.h>

namespace dossier {

namespace {

/// The fastest of the regular ones. Rows are written once for each byte that somebody sent, and the
/// processors are what parsing them has left over.
constexpr int level = 1;

} // namespace

void block_packer::context_closer::operator()(ZSTD_CCtx_s* context) const {
  ZSTD_freeCCtx(context);
}

block_packer::block_packer()
  : context_(ZSTD_createCCtx()) {}

block_packer::~block_packer() = default;

std::string_view block_packer::pack(std::string_view block) {
  const auto worth_bytes = block.size() - block.size() / 8;
  if (context_ == nullptr)
    return {};
  if (frame_.size() < worth_bytes)
    frame_.resize(worth_bytes);
  // It fails for want of room if the frame were larger.
  const auto bytes = ZSTD_compressCCtx(context_.get(), frame_.data(), worth_bytes, block.data(),
                                       block.size(), level);
  return ZSTD_isError(bytes) != 0 ? std::string_view() : std::string_view(frame_.data(), bytes);
}

result<std::string> unpack(std::string_view frame, std::size_t bytes_max) {
  const auto bytes = ZSTD_getFrameContentSize(frame.data(), frame.size());
  if (bytes == ZSTD_CONTENTSIZE_ERROR || bytes == ZSTD_CONTENTSIZE_UNKNOWN || bytes > bytes_max)
    return fail(errc::corrupt, "a packed block does not say how large it was");
  std::string block(bytes, '\0');
  const auto got = ZSTD_decompress(block.data(), block.size(), frame.data(), frame.size());
  if (ZSTD_isError(got) != 0)
    return fail(errc::corrupt,
                std::string("a packed block cannot be read: ") + ZSTD_getErrorName(got));
  if (got != bytes)
    return fail(errc::corrupt, "a packed block is not as large as it says");
  return block;
}

} // namespace dossier

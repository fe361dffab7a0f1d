// SPDX-License-Identifier: Apache-2.0
#include "gateway/expander.hpp"

#include "protocol/ascii.hpp"

#include <zlib.h>
#include <zstd.h>
#include <zstd_errors.h>

#include <algorithm>
#include <limits>
#include <new>
#include <string>

namespace dossier {

namespace {

/// 8 MiB, which every decoder of zstd must grant (RFC 8878 3.1.1.1.2).
constexpr int zstd_window_log_max = 23;
/// 32 KiB, and a gzip header instead of zlib's (zlib.h).
constexpr int gzip_window_bits = 15 + 16;
/// The window, and behind it the tables and buffers of the decoder.
constexpr std::size_t zstd_bytes_max = (1U << zstd_window_log_max) + (512U << 10);
constexpr std::size_t gzip_bytes_max = 48U << 10;

failure not_of(std::string_view coding, std::string_view why) {
  return fail(errc::malformed,
              "The body is not what its coding " + std::string(coding)
                + " says: " + std::string(why) + ".",
              "Content-Encoding");
}

class gzip_expander final : public expander {
public:
  gzip_expander() {
    if (inflateInit2(&stream_, gzip_window_bits) != Z_OK)
      throw std::bad_alloc{};
  }
  ~gzip_expander() override { inflateEnd(&stream_); }

  result<step> expand(std::span<const std::byte> from, std::span<std::byte> into) override {
    constexpr std::size_t most = std::numeric_limits<uInt>::max();
    step done;
    // Also without new bytes: some that were taken may not have come out for want of room.
    while (done.made < into.size() && !(is_member_over_ && done.taken == from.size())) {
      // Members follow each other (RFC 1952 2.2).
      if (is_member_over_ && inflateReset(&stream_) != Z_OK)
        return not_of("gzip", "a member cannot begin");
      is_member_over_ = false;
      const auto given = std::min(from.size() - done.taken, most);
      const auto room = std::min(into.size() - done.made, most);
      // zlib takes bytes that it does not change as if it did.
      stream_.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(from.data() + done.taken));
      stream_.avail_in = static_cast<uInt>(given);
      stream_.next_out = reinterpret_cast<Bytef*>(into.data() + done.made);
      stream_.avail_out = static_cast<uInt>(room);
      const int ended = inflate(&stream_, Z_NO_FLUSH);
      done.taken += given - stream_.avail_in;
      done.made += room - stream_.avail_out;
      is_member_over_ = ended == Z_STREAM_END;
      if (ended == Z_BUF_ERROR)
        break;
      if (ended != Z_OK && ended != Z_STREAM_END)
        return not_of("gzip", stream_.msg ? stream_.msg : "its bytes make no sense");
    }
    return done;
  }
  bool is_whole() const override { return is_member_over_; }
  std::size_t memory_bytes_max() const override { return gzip_bytes_max; }

private:
  z_stream stream_{};
  bool is_member_over_ = true;
};

class zstd_expander final : public expander {
public:
  zstd_expander()
    : context_(ZSTD_createDCtx(), &ZSTD_freeDCtx) {
    if (!context_)
      throw std::bad_alloc{};
    ZSTD_DCtx_setParameter(context_.get(), ZSTD_d_windowLogMax, zstd_window_log_max);
  }

  result<step> expand(std::span<const std::byte> from, std::span<std::byte> into) override {
    ZSTD_inBuffer in{from.data(), from.size(), 0};
    ZSTD_outBuffer out{into.data(), into.size(), 0};
    // Likewise. At a frame's end nothing is held back, and asking would begin another one.
    while (out.pos < out.size && !(is_frame_over_ && in.pos == in.size)) {
      const auto before = in.pos + out.pos;
      const auto left = ZSTD_decompressStream(context_.get(), &out, &in);
      if (ZSTD_isError(left)) {
        if (ZSTD_getErrorCode(left) == ZSTD_error_frameParameter_windowTooLarge)
          return fail(errc::too_large,
                      "The body wants a window of more than 8 MiB: compress it without --long.",
                      "Content-Encoding");
        return not_of("zstd", ZSTD_getErrorName(left));
      }
      is_frame_over_ = left == 0;
      if (in.pos + out.pos == before)
        break;
    }
    return step{in.pos, out.pos};
  }
  bool is_whole() const override { return is_frame_over_; }
  std::size_t memory_bytes_max() const override { return zstd_bytes_max; }

private:
  const std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  bool is_frame_over_ = true;
};

} // namespace

std::unique_ptr<expander> make_expander(std::string_view coding) {
  if (equals_ignoring_case(coding, "gzip") || equals_ignoring_case(coding, "x-gzip"))
    return std::make_unique<gzip_expander>();
  if (equals_ignoring_case(coding, "zstd"))
    return std::make_unique<zstd_expander>();
  return nullptr;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
#include "gateway/expanded_body.hpp"

#include <string>
#include <utility>

namespace dossier {

namespace {

/// Little that expands a lot harms nobody.
constexpr std::uint64_t free_bytes = 1U << 20;

} // namespace

expanded_body::expanded_body(body_reader& coded, std::unique_ptr<expander> by, const limits& bounds)
  : coded_(coded)
  , by_(std::move(by))
  , bounds_(bounds)
  , buffer_(buffer_bytes) {}

awaitable<result<void>> expanded_body::fetch() {
  const auto got = co_await coded_.read_some(buffer_);
  if (!got)
    co_return got.error();
  begin_ = 0;
  end_ = *got;
  is_over_ = *got == 0;
  if (is_over_ && !by_->is_whole())
    co_return fail(errc::malformed, "The body ends in the middle of what was compressed.",
                   "Content-Encoding");
  co_return result<void>{};
}

result<void> expanded_body::check_size() const {
  if (made_ > bounds_.bytes_max)
    return fail(errc::too_large,
                "The body expands to more than " + std::to_string(bounds_.bytes_max) + " bytes.");
  if (made_ > free_bytes && made_ / bounds_.expansion_max > taken_)
    return fail(errc::too_large, "The body expands to more than "
                                   + std::to_string(bounds_.expansion_max)
                                   + " times its size (ingestion.expansion_max).");
  return {};
}

awaitable<result<std::size_t>> expanded_body::read_some(std::span<std::byte> into) {
  for (;;) {
    // What the expander still holds comes out without new bytes, so it is asked first.
    const auto done = by_->expand(std::span(buffer_).subspan(begin_, end_ - begin_), into);
    if (!done)
      co_return done.error();
    begin_ += done->taken;
    taken_ += done->taken;
    made_ += done->made;
    if (auto fits = check_size(); !fits)
      co_return fits.error();
    if (done->made > 0 || is_over_)
      co_return done->made;
    if (begin_ == end_)
      if (auto fetched = co_await fetch(); !fetched)
        co_return fetched.error();
  }
}

} // namespace dossier

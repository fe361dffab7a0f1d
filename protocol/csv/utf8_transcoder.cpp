// SPDX-License-Identifier: Apache-2.0
#include "protocol/csv/utf8_transcoder.hpp"

#include <utility>

namespace dossier::csv {

namespace {

constexpr std::uint32_t byte_order_mark = 0xfeff;
constexpr std::uint32_t replacement = 0xfffd;

bool is_high(std::uint32_t unit) {
  return unit >= 0xd800 && unit < 0xdc00;
}
bool is_low(std::uint32_t unit) {
  return unit >= 0xdc00 && unit < 0xe000;
}

} // namespace

void utf8_transcoder::feed(std::string_view bytes, std::string& to) {
  if (from_ == text_encoding::utf8) {
    put_utf8(bytes, to);
    return;
  }
  for (const char c : bytes) {
    const auto byte = static_cast<std::uint8_t>(c);
    ++at_;
    if (from_ == text_encoding::latin1)
      put(byte, to);
    else
      feed_utf16(byte, to);
  }
}

void utf8_transcoder::finish(std::string& to) {
  if (!front_.empty())
    to += std::exchange(front_, {});
  if (std::exchange(high_, 0) != 0)
    put_invalid(at_ - 2 - (has_half_ ? 1 : 0), to);
  if (std::exchange(has_half_, false))
    put_invalid(at_ - 1, to);
}

void utf8_transcoder::feed_utf16(std::uint8_t byte, std::string& to) {
  if (!has_half_) {
    half_ = byte;
    has_half_ = true;
    return;
  }
  has_half_ = false;
  const bool is_little = from_ == text_encoding::utf16le;
  take_unit(is_little ? std::uint32_t{byte} << 8 | half_ : std::uint32_t{half_} << 8 | byte, to);
}

/// `at_` is behind the unit.
void utf8_transcoder::take_unit(std::uint32_t unit, std::string& to) {
  const std::uint32_t high = std::exchange(high_, 0);
  if (high != 0 && is_low(unit)) {
    put(0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00), to);
    return;
  }
  if (high != 0)
    put_invalid(at_ - 4, to);
  if (is_high(unit))
    high_ = unit;
  else if (is_low(unit))
    put_invalid(at_ - 2, to);
  else if (unit != byte_order_mark || at_ != 2)
    put(unit, to);
}

void utf8_transcoder::put(std::uint32_t character, std::string& to) {
  const auto tail = [&](int shift) {
    to += static_cast<char>(0x80 | (character >> shift & 0x3f));
  };
  if (character < 0x80) {
    to += static_cast<char>(character);
  } else if (character < 0x800) {
    to += static_cast<char>(0xc0 | character >> 6);
    tail(0);
  } else if (character < 0x10000) {
    to += static_cast<char>(0xe0 | character >> 12);
    tail(6);
    tail(0);
  } else {
    to += static_cast<char>(0xf0 | character >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

void utf8_transcoder::put_invalid(std::uint64_t offset, std::string& to) {
  ++invalid_;
  if (invalid_offsets_.size() < invalid_offsets_max)
    invalid_offsets_.push_back(offset);
  put(replacement, to);
}

void utf8_transcoder::put_utf8(std::string_view bytes, std::string& to) {
  at_ += bytes.size();
  while (is_at_front_ && !bytes.empty()) {
    front_ += bytes.front();
    bytes.remove_prefix(1);
    if (utf8_bom.starts_with(front_) && front_.size() < utf8_bom.size())
      continue;
    is_at_front_ = false;
    if (front_ != utf8_bom)
      to += front_;
    front_.clear();
  }
  to += bytes;
}

} // namespace dossier::csv

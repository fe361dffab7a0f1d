// SPDX-License-Identifier: Apache-2.0
#include "protocol/row_bytes.hpp"

#include "protocol/assert.hpp"

#include <algorithm>
#include <limits>

namespace dossier {

void row_writer::operator()(const std::string& bytes) {
  put_length(bytes.size());
  bytes_ += bytes;
}

void row_writer::operator()(const sha256_digest& digest) {
  bytes_.append(reinterpret_cast<const char*>(digest.data()), digest.size());
}

void row_writer::put(std::uint64_t value, std::size_t size) {
  for (; size > 0; --size)
    bytes_ += static_cast<char>(value >> 8 * (size - 1));
}

void row_writer::put_length(std::size_t n) {
  DOSSIER_ASSERT(n <= std::numeric_limits<std::uint32_t>::max(), "a state member is below 4 GiB");
  put(n, 4);
}

void row_reader::operator()(timestamp& t) {
  t = from_ms(static_cast<std::int64_t>(number(8)));
  expect(t >= timestamp{} && t <= timestamp_max);
}

void row_reader::operator()(sha256_digest& digest) {
  std::ranges::copy(take(digest.size()), digest.begin());
}

std::string_view row_reader::take(std::uint64_t size) {
  expect(size <= rest_.size());
  if (!fits_)
    return {};
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

std::uint64_t row_reader::number(std::size_t size) {
  std::uint64_t value = 0;
  for (const char c : take(size))
    value = value << 8 | static_cast<std::uint8_t>(c);
  return value;
}

} // namespace dossier

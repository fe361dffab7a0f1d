// SPDX-License-Identifier: Apache-2.0
#include "protocol/feed_cursor.hpp"

#include "protocol/digest.hpp"

#include <utility>

namespace dossier {

namespace {

failure not_ours() {
  return fail(errc::invalid_argument,
              "This is no place in the events of this server. Use one exactly as it was given, or "
              "none to begin with the first event.",
              "after");
}

void append(std::vector<std::uint8_t>& bytes, std::uint64_t number) {
  for (; number >= 0x80; number >>= 7)
    bytes.push_back(static_cast<std::uint8_t>(number | 0x80));
  bytes.push_back(static_cast<std::uint8_t>(number));
}

} // namespace

feed_cursor feed_cursor::start(shard_number shard_count) {
  return {std::vector<std::uint64_t>(shard_count)};
}

std::string feed_cursor::text() const {
  std::vector<std::uint8_t> bytes;
  for (const auto position : positions)
    append(bytes, position);
  return to_base64url(bytes);
}

result<feed_cursor> feed_cursor::parse(std::string_view text, shard_number shard_count) {
  constexpr std::size_t number_bytes_max = 10;
  if (text.size() > shard_count * number_bytes_max * 4 / 3 + 3)
    return not_ours();
  std::vector<std::uint8_t> bytes(text.size() * 3 / 4);
  if (!parse_base64url(text, bytes))
    return not_ours();
  feed_cursor cursor;
  std::uint64_t number = 0;
  int shift = 0;
  for (const auto byte : bytes) {
    if (shift > 56)
      return not_ours(); // No feed is as long.
    number |= std::uint64_t{byte & 0x7fU} << shift;
    shift += 7;
    if ((byte & 0x80) != 0)
      continue;
    cursor.positions.push_back(std::exchange(number, 0));
    shift = 0;
  }
  if (shift != 0 || cursor.positions.size() != shard_count || cursor.text() != text)
    return not_ours();
  return cursor;
}

} // namespace dossier

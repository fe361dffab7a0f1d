// SPDX-License-Identifier: Apache-2.0
// What a repeated command id is answered with: the entity as it stood right after the first time.
#pragma once

#include "actors/entity/hosted.hpp"
#include "actors/entity/reply.hpp"
#include "protocol/ids.hpp"

#include <algorithm>
#include <string>
#include <string_view>

namespace dossier {

/// id, 8 bytes of version (big-endian), the state's format, the state.
template <class K>
std::string encode_answer(const entity_id& id, const hosted<K>& after) {
  std::string bytes(id.view());
  for (int shift = 56; shift >= 0; shift -= 8)
    bytes.push_back(static_cast<char>(after.version >> shift & 0xff));
  bytes.push_back(static_cast<char>(K::state_format));
  bytes += encode_state(after.state);
  return bytes;
}

/// An answer whose state was written in a format that is no longer read is answered with the entity
/// as it is now: the effect happened once all the same.
template <class K>
result<answer<typename K::view>> decode_answer_of(const journal& store, std::string_view bytes) {
  constexpr std::size_t head = entity_id::size + 8 + 1;
  if (bytes.size() < head)
    return fail(errc::corrupt, "a stored answer is cut short");
  answer<typename K::view> read;
  std::copy_n(bytes.begin(), entity_id::size, reinterpret_cast<char*>(read.id.bytes.data()));
  read.is_replay = true;
  std::uint64_t version = 0;
  for (std::size_t i = 0; i < 8; ++i)
    version = version << 8 | static_cast<std::uint8_t>(bytes[entity_id::size + i]);
  if (static_cast<std::uint8_t>(bytes[head - 1]) == K::state_format) {
    if (auto state = K::decode_state(bytes.substr(head))) {
      read.view = view_of(*state, version);
      return read;
    }
  }
  auto now = recover<K>(store, entity_ref{K::code, read.id});
  if (!now)
    return now.error();
  read.view = view_of(now->state, now->version);
  return read;
}

} // namespace dossier

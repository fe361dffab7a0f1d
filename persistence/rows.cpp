// SPDX-License-Identifier: Apache-2.0
// Writes values, and reads back only what it could have written.
#include "persistence/rows.hpp"

#include "persistence/keys.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <span>
#include <string>

namespace dossier::rows {

namespace {

static_assert(std::tuple_size_v<answer_head> == 8 + std::tuple_size_v<sha256_digest>);
static_assert(std::tuple_size_v<feed_value> == 1 + entity_id::size + 8);

void put_number(char* to, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    *to++ = static_cast<char>(number >> shift & 0xff);
}

std::uint64_t number_at(std::string_view bytes, std::size_t at) {
  std::uint64_t number = 0;
  for (const char c : bytes.substr(at, 8))
    number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

failure damaged(std::string_view key, const std::string& why) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  return fail(errc::corrupt, "reading the stored row " + to_hex(std::span{bytes, key.size()}) + ": "
                               + why + "; run `dossier verify` and restore a backup");
}

failure wrong_size(std::string_view key, std::string_view value, std::string_view of) {
  return damaged(key, "its " + std::to_string(value.size()) + " bytes are no " + std::string{of});
}

} // namespace

state_head head_of(const state_row& row) {
  state_head head;
  head[0] = static_cast<char>(row.format);
  put_number(head.data() + 1, row.version);
  return head;
}

result<state_row> parse_state(std::string_view key, std::string_view value) {
  if (value.size() < std::tuple_size_v<state_head>)
    return wrong_size(key, value, "state row");
  return state_row{number_at(value, 1), static_cast<std::uint8_t>(value[0]),
                   std::string{value.substr(std::tuple_size_v<state_head>)}};
}

answer_head head_of(const stored_answer& answer) {
  answer_head head;
  put_number(head.data(), static_cast<std::uint64_t>(to_ms(answer.expires_at)));
  std::ranges::copy(answer.fingerprint, head.begin() + 8);
  return head;
}

std::optional<timestamp> expiry_of_answer(std::string_view value) {
  if (value.size() < std::tuple_size_v<answer_head>)
    return std::nullopt;
  return from_ms(static_cast<std::int64_t>(number_at(value, 0)));
}

result<stored_answer> parse_answer(std::string_view key, std::string_view value) {
  stored_answer answer;
  const auto expiry = expiry_of_answer(value);
  if (!expiry || key.size() < answer.id.bytes.size())
    return wrong_size(key, value, "stored answer");
  std::ranges::copy(key.substr(key.size() - answer.id.bytes.size()), answer.id.bytes.begin());
  std::ranges::copy(value.substr(8, answer.fingerprint.size()), answer.fingerprint.begin());
  answer.expires_at = *expiry;
  answer.bytes = value.substr(std::tuple_size_v<answer_head>);
  return answer;
}

feed_value value_of_feed(const entity_ref& entity, std::uint64_t sequence) {
  feed_value value;
  value[0] = static_cast<char>(entity.kind);
  std::ranges::copy(entity.id.view(), value.begin() + 1);
  put_number(value.data() + 1 + entity_id::size, sequence);
  return value;
}

result<feed_row> parse_feed(std::string_view key, std::string_view value) {
  auto place = keys::parse_feed_key(key);
  if (!place)
    return place.error();
  constexpr auto size = std::tuple_size_v<feed_value>;
  if (value.size() < size)
    return wrong_size(key, value, "feed row");
  if (number_at(value, size - 8) == 0) {
    auto entity = keys::parse_state_key(
      keys::prefix(place->first, keys::row::state).append(value.substr(0, size - 8)));
    if (!entity || value.size() == size)
      return damaged(key, "it is no reply to anybody of its shard");
    return feed_row{place->first, place->second, *entity, 0, std::string{value.substr(size)}};
  }
  if (value.size() != size)
    return wrong_size(key, value, "feed row");
  // A feed value starts as the rest of its event's key, so that parser checks kind, shard and
  // sequence.
  auto event = keys::parse_event_key(keys::prefix(place->first, keys::row::event).append(value));
  if (!event)
    return damaged(key, "it names no event of its shard");
  return feed_row{place->first, place->second, event->first, event->second, {}};
}

number_value value_of_number(std::uint64_t number) {
  number_value value;
  put_number(value.data(), number);
  return value;
}

result<std::uint64_t> parse_number(std::string_view key, std::string_view value) {
  if (value.size() != std::tuple_size_v<number_value>)
    return wrong_size(key, value, "number");
  return number_at(value, 0);
}

} // namespace dossier::rows

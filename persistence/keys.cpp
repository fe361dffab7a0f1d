// SPDX-License-Identifier: Apache-2.0
// Writes keys, and reads back only what it could have written.
#include "persistence/keys.hpp"

#include "protocol/assert.hpp"
#include "protocol/digest.hpp"

#include <algorithm>
#include <span>

namespace dossier::keys {

namespace {

constexpr std::size_t start_size = 3; // shard and row code
constexpr std::size_t number_size = 8;
constexpr std::size_t entity_size = 1 + entity_id::size;
constexpr std::size_t digest_size = sha256_digest{}.size();
constexpr std::size_t name_size_max = 32;
constexpr std::size_t note_name_size_max = 64;
constexpr std::uint64_t sign_bit = std::uint64_t{1} << 63;

void append(std::string& key, std::uint64_t number) {
  for (int shift = 56; shift >= 0; shift -= 8)
    key.push_back(static_cast<char>(number >> shift & 0xff));
}

void append(std::string& key, const entity_ref& entity) {
  key.push_back(static_cast<char>(entity.kind));
  key.append(entity.id.view());
}

// Two's complement sorts negative numbers last; with the sign bit flipped bytes sort as times do.
std::uint64_t ordered(timestamp t) {
  return static_cast<std::uint64_t>(to_ms(t)) ^ sign_bit;
}
timestamp time_of(std::uint64_t number) {
  return from_ms(static_cast<std::int64_t>(number ^ sign_bit));
}

/// The start of a key of this row, with room for all of it.
std::string start(shard_number shard, row kind, std::size_t rest) {
  std::string key;
  key.reserve(start_size + rest);
  key.push_back(static_cast<char>(shard >> 8));
  key.push_back(static_cast<char>(shard & 0xff));
  key.push_back(static_cast<char>(kind));
  return key;
}

/// Of rows that stand under a customer's or a list's name.
std::string start_of_name(shard_number shard, row kind, std::string_view name, std::size_t rest) {
  auto key = start(shard, kind, name.size() + 1 + rest);
  key.append(name);
  key.push_back('\0');
  return key;
}

std::string start_of(shard_number shard, const customer_listing& p) {
  auto key = start_of_name(shard, row::listing, p.customer, number_size + entity_size);
  append(key, ~ordered(p.created_at));
  return key;
}

std::string start_of(shard_number shard, const list_entry& p) {
  auto key = start_of_name(shard, row::entry, p.list, number_size + entity_size);
  append(key, ~ordered(p.at));
  return key;
}

std::string start_of(shard_number shard, const content_reference& p) {
  auto key = start_of_name(shard, row::reference, p.customer, digest_size + entity_size);
  key.append(reinterpret_cast<const char*>(p.sha256.data()), p.sha256.size());
  return key;
}

failure damaged(std::string_view key, const std::string& why) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(key.data());
  return fail(errc::corrupt, "reading the stored key " + to_hex(std::span{bytes, key.size()}) + ": "
                               + why + "; run `dossier verify` and restore a backup");
}

bool has_start(std::string_view key, row kind) {
  return key.size() >= start_size && key[2] == static_cast<char>(kind);
}

std::uint64_t number_at(std::string_view key, std::size_t at) {
  std::uint64_t number = 0;
  for (const char c : key.substr(at, number_size))
    number = number << 8 | static_cast<std::uint8_t>(c);
  return number;
}

shard_number shard_at_start(std::string_view key) {
  return static_cast<shard_number>(static_cast<std::uint8_t>(key[0]) << 8
                                   | static_cast<std::uint8_t>(key[1]));
}

bool is_kind(std::uint8_t code) {
  switch (static_cast<entity_kind>(code)) {
  case entity_kind::document:
  case entity_kind::letter:
  case entity_kind::webhook:
  case entity_kind::job:
    return true;
  }
  return false;
}

result<entity_ref> entity_at(std::string_view key, std::size_t at) {
  const auto code = static_cast<std::uint8_t>(key[at]);
  if (!is_kind(code))
    return damaged(key, "no entity has the kind " + std::to_string(code));
  entity_ref entity;
  entity.kind = static_cast<entity_kind>(code);
  std::ranges::copy(key.substr(at + 1, entity_id::size), entity.id.bytes.begin());
  if (entity.shard() != shard_at_start(key))
    return damaged(key, "its entity belongs to another shard");
  return entity;
}

} // namespace

std::string event_prefix(const entity_ref& entity) {
  auto key = start(entity.shard(), row::event, entity_size + number_size);
  append(key, entity);
  return key;
}

std::string event_key(const entity_ref& entity, std::uint64_t sequence) {
  auto key = event_prefix(entity);
  append(key, sequence);
  return key;
}

std::string state_key(const entity_ref& entity) {
  auto key = start(entity.shard(), row::state, entity_size);
  append(key, entity);
  return key;
}

std::string timer_prefix(shard_number shard, timestamp due) {
  auto key = start(shard, row::timer, number_size + entity_size + name_size_max);
  append(key, ordered(due));
  return key;
}

std::string timer_key(const entity_ref& entity, const timer& t) {
  auto key = timer_prefix(entity.shard(), t.due);
  append(key, entity);
  key.append(t.name);
  return key;
}

std::string feed_key(shard_number shard, std::uint64_t position) {
  auto key = start(shard, row::feed, number_size);
  append(key, position);
  return key;
}

std::string projection_key(shard_number shard, const projection& p, const entity_ref& entity) {
  auto key = std::visit([shard](const auto& of_kind) { return start_of(shard, of_kind); }, p);
  append(key, entity);
  return key;
}

std::string answer_key(shard_number shard, const command_id& id) {
  auto key = start(shard, row::answer, id.bytes.size());
  key.append(id.view());
  return key;
}

std::string published_key(shard_number shard) {
  return prefix(shard, row::published);
}

std::string inbox_key(const inbox_place& place) {
  auto key = start(place.partition, row::inbox, number_size);
  append(key, place.offset);
  return key;
}

std::string handled_key(std::uint16_t partition) {
  return prefix(partition, row::handled);
}

std::string note_key(shard_number shard, std::string_view name) {
  return start(shard, row::note, name.size()).append(name);
}

std::string prefix(shard_number shard, row kind) {
  return start(shard, kind, 0);
}

std::string listing_prefix(shard_number shard, std::string_view customer) {
  return start_of_name(shard, row::listing, customer, 0);
}

std::string entry_prefix(shard_number shard, std::string_view list) {
  return start_of_name(shard, row::entry, list, 0);
}

std::string reference_prefix(shard_number shard, std::string_view customer,
                             const sha256_digest& sha256) {
  return start_of(shard, content_reference{std::string{customer}, sha256});
}

bool is_name(std::string_view name) {
  return name.size() <= name_size_max && is_note_name(name);
}

bool is_note_name(std::string_view name) {
  return !name.empty() && name.size() <= note_name_size_max
         && std::ranges::all_of(name, [](char c) {
              return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == ':' || c == '_'
                     || c == '-';
            });
}

std::string end_of(std::string prefix) {
  while (!prefix.empty() && static_cast<std::uint8_t>(prefix.back()) == 0xff)
    prefix.pop_back();
  // No prefix of ours is all ones: the third byte is a row code.
  DOSSIER_ASSERT(!prefix.empty(), "A key prefix has an end.");
  ++prefix.back();
  return prefix;
}

result<std::pair<entity_ref, std::uint64_t>> parse_event_key(std::string_view key) {
  if (!has_start(key, row::event) || key.size() != start_size + entity_size + number_size)
    return damaged(key, "it is not an event's key");
  auto entity = entity_at(key, start_size);
  if (!entity)
    return entity.error();
  const auto sequence = number_at(key, start_size + entity_size);
  if (sequence == 0)
    return damaged(key, "events count from 1");
  return std::pair{*entity, sequence};
}

result<entity_ref> parse_state_key(std::string_view key) {
  if (!has_start(key, row::state) || key.size() != start_size + entity_size)
    return damaged(key, "it is not a state row's key");
  return entity_at(key, start_size);
}

result<timer_row> parse_timer_key(std::string_view key) {
  constexpr auto name_at = start_size + number_size + entity_size;
  if (!has_start(key, row::timer) || key.size() <= name_at)
    return damaged(key, "it is not a timer's key");
  const auto name = key.substr(name_at);
  if (!is_name(name))
    return damaged(key, "it ends with what is no timer's name");
  auto entity = entity_at(key, start_size + number_size);
  if (!entity)
    return entity.error();
  return timer_row{*entity, {time_of(number_at(key, start_size)), std::string{name}}};
}

result<std::pair<shard_number, std::uint64_t>> parse_feed_key(std::string_view key) {
  if (!has_start(key, row::feed) || key.size() != start_size + number_size)
    return damaged(key, "it is not a feed row's key");
  const auto position = number_at(key, start_size);
  if (position == 0)
    return damaged(key, "feed positions count from 1");
  return std::pair{shard_at_start(key), position};
}

result<inbox_place> parse_inbox_key(std::string_view key) {
  if (!has_start(key, row::inbox) || key.size() != start_size + number_size)
    return damaged(key, "it is not an inbox row's key");
  return inbox_place{shard_at_start(key), number_at(key, start_size)};
}

result<listing> parse_listing_key(std::string_view key) {
  auto parsed = parse_projection_key(key);
  if (!parsed)
    return parsed.error();
  if (const auto* listed = std::get_if<customer_listing>(&parsed->first))
    return listing{listed->created_at, parsed->second};
  if (const auto* listed = std::get_if<list_entry>(&parsed->first))
    return listing{listed->at, parsed->second};
  return damaged(key, "it is not a listing's key");
}

result<std::pair<projection, entity_ref>> parse_projection_key(std::string_view key) {
  const bool is_reference = has_start(key, row::reference);
  const bool is_entry = has_start(key, row::entry);
  if (!is_reference && !is_entry && !has_start(key, row::listing))
    return damaged(key, "it is not a listing's, a list entry's or a reference's key");
  const std::string name{key.substr(start_size, key.find('\0', start_size) - start_size)};
  const auto middle_at = start_size + name.size() + 1;
  const auto entity_at_byte = middle_at + (is_reference ? digest_size : number_size);
  if (key.size() != entity_at_byte + entity_size)
    return damaged(key, "its length is wrong");
  if (is_entry && !is_name(name))
    return damaged(key, "it names no list");
  if (auto checked = check_customer(name); !is_entry && !checked)
    return damaged(key, checked.error().why);
  auto entity = entity_at(key, entity_at_byte);
  if (!entity)
    return entity.error();
  if (is_reference) {
    content_reference reference{name, {}};
    std::ranges::copy(key.substr(middle_at, digest_size), reference.sha256.begin());
    return std::pair{projection{std::move(reference)}, *entity};
  }
  const auto at = time_of(~number_at(key, middle_at));
  return std::pair{
    is_entry ? projection{list_entry{name, at}} : projection{customer_listing{name, at}}, *entity};
}

} // namespace dossier::keys

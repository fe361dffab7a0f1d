// SPDX-License-Identifier: Apache-2.0
// The bytes of every key. Order-preserving: comparing bytes compares meaning. All numbers
// big-endian. Times are milliseconds with the sign bit flipped. Every key starts with its shard.
// Row codes are frozen; retired ones stay here, marked retired.
#pragma once

#include "persistence/journal.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace dossier::keys {

/// Second part of every key, after the shard.
enum class row : std::uint8_t {
  event = 'e',     ///< shard e kind id sequence            -> envelope
  state = 's',     ///< shard s kind id                     -> format version bytes
  timer = 't',     ///< shard t due kind id name            -> empty
  feed = 'o',      ///< shard o position                    -> kind id sequence
  listing = 'l',   ///< shard l customer 0 ~created kind id -> empty (shard of the customer)
  reference = 'r', ///< shard r customer 0 sha256 kind id   -> empty (shard of the customer)
  entry = 'n',     ///< shard n list 0 ~at kind id          -> empty
  answer = 'a',    ///< shard a command-id                  -> expiry fingerprint bytes
  inbox = 'i',     ///< partition i offset -> empty: this message has been handled
  handled = 'h',   ///< partition h -> offset below which all is handled, source
  note = 'm',      ///< shard m name -> bytes
  published = 'p', ///< shard p -> position up to which the backbone has the feed
};

std::string event_key(const entity_ref& entity, std::uint64_t sequence);
/// The common start of an entity's events.
std::string event_prefix(const entity_ref& entity);
std::string state_key(const entity_ref& entity);
std::string timer_key(const entity_ref& entity, const timer& t);
/// The common start of a shard's timers due at this moment.
std::string timer_prefix(shard_number shard, timestamp due);
std::string feed_key(shard_number shard, std::uint64_t position);
std::string projection_key(shard_number shard, const projection& p, const entity_ref& entity);
std::string answer_key(shard_number shard, const command_id& id);
std::string published_key(shard_number shard);
std::string inbox_key(const inbox_place& place);
std::string handled_key(std::uint16_t partition);
std::string note_key(shard_number shard, std::string_view name);

/// The common start of all rows of a kind in a shard.
std::string prefix(shard_number shard, row kind);
std::string listing_prefix(shard_number shard, std::string_view customer);
std::string entry_prefix(shard_number shard, std::string_view list);
std::string reference_prefix(shard_number shard, std::string_view customer,
                             const sha256_digest& sha256);
/// 1 to 32 characters of [a-z0-9:_-]: a timer's or a list's name.
bool is_name(std::string_view name);
/// Likewise, but up to 64.
bool is_note_name(std::string_view name);
/// The first key behind everything that starts with `prefix`.
std::string end_of(std::string prefix);

// Reading keys back. Each refuses, as corrupt, bytes that its writer could not have written.

result<std::pair<entity_ref, std::uint64_t>> parse_event_key(std::string_view key);
result<entity_ref> parse_state_key(std::string_view key);
result<timer_row> parse_timer_key(std::string_view key);
result<std::pair<shard_number, std::uint64_t>> parse_feed_key(std::string_view key);
result<inbox_place> parse_inbox_key(std::string_view key);
/// Of listing and entry keys.
result<listing> parse_listing_key(std::string_view key);
/// Of listing, reference and entry keys.
result<std::pair<projection, entity_ref>> parse_projection_key(std::string_view key);

} // namespace dossier::keys

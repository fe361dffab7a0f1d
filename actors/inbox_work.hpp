// SPDX-License-Identifier: Apache-2.0
// One command on its way through the inbox. Internal to actors/inbox*; the inbox's thread owns it,
// what stands in it is constant while other threads hold it.
#pragma once

#include "actors/entity/reply.hpp"
#include "actors/inbox_lanes.hpp"
#include "actors/inbox_places.hpp"
#include "actors/job_request.hpp"
#include "actors/letter_channel.hpp"
#include "protocol/document_request.hpp"

#include <optional>
#include <string>
#include <variant>

namespace dossier {

struct inbox_limits;

struct inbox_work {
  // Where it comes from: one of the two.
  std::optional<begun_place> place; ///< A message of the topic.
  std::optional<entity_id> letter;  ///< A letter that is due.
  letter_channel::attempted done;   ///< Of a letter.
  received_message message;         ///< Of a message: what a letter of it holds.

  // What was read of it, as far as it could be read.
  std::string type;
  std::string subject; ///< What it is about, for people.
  std::string event_id;
  std::variant<document_request, job_request> request;
  dossier::arrival arrival;
  command_id id;
  sha256_digest fingerprint{};
  std::string lane; ///< Empty if it could not be read.
  bool holds_lane = false;

  // What has to be recorded about it, again if need be.
  std::optional<entity_id> letter_id; ///< The letter that it becomes.
  letter::receive receive;
  std::optional<batch> bare; ///< Only that it is handled, and the answer.
};

/// Reads the message of a work: CloudEvent, command, ids. On failure what could be read is set.
/// The customer of a job's command is known when its document is.
result<void> read_work(inbox_work& work, const event_headers& headers, std::string_view value,
                       const std::optional<std::string>& key, const inbox_limits& limits);

inline inbox_lanes::order order_of(const letter::origin& from) {
  return {from.partition, from.offset};
}
inline letter::trouble trouble_of(const failure& why) {
  return {why.code, why.why, why.where};
}
/// Why a command becomes a letter that has not failed itself.
failure put_off_reason();

/// Whether trying again may help: of what failed, not of what was refused.
bool is_transient(errc code);

} // namespace dossier

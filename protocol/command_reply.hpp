// SPDX-License-Identifier: Apache-2.0
// The answer to a command that came as a message. It stands in the feed between the events and is
// sent from there. Bytes written here are read until the next start at least.
#pragma once

#include "protocol/arrival.hpp"
#include "protocol/ids.hpp"
#include "protocol/ingestion_job.hpp"
#include "protocol/result.hpp"
#include "protocol/time.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace dossier {

/// A command for a document took effect, now or when it came before.
struct command_done {
  entity_id document;
  std::uint64_t version = 0;                  ///< Of the document after it.
  std::optional<timestamp> upload_expires_at; ///< Of a create: an upload is granted until then.
};

/// A job was asked for and is there, since now or since it was first asked for.
struct job_taken {
  entity_id job;
  std::uint64_t version = 0;
  ingestion::status status = ingestion::status::accepted;
};

using command_outcome = std::variant<command_done, job_taken, failure>;

struct command_reply {
  std::string command;    ///< Its type.
  std::string command_id; ///< Its event's id.
  std::string customer;   ///< May be empty.
  std::string traceparent;
  timestamp at;
  command_outcome outcome;
};

/// The reply to who sent `a`; empty if nobody is answered.
std::string encode_reply(const arrival& a, timestamp at, const command_outcome& outcome);
/// corrupt for what encode_reply() did not write.
result<command_reply> decode_reply(std::string_view bytes);

} // namespace dossier

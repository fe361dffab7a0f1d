// SPDX-License-Identifier: Apache-2.0
// One decision, whole: what one entity's command changes in the store. All of it becomes durable or
// none.
#pragma once

#include "protocol/arrival.hpp"
#include "protocol/ids.hpp"
#include "protocol/projection.hpp"
#include "protocol/result.hpp"
#include "protocol/timer.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace dossier {

/// What a repeated command id is answered with.
struct stored_answer {
  command_id id;
  sha256_digest fingerprint{}; ///< Of the request's body: the same id with another body is refused.
  timestamp expires_at;        ///< After this the row may vanish.
  std::string bytes;           ///< The kind's encoding of its answer.
};

/// A state row: a cache of the events up to `version`. `format` says how `bytes` are to be read.
struct state_row {
  std::uint64_t version = 0;
  std::uint8_t format = 0;
  std::string bytes;
};

struct batch {
  entity_ref entity;
  std::uint64_t expected_version = 0; ///< The entity's last sequence; checked when written.
  std::vector<std::string> events;    ///< Encoded envelopes; sequences follow expected_version.
  std::optional<state_row> state;
  std::vector<projection> projections_put;
  std::vector<projection> projections_erased;
  std::vector<timer> timers_set;
  std::vector<timer> timers_erased;
  std::optional<stored_answer> answer;
  std::optional<inbox_place> handled; ///< The message that this is the effect of.
  std::string reply; ///< What its sender is told, behind the events in the feed; empty: nothing.
};

/// No batch is larger: the whole of it must fit into one write.
inline constexpr std::size_t batch_bytes_max = 256u << 20;

/// About how many bytes a batch takes in the log.
std::size_t bytes_of(const batch& b);

/// How many rows of its shard's feed the batch becomes: its events, and the reply behind them.
inline std::size_t feed_rows_of(const batch& b) {
  return b.events.size() + (b.reply.empty() ? 0 : 1);
}

/// What every journal refuses before it looks at its rows: too_large, or internal for what only a
/// bug of the sender makes (rows that no reader would find, names that no key can hold).
result<void> check_batch(const batch& b, shard_number shard_count);

/// The two refusals of a well-formed batch, both conflict.
failure version_conflict(const batch& b);
failure answer_conflict(const batch& b);

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// The rules of an ingestion job's life. Pure: no clock, dice, I/O or CAF; everything arrives as an
// argument.
#pragma once

#include "protocol/context.hpp"
#include "protocol/ingestion.hpp"
#include "protocol/ingestion_view.hpp"
#include "protocol/projection.hpp"
#include "protocol/timer.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace dossier::ingestion {

struct policy {
  /// A larger file is split. Below it, finding the places to cut costs more than a second worker
  /// gains.
  std::uint64_t chunk_threshold_bytes = 64ull << 20;
  /// A chunk has at least so many, but for the last. A second of one worker's time: as much is lost
  /// when the process ends, and progress moves as often. At least 1.
  std::uint64_t chunk_bytes = 16ull << 20;
  /// Larger files have larger chunks. A chunk takes about 18 bytes of the state row, so with so
  /// many it has 74 KB, and is written at every sixteenth event of theirs. At least 1.
  std::uint32_t chunks_max = 4'096;
  std::uint64_t file_bytes_max = 1ull << 40; ///< At most 2^43.
  /// Of each chunk, the first counts. With these waits a store may be away for half a minute.
  std::uint32_t attempts_max = 6;
  std::int64_t wait_ms_min = 1'000;  ///< After the first failure; doubled after each. At least 1.
  std::int64_t wait_ms_max = 16'000; ///< No wait is longer, but for its jitter. At most 2^31.
  std::uint32_t jitter_percent = 25; ///< A wait is longer by up to this share. At most 100.
  /// A chunk that was begun so often without a report is given up: it may be what ends the process.
  /// More than attempts_max, since a restart is seldom the chunk's fault.
  std::uint32_t interruptions_max = 24;
  /// A job that asks for no limits has these, and none may ask for more. Each reject is a row to
  /// look at and to repair; a file with more of them was read with the wrong schema.
  reject_limits limits{1'000'000, 1'000'000};
};

/// How many bytes a split goes on before it cuts at the next record's start: so no file has more
/// than chunks_max.
std::uint64_t piece_bytes(const policy& p, std::uint64_t file_bytes);

/// How long to wait after failure `failures` (from 1): as letters do.
milliseconds wait_after(const policy& p, std::uint32_t failures, std::uint32_t dice);

/// What every job has.
struct facts {
  ingestion::submission submission;
  reject_limits limits;
  job_type type = job_type::single_file;
  std::vector<chunk> chunks; ///< Chunk n is at n - 1. Empty until the file is split or queued.
  ingestion::troubles troubles;
  std::optional<ingestion::pace> pace;
  bool are_keys_compared = false; ///< Since its chunks have ended, or none had a row.
  timestamp accepted_at;
  timestamp updated_at;
  bool operator==(const facts&) const = default;
};

// Phases are types, not flags.
struct absent {
  bool operator==(const absent&) const = default;
};
/// Nobody has taken it up.
struct queued {
  ingestion::facts facts;
  bool operator==(const queued&) const = default;
};
/// Of master jobs only. It has no chunks.
struct splitting {
  ingestion::facts facts;
  bool operator==(const splitting&) const = default;
};
/// Has chunks, and not all of them have ended.
struct working {
  ingestion::facts facts;
  bool operator==(const working&) const = default;
};
/// No chunk runs or waits. May be retried unless all has succeeded.
struct ended {
  ingestion::facts facts;
  status how = status::succeeded;
  std::optional<failure_cause> cause; ///< If it failed by other than its chunks.
  std::string why;                    ///< Likewise, or why it was cancelled.
  timestamp at;
  bool operator==(const ended&) const = default;
};
using state = std::variant<absent, queued, splitting, working, ended>;

/// The one timer of a job: the earliest wait of a chunk is over.
inline constexpr std::string_view retry_timer = "retry";

/// Texts that say why are kept up to this many bytes, with a question mark for each byte that is no
/// UTF-8.
inline constexpr std::size_t why_bytes_max = 200;

/// Says what must be recorded for `c`, or why it is refused: not_found of a job or chunk that there
/// is none of, conflict of what its status does not allow, too_large of a file, invalid_argument of
/// values that cannot be, content_mismatch of a chunk that has other records than the split saw.
///
/// A report counts if it is of the attempt that is running; every other one is of an attempt that
/// was overtaken and changes nothing. When a chunk ends, or a repair changes what the job came to,
/// the job's end is decided with it, from the set of all chunks.
result<std::vector<event>> decide(const state& s, std::uint64_t version, const command& c,
                                  const context& ctx, const policy& p);
/// Folds one recorded event into the state; an impossible pair is a bug.
void evolve(state& s, const event& e, const occurrence& o);

/// What the chunks come to, if that is decided: a limit is passed, or all of them have ended.
/// Whatever order they end in, status and cause are the same, because rejects only grow and the
/// number of records is known before.
std::optional<event> ending_of(const facts& f);
/// Whether nothing but the comparison of its rows' keys is left to do.
bool wants_comparison(const facts& f);

/// Requires a job that exists.
status status_of(const state& s);
const facts* facts_of(const state& s); ///< Nullptr of a job that does not exist.
/// Requires a job that exists.
view view_of(const state& s, std::uint64_t version);
std::vector<timer> timers_of(const state& s);
std::vector<projection> projections_of(const state& s);

/// The state row's form. Raise it with any change: older rows are refolded from events.
inline constexpr std::uint8_t state_format = 3;
std::string encode_state(const state& s);
/// The state as operators see it, a JSON object with its phase, the chunks by their counts. Written
/// only, never read back.
std::string to_json(const state& s);
/// corrupt on anything encode_state could not have written with this format.
result<state> decode_state(std::string_view bytes);

} // namespace dossier::ingestion

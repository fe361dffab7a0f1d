// SPDX-License-Identifier: Apache-2.0
// Which rows of a job are to be published at which of its events: all of them as soon as it has
// ended well and somebody wants them, and after that those that came since, by a retry or a repair.
// Follows from the job's history alone, so it is found out again after a kill. Pure.
#pragma once

#include "protocol/ingestion_event.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace dossier::ingestion {

/// The rows of one chunk: all of it, or these records.
struct chunk_due {
  bool is_whole = false;
  std::vector<std::uint64_t> records; ///< Ascending, each once; of none that is whole.
  bool operator==(const chunk_due&) const = default;
};
/// By the numbers of the chunks, so in the order of the file.
using due_chunks = std::map<std::uint32_t, chunk_due>;

class rows_due {
public:
  /// Whether an event of this type may make rows due. Cheap: it is asked for every event.
  static bool may_be_at(std::string_view event_type);

  /// Takes the job's next event, from the first on. What is due at it; empty: nothing.
  due_chunks take(const event& e);

private:
  void owe(const repaired& e);
  /// Whatever is owed, if it can be given now.
  due_chunks settle();

  bool publishes_rows_ = false;
  bool has_ended_well_ = false; ///< As Succeeded or PartiallySucceeded, and nothing since.
  due_chunks owed_;
};

} // namespace dossier::ingestion

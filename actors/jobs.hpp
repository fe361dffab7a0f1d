// SPDX-License-Identifier: Apache-2.0
// What the edge and the ingester may do with ingestion jobs: send one a command, look for some.
// Hides regions, shells and the journal. Thread-safe.
#pragma once

#include "actors/entity/reply.hpp"
#include "actors/history.hpp"
#include "persistence/journal.hpp"
#include "protocol/ingestion.hpp"
#include "protocol/ingestion_view.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier {

/// A job as read.
struct found_job {
  entity_id id;
  ingestion::view view;
};

/// Newest first. `next` is where the following page starts; nullopt at the end. A page may be short
/// or empty with a `next` when the customer passes few of the jobs that were looked at.
struct job_page {
  std::vector<found_job> items;
  std::optional<listing> next;
};

class jobs {
public:
  virtual ~jobs() = default;

  /// Follows from the submission: the same one again is the same job.
  virtual entity_id id_of(const ingestion::submission& made_of) const = 0;
  /// Sends a command. `done` is answered exactly once, on any thread, after the effect is durable;
  /// busy when the job's or the region's queue is full, quarantined when its history cannot be
  /// read, unavailable when the outcome is unknown (the caller repeats).
  virtual void submit(const entity_id& id, ingestion::command what, command_meta meta,
                      std::shared_ptr<reply<ingestion::view>> done)
    = 0;

  // Reads of committed state; they wake no actor and block on the disk.

  /// not_found if it never existed.
  virtual result<found_job> find(const entity_id& id) const = 0;
  /// The jobs of one of ingestion's lists, of one customer or of all.
  virtual result<job_page> list(std::string_view list, const std::optional<std::string>& customer,
                                const std::optional<listing>& after, std::size_t limit) const = 0;
  virtual result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                                     std::size_t limit) const = 0;
  /// Reads what stored_answer::bytes of a command to a job holds.
  virtual result<answer<ingestion::view>> decode_answer(std::string_view bytes) const = 0;
};

} // namespace dossier

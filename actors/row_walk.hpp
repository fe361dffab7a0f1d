// SPDX-License-Identifier: Apache-2.0
// Goes through the rows of a job that are due at one of its events, in the order of their records,
// and makes the message of each. Can be begun behind any record. One thread at a time; blocks on
// the disk.
#pragma once

#include "actors/ingestion/rows_due.hpp"
#include "actors/stored_chunks.hpp"
#include "config/row_schema_registry.hpp"
#include "persistence/chunk_cursor.hpp"
#include "persistence/event_sink.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace dossier {

/// How a row becomes a message. The same for every row.
struct row_wire {
  std::string topic_prefix; ///< kafka.rows_topic_prefix
  std::string source;       ///< kafka.source
  std::uint32_t partitions = 1;
};

/// The CloudEvents type of a row.
inline constexpr std::string_view row_event_type = "dossier.ingestion.row";
/// What the dataschema of a row names beside the schema's version.
std::string row_schema_type(std::string_view schema_name);

/// A row as a CloudEvent in binary mode, whatever mode events are sent in: its value is the row as
/// GET /api/jobs/{id}/records shows it, its key the value of the schema's key column as that JSON
/// shows it, its partition the one that Kafka's default partitioner takes for the key. `at`: when
/// it became due. corrupt if the row is damaged or the schema has no key.
result<outgoing> row_message(const row_wire& wire, const entity_id& job, timestamp at,
                             const csv::schema& schema, const csv::row_block_reader& block,
                             std::uint32_t row);

/// Where the rows are. All outlive the walk.
struct row_walk_sources {
  const jobs& all;
  const row_store& rows;
  const row_schema_registry& schemas;
};

class row_walk {
public:
  /// Takes the message of a record; false: not now, it comes again with the next call.
  using visit = std::function<bool(std::uint64_t record, const outgoing& message)>;

  /// Rows become due at `at`; begins behind the record `after`.
  row_walk(const row_walk_sources& from, row_wire wire, entity_id job, timestamp at,
           ingestion::due_chunks due, std::uint64_t after);

  /// Offers at most `limit` rows. A failure leaves it where it is: try again, or, if what is wrong
  /// does not pass, pass_over() what is left of the chunk.
  result<void> go_on(std::uint64_t limit, const visit& offer);
  void pass_over();
  /// Lets go of what it keeps in memory for the rows that come next, about two blocks of rows; it
  /// is read again with the next call.
  void rest() { rows_.reset(); }
  /// There are no more rows.
  bool is_at_end() const { return at_ == due_.end(); }
  /// Begins anew behind a record.
  void go_back(std::uint64_t after);

  const entity_id& job() const { return job_; }
  timestamp at() const { return due_at_; }
  /// The chunk that it stands in. Not at the end.
  std::uint32_t chunk() const { return at_->first; }

private:
  result<void> open();
  /// Each is true when there is nothing left in the chunk.
  result<bool> show_chunk(std::uint64_t& left, const visit& offer);
  result<bool> show_whole(std::uint64_t& left, const visit& offer);
  result<bool> show_records(std::uint64_t& left, const visit& offer);
  /// False: the walk stops here for now.
  result<bool> show(const row_cursor& at, std::uint64_t& left, const visit& offer);
  void leave_chunk();

  const row_walk_sources from_;
  const row_wire wire_;
  const entity_id job_;
  const timestamp due_at_;
  const ingestion::due_chunks due_;
  ingestion::due_chunks::const_iterator at_;
  std::uint64_t next_ = 0;               ///< No row before this record is offered.
  std::optional<found_job> seen_;        ///< The job when it was last looked at.
  std::optional<chunk_row_cursor> rows_; ///< Of the chunk at at_, once it is open.
  std::shared_ptr<const csv::schema> schema_;
};

} // namespace dossier

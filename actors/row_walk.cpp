// SPDX-License-Identifier: Apache-2.0
#include "actors/row_walk.hpp"

#include "protocol/cloud_event.hpp"
#include "protocol/csv/row_json.hpp"

#include <algorithm>
#include <utility>

namespace dossier {

std::string row_schema_type(std::string_view schema_name) {
  return std::string(row_event_type) + '.' + std::string(schema_name);
}

result<outgoing> row_message(const row_wire& wire, const entity_id& job, timestamp at,
                             const csv::schema& schema, const csv::row_block_reader& block,
                             std::uint32_t row) {
  if (!schema.key)
    return fail(errc::corrupt, "the schema " + schema.name + " of stored rows has no key column");
  auto key = csv::shown_value(schema, block, row, *schema.key);
  if (!key)
    return key.error();
  json_writer value;
  if (auto written = csv::write_row(value, schema, block, row); !written)
    return written.error();
  cloud_event e;
  // Not like the ids of the job's own events, which have a number behind the job's id.
  e.id = job.text() + "-row-" + std::to_string(block.number(row));
  e.source = wire.source;
  e.type = row_event_type;
  e.subject = entity_ref{entity_kind::job, job}.text();
  e.time = at;
  e.dataschema = schema_uri(row_schema_type(schema.name), schema.version);
  e.data = value.take();
  auto message = to_binary(e);
  const auto partition = shard_of(*key, static_cast<shard_number>(wire.partitions));
  return outgoing{wire.topic_prefix + schema.name, partition, std::move(*key),
                  std::move(message.headers), std::move(message.value)};
}

row_walk::row_walk(const row_walk_sources& from, row_wire wire, entity_id job, timestamp at,
                   ingestion::due_chunks due, std::uint64_t after)
  : from_(from)
  , wire_(std::move(wire))
  , job_(job)
  , due_at_(at)
  , due_(std::move(due)) {
  go_back(after);
}

void row_walk::go_back(std::uint64_t after) {
  rows_.reset();
  at_ = due_.begin();
  next_ = after + 1;
}

void row_walk::leave_chunk() {
  rows_.reset();
  ++at_;
}

void row_walk::pass_over() {
  if (!is_at_end())
    leave_chunk();
}

result<void> row_walk::go_on(std::uint64_t limit, const visit& offer) {
  for (auto left = limit; left > 0 && !is_at_end();) {
    const auto is_over = show_chunk(left, offer);
    if (!is_over) {
      // Whoever tries again looks at all of it anew.
      rows_.reset();
      seen_.reset();
      return is_over.error();
    }
    if (!*is_over)
      return {};
    leave_chunk();
  }
  return {};
}

result<bool> row_walk::show_chunk(std::uint64_t& left, const visit& offer) {
  if (!rows_)
    if (auto opened = open(); !opened)
      return opened.error();
  if (!rows_)
    return true;
  return at_->second.is_whole ? show_whole(left, offer) : show_records(left, offer);
}

/// Nothing is open then if the chunk lies before the place where the walk began.
result<void> row_walk::open() {
  if (!seen_) {
    auto job = from_.all.find(job_);
    if (!job)
      return job.error();
    seen_ = std::move(*job);
  }
  const auto& chunks = seen_->view.chunks;
  const auto number = at_->first;
  if (number == 0 || number > chunks.size())
    return fail(errc::corrupt, "the job has no chunk " + std::to_string(number));
  const auto& c = chunks[number - 1];
  if (c.record + c.extent.records <= next_)
    return {};
  auto opened = open_chunk_rows(from_.rows, from_.all, *seen_, number);
  if (!opened)
    return opened.error();
  auto schema = from_.schemas.of_text(opened->schema_text());
  if (!schema)
    return schema.error();
  rows_.emplace(std::move(*opened));
  schema_ = std::move(*schema);
  return {};
}

result<bool> row_walk::show(const row_cursor& at, std::uint64_t& left, const visit& offer) {
  const auto message = row_message(wire_, job_, due_at_, *schema_, at.block(), at.row());
  if (!message)
    return message.error();
  if (!offer(at.number(), *message)) {
    left = 0;
    return false;
  }
  next_ = at.number() + 1;
  return --left > 0;
}

result<bool> row_walk::show_whole(std::uint64_t& left, const visit& offer) {
  auto moved = rows_->seek(next_);
  for (; moved && rows_->number() != no_record; moved = rows_->next()) {
    const auto goes_on = show(rows_->at(), left, offer);
    if (!goes_on || !*goes_on)
      return goes_on;
  }
  return moved ? result<bool>(true) : moved.error();
}

result<bool> row_walk::show_records(std::uint64_t& left, const visit& offer) {
  const auto& records = at_->second.records;
  for (auto record = std::ranges::lower_bound(records, next_); record != records.end(); ++record) {
    if (auto sought = rows_->seek(*record); !sought)
      return sought.error();
    // It may be a reject again: the key is another row's by now.
    if (rows_->number() != *record)
      continue;
    const auto goes_on = show(rows_->at(), left, offer);
    if (!goes_on || !*goes_on)
      return goes_on;
  }
  return true;
}

} // namespace dossier

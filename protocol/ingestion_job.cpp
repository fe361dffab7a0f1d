// SPDX-License-Identifier: Apache-2.0
#include "protocol/ingestion_job.hpp"

#include "protocol/json_text.hpp"

#include <algorithm>
#include <charconv>

namespace dossier::ingestion {

namespace {

/// The value of this name among those from 1 on that have one.
template <class E>
result<E> parse_name(std::string_view name, std::string_view what) {
  for (std::uint8_t code = 1; to_string(static_cast<E>(code)) != "unknown"; ++code)
    if (to_string(static_cast<E>(code)) == name)
      return static_cast<E>(code);
  return fail(errc::invalid_argument,
              "\"" + std::string(name) + "\" is no " + std::string(what) + " of a job");
}

failure no_correlation_id() {
  return fail(errc::invalid_argument,
              "a correlation id is the 29 characters of a job's id, and for one of its chunks a "
              "hyphen and the chunk's number after it");
}

} // namespace

std::string_view to_string(status s) {
  switch (s) {
  case status::accepted:
    return "Accepted";
  case status::chunking:
    return "Chunking";
  case status::chunks_queued:
    return "ChunksQueued";
  case status::queued_for_processing:
    return "QueuedForProcessing";
  case status::processing:
    return "Processing";
  case status::succeeded:
    return "Succeeded";
  case status::partially_succeeded:
    return "PartiallySucceeded";
  case status::failed:
    return "Failed";
  case status::cancelled:
    return "Cancelled";
  }
  return "unknown";
}

std::string_view to_string(job_type t) {
  switch (t) {
  case job_type::master:
    return "Master";
  case job_type::chunk:
    return "Chunk";
  case job_type::single_file:
    return "SingleFile";
  }
  return "unknown";
}

std::string_view to_string(failure_cause c) {
  switch (c) {
  case failure_cause::split:
    return "split";
  case failure_cause::rejects:
    return "rejects";
  case failure_cause::rejects_ratio:
    return "rejects-ratio";
  case failure_cause::keys:
    return "keys";
  }
  return "unknown";
}

std::string_view to_string(chunk_phase p) {
  switch (p) {
  case chunk_phase::ready:
    return "ready";
  case chunk_phase::running:
    return "running";
  case chunk_phase::waiting:
    return "waiting";
  case chunk_phase::finished:
    return "finished";
  case chunk_phase::failed:
    return "failed";
  }
  return "unknown";
}

result<status> parse_status(std::string_view name) {
  return parse_name<status>(name, "status");
}

result<job_type> parse_job_type(std::string_view name) {
  return parse_name<job_type>(name, "type");
}

result<failure_cause> parse_failure_cause(std::string_view name) {
  return parse_name<failure_cause>(name, "cause of failure");
}

std::string correlation_id::text() const {
  return number ? job.text() + '-' + std::to_string(*number) : job.text();
}

result<correlation_id> correlation_id::parse(std::string_view text) {
  const auto id = entity_id::parse(text.substr(0, entity_id::text_size));
  if (!id)
    return no_correlation_id();
  if (text.size() == entity_id::text_size)
    return correlation_id{*id, std::nullopt};
  std::uint32_t number = 0;
  const auto digits = text.substr(entity_id::text_size + 1);
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  const correlation_id read{*id, number};
  // No sign, no zero in front, nothing behind.
  if (number == 0 || read.text() != text)
    return no_correlation_id();
  return read;
}

std::array<std::uint8_t, 10> dice_of(const submission& s) {
  // JSON keeps the members apart, whatever is in them.
  json_writer w;
  w.begin_array();
  w.string("job").string(s.customer).string(to_hex(s.sha256)).string(s.schema_name);
  w.number(s.schema_version).string(s.options);
  w.end_array();
  const auto digest = sha256_of(w.take());
  std::array<std::uint8_t, 10> dice{};
  std::copy_n(digest.begin(), dice.size(), dice.begin());
  return dice;
}

entity_id id_of(const submission& s, shard_number shard) {
  return entity_id::make(timestamp{}, shard, dice_of(s));
}

bool is_same_job(const submission& a, const submission& b) {
  return a.customer == b.customer && a.sha256 == b.sha256 && a.schema_name == b.schema_name
         && a.schema_version == b.schema_version && a.options == b.options;
}

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
// The events of ingestion jobs as JSON and back. Every shape that was ever written stays in
// `shapes`.
#include "protocol/event_members.hpp"
#include "protocol/ingestion_event.hpp"
#include "protocol/json_text.hpp"

namespace dossier::ingestion {

namespace {

constexpr std::string_view accepted_type = "JobAcceptedEvent";
constexpr std::string_view started_type = "JobStartedEvent";
constexpr std::string_view chunked_type = "JobChunkedEvent";
constexpr std::string_view chunk_started_type = "JobChunkStartedEvent";
constexpr std::string_view chunk_finished_type = "JobChunkFinishedEvent";
constexpr std::string_view chunk_retry_scheduled_type = "JobChunkRetryScheduledEvent";
constexpr std::string_view chunk_retries_due_type = "JobChunkRetriesDueEvent";
constexpr std::string_view chunk_failed_type = "JobChunkFailedEvent";
constexpr std::string_view finished_type = "JobFinishedEvent";
constexpr std::string_view failed_type = "JobFailedEvent";
constexpr std::string_view cancelled_type = "JobCancelledEvent";
constexpr std::string_view chunks_retried_type = "JobChunksRetriedEvent";
constexpr std::string_view keys_compared_type = "JobKeysComparedEvent";
constexpr std::string_view repaired_type = "JobRepairedEvent";
constexpr std::string_view publication_requested_type = "JobPublicationRequestedEvent";

class writing {
public:
  writing() { w_.begin_object(); }

  encoded_event operator()(const accepted& e) {
    const auto& s = e.submission;
    w_.key("type").string(to_string(e.type));
    w_.key("customerId").string(s.customer);
    w_.key("originalFileName").string(s.original_file_name);
    w_.key("blobName").string(s.blob_name);
    w_.key("containerName").string(s.container_name);
    w_.key("sha256").string(to_hex(s.sha256));
    w_.key("bytes").number(s.bytes);
    w_.key("schema").string(s.schema_name);
    w_.key("schemaVersion").number(s.schema_version);
    w_.key("options").string(s.options);
    w_.key("kept").boolean(s.is_kept);
    if (s.has_unique_keys)
      w_.key("uniqueKeys").boolean(true);
    if (s.publishes_rows)
      w_.key("publish").boolean(true);
    limits(e.limits);
    return done(accepted_type);
  }
  encoded_event operator()(const started&) { return done(started_type); }
  encoded_event operator()(const chunked& e) {
    w_.key("begin").number(e.begin);
    w_.key("line").number(e.line);
    w_.key("chunks").begin_array();
    for (const auto& p : e.pieces) {
      w_.begin_object();
      w_.key("bytes").number(p.bytes);
      w_.key("records").number(p.records);
      w_.key("lines").number(p.lines);
      w_.end_object();
    }
    w_.end_array();
    return done(chunked_type);
  }
  encoded_event operator()(const chunk_started& e) {
    attempt(e);
    return done(chunk_started_type);
  }
  encoded_event operator()(const chunk_finished& e) {
    attempt(e);
    w_.key("rows").number(e.rows);
    w_.key("rejects").number(e.rejects);
    w_.key("emptyLines").number(e.empty_lines);
    return done(chunk_finished_type);
  }
  encoded_event operator()(const chunk_retry_scheduled& e) {
    attempt(e);
    w_.key("due").time(e.due);
    w_.key("why").string(e.why);
    return done(chunk_retry_scheduled_type);
  }
  encoded_event operator()(const chunk_retries_due& e) {
    w_.key("until").time(e.until);
    return done(chunk_retries_due_type);
  }
  encoded_event operator()(const chunk_failed& e) {
    attempt(e);
    w_.key("why").string(e.why);
    return done(chunk_failed_type);
  }
  encoded_event operator()(const finished& e) {
    w_.key("status").string(to_string(e.status));
    w_.key("successfulChunks").number(e.successful_chunks);
    w_.key("failedChunks").number(e.failed_chunks);
    w_.key("rows").number(e.rows);
    w_.key("rejects").number(e.rejects);
    return done(finished_type);
  }
  encoded_event operator()(const failed& e) {
    w_.key("cause").string(to_string(e.cause));
    w_.key("why").string(e.why);
    return done(failed_type);
  }
  encoded_event operator()(const cancelled& e) {
    w_.key("reason").string(e.reason);
    return done(cancelled_type);
  }
  encoded_event operator()(const chunks_retried& e) {
    if (e.limits)
      limits(*e.limits);
    return done(chunks_retried_type);
  }
  encoded_event operator()(const keys_compared& e) {
    w_.key("corrections").begin_array();
    for (const auto& c : e.corrections) {
      w_.begin_object();
      w_.key("chunk").number(c.number);
      w_.key("revision").number(c.revision);
      w_.key("duplicates").number(c.duplicates);
      w_.end_object();
    }
    w_.end_array();
    return done(keys_compared_type);
  }
  encoded_event operator()(const repaired& e) {
    w_.key("chunk").number(e.number);
    w_.key("revision").number(e.revision);
    w_.key("records").begin_array();
    for (const auto record : e.records) {
      w_.begin_object();
      w_.key("record").number(record);
      w_.end_object();
    }
    w_.end_array();
    w_.key("rows").number(e.rows);
    w_.key("rejectsLeft").number(e.rejects_left);
    return done(repaired_type);
  }
  encoded_event operator()(const publication_requested&) {
    return done(publication_requested_type);
  }

private:
  template <class Event>
  void attempt(const Event& e) {
    w_.key("chunk").number(e.number);
    w_.key("attempt").number(e.attempt);
  }
  void limits(const reject_limits& l) {
    w_.key("rejectsMax").number(l.rejects_max);
    w_.key("rejectsPpmMax").number(l.rejects_ppm_max);
  }
  encoded_event done(std::string_view type) {
    w_.end_object();
    return {type, 1, w_.take()};
  }

  json_writer w_;
};

reject_limits read_limits(event_members& m) {
  const auto rejects_max = m.number<std::uint64_t>("rejectsMax");
  return {rejects_max, m.number<std::uint32_t>("rejectsPpmMax")};
}

/// What has a name of its own.
template <class E>
E read_name(event_members& m, const char* name, result<E> (*parse)(std::string_view)) {
  const auto read = parse(m.text(name));
  return read ? *read : m.wrong<E>(name, "a name that this version has");
}

template <class Event>
Event read_attempt(event_members& m) {
  Event e;
  e.number = m.number<std::uint32_t>("chunk");
  e.attempt = m.number<std::uint32_t>("attempt");
  return e;
}

event read_accepted_1(event_members& m) {
  accepted e;
  e.type = read_name(m, "type", &parse_job_type);
  if (e.type == job_type::chunk)
    m.wrong<int>("type", "a type of jobs");
  e.submission.customer = m.text("customerId");
  e.submission.original_file_name = m.text("originalFileName");
  e.submission.blob_name = m.text("blobName");
  e.submission.container_name = m.text("containerName");
  e.submission.sha256 = m.sha256("sha256");
  e.submission.bytes = m.number<std::uint64_t>("bytes");
  e.submission.schema_name = m.text("schema");
  e.submission.schema_version = m.number<std::uint32_t>("schemaVersion");
  e.submission.options = m.text("options");
  e.submission.is_kept = m.boolean("kept");
  e.submission.has_unique_keys = m.has("uniqueKeys") && m.boolean("uniqueKeys");
  e.submission.publishes_rows = m.has("publish") && m.boolean("publish");
  e.limits = read_limits(m);
  return e;
}

event read_started_1(event_members&) {
  return started{};
}

event read_chunked_1(event_members& m) {
  chunked e;
  e.begin = m.number<std::uint64_t>("begin");
  e.line = m.number<std::uint64_t>("line");
  m.each("chunks", [&e](event_members& item) {
    piece p;
    p.bytes = item.number<std::uint64_t>("bytes");
    p.records = item.number<std::uint64_t>("records");
    p.lines = item.number<std::uint64_t>("lines");
    e.pieces.push_back(p);
  });
  return e;
}

event read_chunk_started_1(event_members& m) {
  return read_attempt<chunk_started>(m);
}

event read_chunk_finished_1(event_members& m) {
  auto e = read_attempt<chunk_finished>(m);
  e.rows = m.number<std::uint64_t>("rows");
  e.rejects = m.number<std::uint64_t>("rejects");
  e.empty_lines = m.number<std::uint64_t>("emptyLines");
  return e;
}

event read_chunk_retry_scheduled_1(event_members& m) {
  auto e = read_attempt<chunk_retry_scheduled>(m);
  e.due = m.time("due");
  e.why = m.text("why");
  return e;
}

event read_chunk_retries_due_1(event_members& m) {
  return chunk_retries_due{m.time("until")};
}

event read_chunk_failed_1(event_members& m) {
  auto e = read_attempt<chunk_failed>(m);
  e.why = m.text("why");
  return e;
}

event read_finished_1(event_members& m) {
  finished e;
  e.status = read_name(m, "status", &parse_status);
  e.successful_chunks = m.number<std::uint32_t>("successfulChunks");
  e.failed_chunks = m.number<std::uint32_t>("failedChunks");
  e.rows = m.number<std::uint64_t>("rows");
  e.rejects = m.number<std::uint64_t>("rejects");
  return e;
}

event read_failed_1(event_members& m) {
  failed e;
  e.cause = read_name(m, "cause", &parse_failure_cause);
  e.why = m.text("why");
  return e;
}

event read_cancelled_1(event_members& m) {
  return cancelled{m.text("reason")};
}

event read_chunks_retried_1(event_members& m) {
  chunks_retried e;
  if (m.has("rejectsMax"))
    e.limits = read_limits(m);
  return e;
}

event read_keys_compared_1(event_members& m) {
  keys_compared e;
  m.each("corrections", [&e](event_members& item) {
    correction c;
    c.number = item.number<std::uint32_t>("chunk");
    c.revision = item.number<std::uint32_t>("revision");
    c.duplicates = item.number<std::uint64_t>("duplicates");
    e.corrections.push_back(c);
  });
  return e;
}

event read_repaired_1(event_members& m) {
  repaired e;
  e.number = m.number<std::uint32_t>("chunk");
  e.revision = m.number<std::uint32_t>("revision");
  m.each("records",
         [&e](event_members& item) { e.records.push_back(item.number<std::uint64_t>("record")); });
  e.rows = m.number<std::uint64_t>("rows");
  e.rejects_left = m.number<std::uint64_t>("rejectsLeft");
  return e;
}

event read_publication_requested_1(event_members&) {
  return publication_requested{};
}

// Frozen: lines are added, none is ever changed or taken away.
constexpr event_shape<event> shapes[] = {
  {accepted_type, 1, read_accepted_1},
  {started_type, 1, read_started_1},
  {chunked_type, 1, read_chunked_1},
  {chunk_started_type, 1, read_chunk_started_1},
  {chunk_finished_type, 1, read_chunk_finished_1},
  {chunk_retry_scheduled_type, 1, read_chunk_retry_scheduled_1},
  {chunk_retries_due_type, 1, read_chunk_retries_due_1},
  {chunk_failed_type, 1, read_chunk_failed_1},
  {finished_type, 1, read_finished_1},
  {failed_type, 1, read_failed_1},
  {cancelled_type, 1, read_cancelled_1},
  {chunks_retried_type, 1, read_chunks_retried_1},
  {keys_compared_type, 1, read_keys_compared_1},
  {repaired_type, 1, read_repaired_1},
  {publication_requested_type, 1, read_publication_requested_1},
};

} // namespace

encoded_event encode(const event& e) {
  return std::visit(writing{}, e);
}

result<event> decode_event(std::string_view type, std::uint32_t version, std::string_view data) {
  return decode_shape(shapes, type, version, data);
}

} // namespace dossier::ingestion

// SPDX-License-Identifier: Apache-2.0
#include "config/options.hpp"

#include "config/option_checks.hpp"

#include <algorithm>
#include <tuple>

namespace dossier {

namespace {

template <class Group, class T>
setting_field field_of(settings& s, T Group::*member) {
  auto groups = std::tie(s.listen, s.http, s.storage, s.actors, s.timers, s.documents, s.letters,
                         s.kafka, s.webhooks, s.ingestion, s.security, s.log);
  return &(std::get<Group&>(groups).*member);
}

template <auto Member>
setting_field at(settings& s) {
  return field_of(s, Member);
}

using L = listen_settings;
using H = http_settings;
using S = storage_settings;
using A = actor_settings;
using T = timer_settings;
using D = document_settings;
using E = letter_settings;
using K = kafka_settings;
using W = webhook_settings;
using I = ingestion_settings;

constexpr std::int64_t hour_ms = 3'600'000;
constexpr std::int64_t year_s = 31'536'000;

// clang-format off
const option table[] = {
  {"listen.address", at<&L::address>,
   "Address to listen on. Others than this machine reach it only if this is changed.",
   "an IPv4 or IPv6 address", {}, is_ip_address},
  {"listen.port", at<&L::port>, "Port to listen on; 0 takes a free one.", "", {0, 65'535}},
  {"listen.public_url", at<&L::public_url>,
   "What signed URLs start with, if clients come through a proxy. Empty: the address above.",
   "http(s)://host[:port] without a path, or empty", {}, is_public_url},

  {"http.threads", at<&H::threads>, "Threads that serve connections.", "threads", {1, 256}},
  {"http.connections_max", at<&H::connections_max>,
   "Open connections. One more is answered with 503 and closed.", "connections", {1, 1'000'000}},
  {"http.in_flight_max", at<&H::in_flight_max>,
   "Requests being handled at once. One more is answered with 503.", "requests", {1, 1'000'000}},
  {"http.header_bytes_max", at<&H::header_bytes_max>,
   "Request line and header fields of one request.", "bytes", {1'024, 1'048'576}},
  {"http.header_fields_max", at<&H::header_fields_max>, "Header fields of one request.",
   "fields", {8, 1'000}},
  {"http.target_bytes_max", at<&H::target_bytes_max>, "Path and query of one request.",
   "bytes", {128, 65'536}},
  {"http.json_bytes_max", at<&H::json_bytes_max>, "Body of an API request.",
   "bytes", {1'024, 16'777'216}},
  {"http.content_bytes_max", at<&H::content_bytes_max>, "Body of one upload.",
   "bytes", {1, 1'125'899'906'842'624}},
  {"http.header_deadline_ms", at<&H::header_deadline_ms>,
   "From the first byte of a request to the end of its header.", "ms", {100, 600'000}},
  {"http.idle_deadline_ms", at<&H::idle_deadline_ms>,
   "How long a connection may wait for its next request.", "ms", {100, hour_ms}},
  {"http.json_deadline_ms", at<&H::json_deadline_ms>,
   "From the first to the last byte of an API request's body.", "ms", {100, 600'000}},
  {"http.body_rate_bytes_per_s_min", at<&H::body_rate_bytes_per_s_min>,
   "An upload or download that is slower than this is ended.", "bytes/s", {1, 1'000'000'000}},
  {"http.rate_grace_ms", at<&H::rate_grace_ms>,
   "How long an upload or download runs before the minimum rate counts.", "ms", {100, 600'000}},
  {"http.handler_deadline_ms", at<&H::handler_deadline_ms>,
   "How long a request waits for the core before it is answered with 503.", "ms", {100, 600'000}},
  {"http.stream_heartbeat_ms", at<&H::stream_heartbeat_ms>,
   "How often a stream of events without news sends a comment.", "ms", {100, 600'000}},
  {"http.poll_wait_s_max", at<&H::poll_wait_s_max>,
   "How long a page of events may wait for its first one; so long it waits when it has a place to "
   "go on from and does not say how long.", "s", {0, 600}},
  {"http.requests_per_connection_max", at<&H::requests_per_connection_max>,
   "Requests on one connection before it is closed.", "requests", {1, 1'000'000'000}},
  {"http.retry_after_s", at<&H::retry_after_s>,
   "What Retry-After tells those who are answered with 429 or 503.", "s", {1, 3'600}},
  {"http.drain_ms", at<&H::drain_ms>,
   "How long SIGTERM lets requests in flight finish.", "ms", {0, 600'000}},
  {"http.blob_threads", at<&H::blob_threads>,
   "Threads that hash, write and sync uploads.", "threads", {1, 256}},

  {"storage.data_dir", at<&S::data_dir>,
   "Directory of everything that is kept. It is made if it does not exist.",
   "a path of at most 1024 bytes", {}, is_path},
  {"storage.shards", at<&S::shards>,
   "Slices of the key space. Fixed when the data directory is made.", "shards", {1, 4'096}},
  {"storage.block_cache_mib", at<&S::block_cache_mib>,
   "Memory for blocks that were read from the database.", "MiB", {1, 1'048'576}},
  {"storage.recent_feed_mib", at<&S::recent_feed_mib>,
   "Memory for the newest events, so that who keeps up with them reads no disk.", "MiB",
   {0, 65'536}},
  {"storage.write_buffer_mib", at<&S::write_buffer_mib>,
   "Memory for rows that are not yet in the database's tables.", "MiB", {1, 4'096}},
  {"storage.wal_mib_max", at<&S::wal_mib_max>,
   "Size of the write-ahead log, and so of what a start reads again.", "MiB", {1, 65'536}},
  {"storage.group_batches_max", at<&S::group_batches_max>,
   "Decisions that share one sync.", "batches", {1, 65'536}},

  {"actors.threads", at<&A::threads>,
   "Threads that run actors. One decides more than a disk can sync; each more costs wake-ups.",
   "threads", {1, 256}},
  {"actors.active_max", at<&A::active_max>,
   "Actors of one kind in memory. Beyond it the longest unused ones go to sleep.",
   "actors", {1, 100'000'000}},
  {"actors.passivate_after_ms", at<&A::passivate_after_ms>,
   "How long an actor is unused before it goes to sleep.", "ms", {10, 86'400'000}},
  {"actors.pending_per_entity_max", at<&A::pending_per_entity_max>,
   "Commands that wait for one entity. One more is answered with 503.", "commands", {1, 65'536}},
  {"actors.pending_max", at<&A::pending_max>,
   "Commands that wait for all entities together. One more is answered with 503.",
   "commands", {1, 10'000'000}},
  {"actors.restart_backoff_ms_min", at<&A::restart_backoff_ms_min>,
   "Pause before a failed actor's first restart; each further one doubles it.", "ms", {1, hour_ms}},
  {"actors.restart_backoff_ms_max", at<&A::restart_backoff_ms_max>,
   "Longest pause between two restarts.", "ms", {1, hour_ms}},
  {"actors.restarts_max", at<&A::restarts_max>,
   "Restarts in a row after which an actor is quarantined until an operator looks.",
   "restarts", {1, 1'000}},
  {"actors.load_threads", at<&A::load_threads>,
   "Threads that read sleeping actors from the store.", "threads", {1, 64}},

  {"timers.horizon_ms", at<&T::horizon_ms>,
   "How far ahead timers are held in memory.", "ms", {100, hour_ms}},
  {"timers.rows_per_shard_max", at<&T::rows_per_shard_max>,
   "Timers of one shard that are held in memory.", "timers", {1, 1'000'000}},
  {"timers.in_flight_max", at<&T::in_flight_max>,
   "Timers that have fired and whose effect is not yet durable.", "timers", {1, 1'000'000}},
  {"timers.retry_ms_min", at<&T::retry_ms_min>,
   "Pause before a timer that failed fires again; each further one doubles it.",
   "ms", {1, hour_ms}},
  {"timers.retry_ms_max", at<&T::retry_ms_max>,
   "Longest pause between two attempts.", "ms", {1, hour_ms}},

  {"documents.expiring_leads_s", at<&D::expiring_leads_s>,
   "How long before its expiry a document is announced as expiring. Empty: not at all.",
   "s", {1, year_s}},
  {"documents.upload_grant_s", at<&D::upload_grant_s>,
   "How long an upload URL is good.", "s", {1, 604'800}},
  {"documents.download_grant_s", at<&D::download_grant_s>,
   "How long a download URL is good.", "s", {1, 604'800}},
  {"documents.abandon_after_s", at<&D::abandon_after_s>,
   "When a document goes that has no expiry and was never confirmed.", "s", {1, year_s}},
  {"documents.list_limit_max", at<&D::list_limit_max>,
   "Documents on one page of a list.", "documents", {1, 10'000}},
  {"documents.list_scan_max", at<&D::list_scan_max>,
   "Rows that are looked at for one page of a filtered list.", "rows", {1, 1'000'000}},
  {"documents.history_limit_max", at<&D::history_limit_max>,
   "Events on one page of a history.", "events", {1, 100'000}},
  {"documents.answers_kept_s", at<&D::answers_kept_s>,
   "How long a repeated Idempotency-Key is answered as the first time.", "s", {1, year_s}},

  {"letters.wait_ms_min", at<&E::wait_ms_min>,
   "Pause between a message's first attempt and its second; each further one doubles it.",
   "ms", {1, hour_ms}},
  {"letters.wait_ms_max", at<&E::wait_ms_max>,
   "Longest pause between two attempts of a message.", "ms", {1, hour_ms}},
  {"letters.retries_max", at<&E::retries_max>,
   "Attempts after the first before a message is dead.", "attempts", {0, 100}},
  {"letters.jitter_percent", at<&E::jitter_percent>,
   "Share of a pause that chance may put on top of it.", "percent", {0, 100}},
  {"letters.attempts_max", at<&E::attempts_max>,
   "Messages of one channel that are attempted at once. Others wait.", "messages", {1, 10'000}},
  {"letters.list_limit_max", at<&E::list_limit_max>,
   "Letters on one page of a list.", "letters", {1, 1'000}},
  {"letters.scan_max", at<&E::scan_max>,
   "Letters that are looked at for one page, one grouping or one step of a redrive.",
   "letters", {1, 1'000'000}},
  {"letters.scan_mib_max", at<&E::scan_mib_max>,
   "Messages that are held or looked at for the same. Then the page ends, the grouping is cut.",
   "MiB", {1, 65'536}},
  {"letters.dead_warn_above", at<&E::dead_warn_above>,
   "More dead letters than this are worth a warning.", "letters", {0, 1'000'000'000}},
  {"letters.redrive_step_max", at<&E::redrive_step_max>,
   "Letters of one redrive that are on their way at once, after the first and the next ten.",
   "letters", {1, 10'000}},
  {"letters.redrive_patience_s", at<&E::redrive_patience_s>,
   "How long nothing may happen to the letters of a redrive's step before it stops.",
   "s", {1, 86'400}},
  {"letters.redrives_max", at<&E::redrives_max>,
   "Redrives that run at once. One more is answered with 503.", "redrives", {1, 1'000}},
  {"letters.redrives_kept", at<&E::redrives_kept>,
   "Ended redrives that are shown. Older ones are forgotten.", "redrives", {0, 10'000}},

  {"kafka.enabled", at<&K::enabled>,
   "Whether events are published. If not, they stay in the outbox until they are.", ""},
  {"kafka.bootstrap_servers", at<&K::bootstrap_servers>,
   "Brokers to ask for all others. Empty: a development broker in this process, never durable.",
   "host:port, more of them after commas, or empty", {}, is_server_list},
  {"kafka.documents_topic", at<&K::documents_topic>,
   "Topic of what happens to documents. It is made if it does not exist.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.ingestion_topic", at<&K::ingestion_topic>, "Topic of what happens to ingestion jobs.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.commands_topic", at<&K::commands_topic>,
   "Topic that commands come from. It is made if it does not exist.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.replies_topic", at<&K::replies_topic>, "Topic of the answers to commands.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.dead_letters_topic", at<&K::dead_letters_topic>, "Topic of messages that were given up.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.takes_commands", at<&K::takes_commands>,
   "Whether commands are read from their topic.", ""},
  {"kafka.group_id", at<&K::group_id>,
   "Consumer group under which others see how far commands are handled.",
   "1 to 249 letters, digits, dots, underscores and hyphens", {}, is_topic},
  {"kafka.prefetch_kib", at<&K::prefetch_kib>, "Messages that are read ahead.",
   "KiB", {1, 1'048'576}},
  {"kafka.commands_in_flight_max", at<&K::commands_in_flight_max>,
   "Commands from messages that are worked on at once. Then no more are read.",
   "commands", {1, 100'000}},
  {"kafka.letters_open_max", at<&K::letters_open_max>,
   "Messages that wait to be tried again. Then no more are read.", "messages", {1, 1'000'000}},
  {"kafka.command_ids_kept_s", at<&K::command_ids_kept_s>,
   "How long a command that is sent again is known to have taken effect.", "s", {1, year_s}},
  {"kafka.source", at<&K::source>, "What each event names as its source.",
   "a URI reference of 1 to 256 visible ASCII characters", {}, is_source},
  {"kafka.mode", at<&K::mode>,
   "Whether an event's attributes stand in headers (binary) or beside its data (structured).",
   "binary or structured", {}, is_mode},
  {"kafka.topic_replication", at<&K::topic_replication>,
   "Copies of a topic that Dossier makes; 0 leaves it to the broker.", "copies", {0, 32}},
  {"kafka.linger_ms", at<&K::linger_ms>,
   "How long an event waits for others to travel with.", "ms", {0, 10'000}},
  {"kafka.queue_messages_max", at<&K::queue_messages_max>,
   "Events that are on their way at once. Others wait in the outbox.", "events", {1, 1'000'000}},
  {"kafka.compression", at<&K::compression>, "How events are compressed on their way.",
   "none, gzip, snappy, lz4 or zstd", {}, is_compression},
  {"kafka.stuck_after_ms", at<&K::stuck_after_ms>,
   "How long an event may be on its way before the server says that it is not well.",
   "ms", {100, hour_ms}},
  {"kafka.close_ms_max", at<&K::close_ms_max>,
   "How long a stop waits for events on their way. What is left goes after the next start.",
   "ms", {0, 600'000}},
  {"kafka.security_protocol", at<&K::security_protocol>, "How brokers are spoken to.",
   "plaintext, ssl, sasl_plaintext or sasl_ssl", {}, is_security_protocol},
  {"kafka.sasl_mechanism", at<&K::sasl_mechanism>, "How Dossier proves who it is to brokers.",
   "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or empty", {}, is_sasl_mechanism},
  {"kafka.sasl_username", at<&K::sasl_username>, "Who Dossier is to brokers.",
   "at most 1024 bytes without control characters", {}, is_credential},
  {"kafka.sasl_password", at<&K::sasl_password>, "The password of that user.",
   "at most 1024 bytes without control characters", {}, is_credential, true},
  {"kafka.ssl_ca_file", at<&K::ssl_ca_file>,
   "Certificates of the authorities that brokers are trusted by. Empty: those of the system.",
   "a path of at most 1024 bytes, or empty", {}, is_path_or_empty},
  {"kafka.ssl_certificate_file", at<&K::ssl_certificate_file>,
   "Certificate that Dossier shows to brokers.",
   "a path of at most 1024 bytes, or empty", {}, is_path_or_empty},
  {"kafka.ssl_key_file", at<&K::ssl_key_file>, "Private key of that certificate.",
   "a path of at most 1024 bytes, or empty", {}, is_path_or_empty},
  {"kafka.ssl_key_password", at<&K::ssl_key_password>, "Password of that key.",
   "at most 1024 bytes without control characters", {}, is_credential, true},

  {"webhooks.private_destinations", at<&W::private_destinations>,
   "Whether webhooks may call private and loopback addresses. Then a customer's URL can reach what "
   "only this machine can reach.", ""},
  {"webhooks.handshake", at<&W::handshake>,
   "Whether a destination must agree before events are delivered to it.", ""},
  {"webhooks.origin", at<&W::origin>,
   "Who Dossier says it is when it asks for that: a name of the DNS.",
   "1 to 253 letters, digits, dots and hyphens", {}, is_origin},
  {"webhooks.handshakes_max", at<&W::handshakes_max>,
   "How often a destination is asked before it counts as unwilling.", "attempts", {1, 1'000}},
  {"webhooks.handshake_wait_s_min", at<&W::handshake_wait_s_min>,
   "Pause before it is asked again; each further one doubles it.", "s", {1, 86'400}},
  {"webhooks.handshake_wait_s_max", at<&W::handshake_wait_s_max>,
   "Longest pause between two times.", "s", {1, 604'800}},
  {"webhooks.old_secret_signs_s", at<&W::old_secret_signs_s>,
   "How long a secret that was replaced signs beside the new one.", "s", {0, year_s}},
  {"webhooks.per_customer_max", at<&W::per_customer_max>,
   "Webhooks of one customer; those for everybody's events count as one more customer's.",
   "webhooks", {1, 10'000}},
  {"webhooks.in_flight_max", at<&W::in_flight_max>,
   "Events of one webhook that are on their way. Others wait in the feed.", "events", {1, 10'000}},
  {"webhooks.ahead_max", at<&W::ahead_max>,
   "Events of one webhook that may be delivered past one that is not over. After a crash they go "
   "again.", "events", {1, 1'000'000}},
  {"webhooks.concurrency", at<&W::concurrency>,
   "Calls under way at one destination at once.", "calls", {1, 1'000}},
  {"webhooks.waiting_max", at<&W::waiting_max>,
   "Calls that wait for one destination. Other events wait in the feed.", "calls", {1, 100'000}},
  {"webhooks.attempt_ms_max", at<&W::attempt_ms_max>,
   "From the look-up of the name to the end of the answer.", "ms", {100, 600'000}},
  {"webhooks.attempts_max", at<&W::attempts_max>,
   "Attempts at one call before it is given up.", "attempts", {1, 100}},
  {"webhooks.retry_ms_min", at<&W::retry_ms_min>,
   "Longest pause after the first failure of a call; each further one doubles it.",
   "ms", {1, hour_ms}},
  {"webhooks.retry_ms_max", at<&W::retry_ms_max>,
   "Longest pause between two attempts.", "ms", {1, hour_ms}},
  {"webhooks.retry_after_ms_max", at<&W::retry_after_ms_max>,
   "A longer pause that a destination asks for is cut to this.", "ms", {1, 86'400'000}},
  {"webhooks.breaker_failures_max", at<&W::breaker_failures_max>,
   "Failures in a row after which a destination is left alone.", "failures", {1, 1'000}},
  {"webhooks.breaker_open_ms", at<&W::breaker_open_ms>,
   "How long it is left alone before it is tried again.", "ms", {100, hour_ms}},
  {"webhooks.breaker_successes_min", at<&W::breaker_successes_min>,
   "Successes in a row, one by one, after which it is called as before.", "successes", {1, 1'000}},
  {"webhooks.destinations_max", at<&W::destinations_max>,
   "Destinations whose calls are watched at once. Calls to one more wait.",
   "destinations", {1, 100'000}},
  {"webhooks.connections_max", at<&W::connections_max>,
   "Calls under way at all destinations together. Others wait.", "calls", {1, 65'536}},
  {"webhooks.calls_waiting_max", at<&W::calls_waiting_max>,
   "Calls that wait for one of those to end. One more counts as failed.", "calls", {1, 1'000'000}},
  {"webhooks.answer_bytes_max", at<&W::answer_bytes_max>,
   "How much of an answer's body is read, to be thrown away.", "bytes", {0, 16'777'216}},
  {"webhooks.lookup_threads", at<&W::lookup_threads>,
   "Threads that look up the names of destinations.", "threads", {1, 64}},
  {"webhooks.ca_file", at<&W::ca_file>,
   "Certificates of the authorities that destinations are trusted by. Empty: those of the system.",
   "a path of at most 1024 bytes, or empty", {}, is_path_or_empty},

  {"ingestion.schemas_dir", at<&I::schemas_dir>,
   "Directory of further schemas of rows, one *.toml each. Empty: only those that ship.",
   "a path of at most 1024 bytes, or empty", {}, is_path_or_empty},
  {"ingestion.customer", at<&I::customer>,
   "Whose files are that are sent without customerId.",
   "1 to 64 letters, digits, dots, underscores and hyphens", {}, is_customer},
  {"ingestion.threads", at<&I::threads>,
   "Threads that read files, of the lowest priority; 0 takes as many as there are processors.",
   "threads", {0, 256}},
  {"ingestion.chunk_threshold_bytes", at<&I::chunk_threshold_bytes>,
   "Files that are larger are read in chunks.", "bytes", {1, 1'099'511'627'776}},
  {"ingestion.chunk_bytes", at<&I::chunk_bytes>,
   "A chunk has at least so many, but for the last. As much is read again after a kill.",
   "bytes", {1, 1'073'741'824}},
  {"ingestion.chunks_max", at<&I::chunks_max>,
   "Chunks of one job; those of larger files are larger.", "chunks", {1, 65'536}},
  {"ingestion.attempts_max", at<&I::attempts_max>,
   "Attempts at a chunk before it is given up and the others go on.", "attempts", {1, 100}},
  {"ingestion.wait_ms_min", at<&I::wait_ms_min>,
   "Pause after a chunk's first failure; each further one doubles it.", "ms", {1, hour_ms}},
  {"ingestion.wait_ms_max", at<&I::wait_ms_max>,
   "Longest pause between two attempts at a chunk.", "ms", {1, hour_ms}},
  {"ingestion.jitter_percent", at<&I::jitter_percent>,
   "Share of a pause that chance may put on top of it.", "percent", {0, 100}},
  {"ingestion.interruptions_max", at<&I::interruptions_max>,
   "Attempts at a chunk that end with the process before it is given up.", "attempts", {1, 1'000}},
  {"ingestion.rejects_max", at<&I::rejects_max>,
   "Rejects that a job may have before it fails.", "rejects", {0, 1'000'000'000'000}},
  {"ingestion.rejects_ppm_max", at<&I::rejects_ppm_max>,
   "Rejects that a job may have before it fails, in a million records.", "rejects", {0, 1'000'000}},
  {"ingestion.record_bytes_max", at<&I::record_bytes_max>,
   "Bytes of one record; a longer one is a reject. A reader of a chunk takes nine times as much.",
   "bytes", {128, 4'194'304}},
  {"ingestion.expansion_max", at<&I::expansion_max>,
   "How many times its size a compressed file may come to. More is taken for an attack.",
   "times", {2, 100'000}},
  {"ingestion.repair_bytes_max", at<&I::repair_bytes_max>,
   "Bytes of one file of repaired records; it is held in memory.", "bytes", {1'024, 67'108'864}},
  {"ingestion.scan_max", at<&I::scan_max>,
   "Stored chunks, those of the newest jobs, that are looked through for a row's key.",
   "chunks", {1, 1'000'000}},
  {"ingestion.list_limit_max", at<&I::list_limit_max>,
   "Rows, rejects or jobs on one page.", "rows", {1, 100'000}},

  {"security.admin_key", at<&security_settings::admin_key>,
   "The first admin key. Without it one is made at the first start.",
   "16 to 256 visible ASCII characters", {}, is_admin_key, true},

  {"log.level", at<&log_settings::level>, "The least that is worth a line.",
   "debug, info, warn or error", {}, is_level},
  {"log.format", at<&log_settings::format>, "How a line looks.", "text or json", {}, is_format},
};
// clang-format on

} // namespace

std::span<const option> options() {
  return table;
}

const option* find_option(std::string_view path) {
  const auto* found = std::ranges::find(table, path, &option::path);
  return found == std::end(table) ? nullptr : found;
}

std::string variable_of(const option& o) {
  if (o.path == "security.admin_key")
    return "DOSSIER_ADMIN_KEY";
  std::string name = "DOSSIER_";
  for (const char c : o.path) {
    const bool is_lower = c >= 'a' && c <= 'z';
    name += c == '.' ? '_' : is_lower ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return name;
}

} // namespace dossier

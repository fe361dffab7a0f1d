// SPDX-License-Identifier: Apache-2.0
// Everything that can be set, as plain structs with their defaults. Names carry units.
// config/options.cpp declares each once more, for people: its path, a sentence, its bounds.
// Immutable after start.
#pragma once

#include "config/ingestion_settings.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace dossier {

struct listen_settings {
  std::string address = "127.0.0.1"; ///< listen.address
  std::uint16_t port = 8080;         ///< listen.port; 0 takes a free one
  std::string public_url;            ///< listen.public_url; empty: http://address:port
};

struct http_settings {
  std::uint32_t threads = 2;               ///< http.threads
  std::uint32_t connections_max = 16'384;  ///< http.connections_max
  std::uint32_t in_flight_max = 4'096;     ///< http.in_flight_max: requests being handled, in total
  std::uint32_t header_bytes_max = 16'384; ///< http.header_bytes_max: request line and fields
  std::uint32_t header_fields_max = 100;   ///< http.header_fields_max
  std::uint32_t target_bytes_max = 8'192;  ///< http.target_bytes_max
  std::uint32_t json_bytes_max = 65'536;   ///< http.json_bytes_max: bodies of API routes
  std::uint64_t content_bytes_max = 5'497'558'138'880; ///< http.content_bytes_max: one upload
  std::uint32_t header_deadline_ms = 10'000; ///< http.header_deadline_ms: first byte to end of head
  std::uint32_t idle_deadline_ms = 60'000;   ///< http.idle_deadline_ms: between requests
  std::uint32_t json_deadline_ms = 10'000;   ///< http.json_deadline_ms: a whole JSON body
  std::uint32_t body_rate_bytes_per_s_min
    = 10'240;                          ///< http.body_rate_bytes_per_s_min, uploads and downloads
  std::uint32_t rate_grace_ms = 5'000; ///< http.rate_grace_ms: before the minimum rate counts
  std::uint32_t handler_deadline_ms = 30'000; ///< http.handler_deadline_ms: a reply from the core
  std::uint32_t stream_heartbeat_ms = 15'000; ///< http.stream_heartbeat_ms: sent to silent streams
  std::uint32_t poll_wait_s_max = 20;         ///< http.poll_wait_s_max: a page of events
  std::uint32_t requests_per_connection_max = 1'000'000; ///< http.requests_per_connection_max
  std::uint32_t retry_after_s = 1;                       ///< http.retry_after_s
  std::uint32_t drain_ms = 8'000; ///< http.drain_ms: how long SIGTERM waits for what is in flight
  std::uint32_t blob_threads = 2; ///< http.blob_threads: hashing and syncing of uploads
  std::uint32_t upload_rest_us = 500; ///< http.upload_rest_us: for each request answered meanwhile
};

struct storage_settings {
  std::string data_dir = "dossier-data";   ///< storage.data_dir
  std::uint16_t shards = 64;               ///< storage.shards: fixed when the directory is made
  std::uint32_t block_cache_mib = 64;      ///< storage.block_cache_mib
  std::uint32_t recent_feed_mib = 16;      ///< storage.recent_feed_mib
  std::uint32_t write_buffer_mib = 32;     ///< storage.write_buffer_mib
  std::uint32_t wal_mib_max = 48;          ///< storage.wal_mib_max
  std::uint32_t group_batches_max = 1'024; ///< storage.group_batches_max
};

struct actor_settings {
  std::uint32_t threads = 1;                 ///< actors.threads
  std::uint32_t active_max = 50'000;         ///< actors.active_max: live actors a kind
  std::uint32_t passivate_after_ms = 30'000; ///< actors.passivate_after_ms
  std::uint32_t pending_per_entity_max = 64; ///< actors.pending_per_entity_max
  std::uint32_t pending_max = 20'000; ///< actors.pending_max: commands in the region, in total
  std::uint32_t restart_backoff_ms_min = 100;    ///< actors.restart_backoff_ms_min
  std::uint32_t restart_backoff_ms_max = 30'000; ///< actors.restart_backoff_ms_max
  std::uint32_t restarts_max = 8;                ///< actors.restarts_max: then it is quarantined
  std::uint32_t load_threads = 2;                ///< actors.load_threads
};

struct timer_settings {
  std::uint32_t horizon_ms = 60'000; ///< timers.horizon_ms: how far ahead rows are held in memory
  std::uint32_t rows_per_shard_max = 8'192; ///< timers.rows_per_shard_max: held in memory
  std::uint32_t in_flight_max = 2'048;      ///< timers.in_flight_max: fired and not yet durable
  std::uint32_t retry_ms_min = 1'000;       ///< timers.retry_ms_min
  std::uint32_t retry_ms_max = 60'000;      ///< timers.retry_ms_max
};

struct document_settings {
  std::vector<std::int64_t> expiring_leads_s{60}; ///< documents.expiring_leads_s
  std::uint32_t upload_grant_s = 900;             ///< documents.upload_grant_s
  std::uint32_t download_grant_s = 900;           ///< documents.download_grant_s
  std::uint32_t abandon_after_s = 86'400;         ///< documents.abandon_after_s
  std::uint32_t list_limit_max = 200;             ///< documents.list_limit_max
  std::uint32_t list_scan_max = 2'000;     ///< documents.list_scan_max: rows looked at for one page
  std::uint32_t history_limit_max = 1'000; ///< documents.history_limit_max
  std::uint32_t answers_kept_s = 86'400;   ///< documents.answers_kept_s: for Idempotency-Key
};

struct letter_settings {
  std::uint32_t wait_ms_min = 1'000;      ///< letters.wait_ms_min: before the second attempt
  std::uint32_t wait_ms_max = 16'000;     ///< letters.wait_ms_max
  std::uint32_t retries_max = 5;          ///< letters.retries_max: then it is dead
  std::uint32_t jitter_percent = 10;      ///< letters.jitter_percent: on top of each wait
  std::uint32_t attempts_max = 64;        ///< letters.attempts_max: of one channel, at once
  std::uint32_t scan_max = 10'000;        ///< letters.scan_max: looked at for one page or grouping
  std::uint32_t scan_mib_max = 64;        ///< letters.scan_mib_max: likewise, by their bytes
  std::uint32_t list_limit_max = 200;     ///< letters.list_limit_max
  std::uint32_t dead_warn_above = 5;      ///< letters.dead_warn_above
  std::uint32_t redrive_step_max = 100;   ///< letters.redrive_step_max: in one step, after ten
  std::uint32_t redrive_patience_s = 600; ///< letters.redrive_patience_s: with one step
  std::uint32_t redrives_max = 16;        ///< letters.redrives_max: running at once
  std::uint32_t redrives_kept = 100;      ///< letters.redrives_kept: ended ones that are shown
};

struct kafka_settings {
  bool enabled = true;           ///< kafka.enabled; false: events stay in the outbox
  std::string bootstrap_servers; ///< kafka.bootstrap_servers; empty: the development broker
  std::string documents_topic = "dossier.documents.v1"; ///< kafka.documents_topic
  std::string ingestion_topic = "dossier.ingestion.v1"; ///< kafka.ingestion_topic
  std::string commands_topic = "dossier.commands.v1";   ///< kafka.commands_topic
  std::string replies_topic = "dossier.replies.v1";     ///< kafka.replies_topic
  std::string dead_letters_topic = "dossier.dlq.v1";    ///< kafka.dead_letters_topic
  std::string rows_topic_prefix = "dossier.rows."; ///< kafka.rows_topic_prefix: then the schema
  std::uint32_t rows_in_flight_max = 10'000;       ///< kafka.rows_in_flight_max: offered, not kept
  bool takes_commands = true;                      ///< kafka.takes_commands; false: none are read
  std::string group_id = "dossier";    ///< kafka.group_id: under which our place is shown to others
  std::uint32_t prefetch_kib = 16'384; ///< kafka.prefetch_kib: read ahead
  std::uint32_t commands_in_flight_max = 1'000; ///< kafka.commands_in_flight_max
  std::uint32_t letters_open_max = 10'000;      ///< kafka.letters_open_max: then no command is read
  std::uint32_t command_ids_kept_s = 604'800;   ///< kafka.command_ids_kept_s: known when repeated
  std::string source = "/dossier";     ///< kafka.source: what events name as where they come from
  std::string mode = "binary";         ///< kafka.mode: binary or structured
  std::uint16_t topic_replication = 0; ///< kafka.topic_replication; 0: the broker's default
  std::uint32_t linger_ms = 20;        ///< kafka.linger_ms: waiting for company
  std::uint32_t queue_messages_max = 20'000; ///< kafka.queue_messages_max: offered and not yet kept
  std::string compression = "lz4";           ///< kafka.compression
  std::uint32_t stuck_after_ms = 30'000;     ///< kafka.stuck_after_ms: then it is not well
  std::uint32_t producer_memory_ms = 3'600'000; ///< kafka.producer_memory_ms: brokers remember it
  std::uint32_t close_ms_max = 5'000;           ///< kafka.close_ms_max: waiting at the end
  std::string security_protocol = "plaintext";  ///< kafka.security_protocol
  std::string sasl_mechanism;                   ///< kafka.sasl_mechanism
  std::string sasl_username;                    ///< kafka.sasl_username
  std::string sasl_password;                    ///< kafka.sasl_password; never printed
  std::string ssl_ca_file;          ///< kafka.ssl_ca_file; empty: the system's authorities
  std::string ssl_certificate_file; ///< kafka.ssl_certificate_file
  std::string ssl_key_file;         ///< kafka.ssl_key_file
  std::string ssl_key_password;     ///< kafka.ssl_key_password; never printed
};

struct webhook_settings {
  bool private_destinations = false;     ///< webhooks.private_destinations: may be called
  std::uint32_t concurrency = 8;         ///< webhooks.concurrency: under way at one destination
  std::uint32_t waiting_max = 1'000;     ///< webhooks.waiting_max: not yet begun there
  std::uint32_t attempt_ms_max = 15'000; ///< webhooks.attempt_ms_max
  std::uint32_t attempts_max = 6;        ///< webhooks.attempts_max: then a call is given up
  std::uint32_t retry_ms_min = 1'000;    ///< webhooks.retry_ms_min
  std::uint32_t retry_ms_max = 16'000;   ///< webhooks.retry_ms_max
  std::uint32_t retry_after_ms_max = 600'000; ///< webhooks.retry_after_ms_max
  std::uint32_t breaker_failures_max = 5;     ///< webhooks.breaker_failures_max: in a row
  std::uint32_t breaker_open_ms = 60'000;     ///< webhooks.breaker_open_ms
  std::uint32_t breaker_successes_min = 3;    ///< webhooks.breaker_successes_min: in a row
  bool handshake = true;                   ///< webhooks.handshake: whether destinations are asked
  std::string origin = "dossier";          ///< webhooks.origin: who asks
  std::uint32_t handshakes_max = 8;        ///< webhooks.handshakes_max: then it is unverified
  std::uint32_t handshake_wait_s_min = 10; ///< webhooks.handshake_wait_s_min
  std::uint32_t handshake_wait_s_max = 3'600; ///< webhooks.handshake_wait_s_max
  std::uint32_t old_secret_signs_s = 86'400;  ///< webhooks.old_secret_signs_s
  std::uint32_t per_customer_max = 16;        ///< webhooks.per_customer_max
  std::uint32_t in_flight_max = 64;           ///< webhooks.in_flight_max: events of one webhook
  std::uint32_t ahead_max = 1'000;            ///< webhooks.ahead_max: past one that is not over
  std::uint32_t destinations_max = 1'000;     ///< webhooks.destinations_max: guards in memory
  std::uint32_t connections_max = 256;        ///< webhooks.connections_max: to all destinations
  std::uint32_t calls_waiting_max = 10'000;   ///< webhooks.calls_waiting_max: for a connection
  std::uint32_t answer_bytes_max = 65'536;    ///< webhooks.answer_bytes_max: read of a body
  std::uint32_t lookup_threads = 4;           ///< webhooks.lookup_threads
  std::string ca_file;                        ///< webhooks.ca_file; empty: the system's authorities
};

struct security_settings {
  std::string admin_key; ///< DOSSIER_ADMIN_KEY only; never printed. Empty: made at first start.
};

struct log_settings {
  std::string level = "info";  ///< log.level: debug, info, warn, error
  std::string format = "text"; ///< log.format: text or json
};

struct settings {
  listen_settings listen;
  http_settings http;
  storage_settings storage;
  actor_settings actors;
  timer_settings timers;
  document_settings documents;
  letter_settings letters;
  kafka_settings kafka;
  webhook_settings webhooks;
  ingestion_settings ingestion;
  security_settings security;
  log_settings log;
};

} // namespace dossier

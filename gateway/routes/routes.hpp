// SPDX-License-Identifier: Apache-2.0
// Every route of the product in one table, and the parts that they need.
//
// Order at the end: drain the server, stop the actors, join both pools; then the parts may go.
// Handlers refer to the parts, pools answer into the server's threads.
#pragma once

#include "actors/admin.hpp"
#include "actors/documents.hpp"
#include "actors/event_feed.hpp"
#include "actors/guards.hpp"
#include "actors/jobs.hpp"
#include "actors/key_turn.hpp"
#include "actors/letter_redrives.hpp"
#include "actors/letters.hpp"
#include "actors/webhooks.hpp"
#include "config/row_schema_registry.hpp"
#include "config/settings.hpp"
#include "gateway/http.hpp"
#include "gateway/metrics.hpp"
#include "gateway/signed_url.hpp"
#include "persistence/blob_store.hpp"
#include "persistence/row_store.hpp"
#include "protocol/time.hpp"

#include <boost/asio/thread_pool.hpp>

#include <functional>
#include <string>
#include <vector>

namespace dossier {

/// Something that must work for us to work well. `check` may block for a little; it runs on a
/// reader thread.
struct health_check {
  std::string name;
  std::function<result<void>()> check;
  bool is_vital = true; ///< False: without it requests are answered all the same.
};

/// Owned by main, outlives the routes. What is a function may be empty.
struct route_parts {
  const dossier::settings& settings;
  dossier::documents& documents;
  dossier::letters& letters;
  letter_redrives& redrives;
  dossier::jobs& jobs;
  dossier::admin& admin;
  event_feed& events;
  blob_store& blobs;
  row_store& rows;
  const row_schema_registry& schemas;
  key_turn& turn; ///< For repairs.
  const url_signer& signer;
  const clock& time;
  asio::thread_pool& blob_workers; ///< http.blob_threads: hashing, writing and syncing of uploads.
  asio::thread_pool& readers;      ///< Scans that are too long for a connection's thread.
  /// "http://127.0.0.1:8080", without a slash at the end. Set before the first request,
  /// when the port is known.
  std::string public_url;
  std::string version;
  std::vector<health_check> health_checks;
  std::function<bool()> is_draining;
  std::function<const http_stats*()> http;
  std::function<std::vector<metric>()> more_metrics;
  /// Both or neither.
  dossier::webhooks* webhooks = nullptr;
  dossier::guards* guards = nullptr;
};

std::vector<route> make_routes(route_parts& parts);

} // namespace dossier

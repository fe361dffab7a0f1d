// SPDX-License-Identifier: Apache-2.0
#include "gateway/serve.hpp"

#include "actors/core.hpp"
#include "actors/event_feed_service.hpp"
#include "actors/inbox.hpp"
#include "actors/inbox_thread.hpp"
#include "actors/ingester.hpp"
#include "actors/threads.hpp"
#include "config/log.hpp"
#include "gateway/auth.hpp"
#include "gateway/backbone.hpp"
#include "gateway/data_dir.hpp"
#include "gateway/outbound_client.hpp"
#include "gateway/part_metrics.hpp"
#include "gateway/routes/routes.hpp"
#include "gateway/server.hpp"
#include "gateway/signed_url.hpp"
#include "gateway/stop_signals.hpp"
#include "gateway/system.hpp"
#include "gateway/version.hpp"
#include "persistence/commit_queue.hpp"
#include "persistence/content_collector.hpp"
#include "persistence/rocks_journal.hpp"
#include "protocol/digest.hpp"

#include <sys/statvfs.h>

#include <atomic>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace dossier {

namespace {

/// Content that waits to be collected; more is left to the next start.
constexpr std::size_t candidates_max = 1'000'000;
/// Below this much free disk the server says that it is not well.
constexpr std::uint64_t free_bytes_min = 256u << 20;

rocks_options store_options(const settings& s, const data_dir& where) {
  rocks_options options;
  options.path = where.store;
  options.shard_count = s.storage.shards;
  options.block_cache_bytes = std::size_t{s.storage.block_cache_mib} << 20;
  options.recent_feed_bytes = std::size_t{s.storage.recent_feed_mib} << 20;
  options.write_buffer_bytes = std::size_t{s.storage.write_buffer_mib} << 20;
  options.wal_bytes_max = std::size_t{s.storage.wal_mib_max} << 20;
  return options;
}

/// A device that failed once may have lost what it said it wrote (and a second fsync would lie):
/// nothing may be answered any more. The next start reads what is really there.
[[noreturn]] void stop_at_once(const failure& why) {
  log(log_level::error, "the store failed, stopping at once", {{"why", why.why}});
  std::_Exit(EXIT_FAILURE);
}

/// Everything that runs, in the order in which it is built. Stopping goes backwards, by hand, in
/// stop().
class running_server {
public:
  explicit running_server(const settings& s)
    : settings_(s)
    , where_(data_dir::at(s.storage.data_dir)) {}

  result<void> start() {
    if (auto opened = open_stores(); !opened)
      return opened;
    if (auto keys = open_keys(); !keys)
      return keys;
    if (auto started = start_backbone(); !started)
      return started;
    if (auto started = start_core(); !started)
      return started;
    if (auto taken = start_inbox(); !taken)
      return taken;
    if (auto listening = start_edge(); !listening)
      return listening;
    // What is sent names where we listen.
    if (backbone_)
      backbone_->start({core_->jobs(), *rows_, *schemas_});
    inbox_thread_.emplace(*inbox_);
    return {};
  }

  void announce() const {
    std::cout << "Dossier " << version << " listens on " << parts_->public_url << '\n'
              << "Data directory: " << where_.root << '\n'
              << "Events: "
              << (backbone_ ? backbone_->description()
                            : "kept in the outbox (kafka.enabled = false)")
              << '\n';
    if (!fresh_admin_key_.empty())
      std::cout << "Admin key, shown this once: " << fresh_admin_key_ << '\n';
    const auto key = fresh_admin_key_.empty() ? std::string("$KEY") : fresh_admin_key_;
    const auto& url = parts_->public_url;
    std::cout << "\nTry:\n"
              << "  curl -s " << url << "/health\n"
              << "  curl -s -H 'x-functions-key: " << key
              << "' -H 'content-type: application/json' " << url
              << "/api/customers/acme/documents -d "
                 "'{\"documentType\":\"invoice\",\"fileName\":\"a.pdf\"}'\n"
              << "  curl -s -H 'x-functions-key: " << key << "' " << url
              << "/api/customers/acme/documents\n"
              << std::endl;
  }

  /// Stop accepting and answer what is in flight; stop time; stop the actors; stop the threads they
  /// use; then the parts close the store as they go.
  void stop() {
    is_draining_.store(true);
    server_->drain();
    inbox_thread_->stop();
    ingester_->stop();
    heart_.stop();
    core_->serve_letters(letter::channel::commands, nullptr);
    core_->stop();
    outbound_->stop();
    loaders_->stop();
    commits_->stop();
    if (backbone_)
      backbone_->stop();
    blob_workers_->join();
    readers_->join();
    server_ = nullptr;
    inbox_ = nullptr;
    core_ = nullptr;
    collector_->stop();
  }

private:
  result<void> open_stores() {
    auto& files = posix_files();
    if (auto made = files.make_directories(where_.root); !made)
      return made;
    auto lock = data_dir_lock::take(where_);
    if (!lock)
      return lock.error();
    lock_.emplace(std::move(*lock));
    auto store = rocks_journal::open(store_options(settings_, where_));
    if (!store)
      return store.error();
    store_ = std::move(*store);
    auto blobs = blob_store::open(files, where_.blobs, *store_);
    if (!blobs)
      return blobs.error();
    blobs_ = std::move(*blobs);
    auto rows = row_store::open(files, where_.rows);
    if (!rows)
      return rows.error();
    rows_ = std::move(*rows);
    auto schemas = row_schema_registry::open(settings_.ingestion.schemas_dir);
    if (!schemas)
      return schemas.error();
    schemas_.emplace(std::move(*schemas));
    auto secret = read_or_make_secret(files, where_);
    if (!secret)
      return secret.error();
    const auto webhook_key = hmac_sha256(*secret, "webhooks");
    webhook_key_.assign(webhook_key.begin(), webhook_key.end());
    signer_.emplace(std::move(*secret));
    return {};
  }

  result<void> open_keys() {
    auto ring = key_ring::open(where_.keys, time_);
    if (!ring)
      return ring.error();
    keys_ = std::move(*ring);
    if (!settings_.security.admin_key.empty())
      return keys_->adopt("admin", settings_.security.admin_key, principal::role_type::admin);
    if (keys_->has_admin())
      return {};
    auto made = keys_->create("admin", principal::role_type::admin, {});
    if (!made)
      return made.error();
    fresh_admin_key_ = std::move(*made);
    return {};
  }

  result<void> start_backbone() {
    auto feed = event_feed_service::open(*store_, settings_.kafka.source,
                                         settings_.documents.list_scan_max);
    if (!feed)
      return feed.error();
    feed_ = std::move(*feed);
    if (!settings_.kafka.enabled)
      return {};
    auto opened = backbone::open(
      settings_.kafka, *store_, time_,
      [this](const entity_id& document, timestamp until) { return upload_url(document, until); });
    if (!opened)
      return opened.error();
    backbone_ = std::move(*opened);
    return {};
  }

  result<void> start_core() {
    auto client = outbound_client::start(settings_.webhooks, time_);
    if (!client)
      return client.error();
    outbound_ = std::move(*client);
    outside_.reset(new webhook_parts{*outbound_, *feed_, *store_, webhook_key_});
    group_committer::limits limits;
    limits.group_batches_max = settings_.storage.group_batches_max;
    commits_ = std::make_unique<group_committer>(*store_, time_, limits, stop_at_once);
    loaders_ = std::make_unique<worker_threads>(settings_.actors.load_threads);
    collector_ = std::make_unique<content_collector>(*blobs_, candidates_max);
    core_ = std::make_unique<core>(core_parts{*store_, *commits_, time_, ids_, *loaders_, heart_,
                                              settings_, false, outside_.get()});
    ingester_ = std::make_unique<ingester>(
      ingester_parts{*store_, core_->jobs(), *blobs_, *rows_, *schemas_, turn_},
      settings_.ingestion);
    if (auto recovered = ingester_->recover(); !recovered)
      return recovered;
    commits_->on_committed([this](const batch& b) {
      core_->committed(b);
      ingester_->committed(b);
      inbox_->committed(b);
      collector_->committed(b);
      feed_->committed(b);
      if (backbone_)
        backbone_->committed(b);
    });
    return {};
  }

  result<void> start_inbox() {
    inbox_limits limits;
    limits.topic = settings_.kafka.commands_topic;
    limits.in_flight_max = settings_.kafka.commands_in_flight_max;
    limits.letters_open_max = settings_.kafka.letters_open_max;
    limits.content_bytes_max = settings_.http.content_bytes_max;
    limits.rejects = {settings_.ingestion.rejects_max, settings_.ingestion.rejects_ppm_max};
    limits.command_ids_kept = seconds{settings_.kafka.command_ids_kept_s};
    inbox_ = std::make_unique<inbox>(inbox_parts{*store_, *commits_, core_->documents(),
                                                 core_->letters(), core_->jobs(), *schemas_,
                                                 *blobs_, time_},
                                     limits, backbone_ ? backbone_->commands() : nullptr);
    if (auto recovered = inbox_->recover(); !recovered)
      return recovered;
    core_->serve_letters(letter::channel::commands, inbox_.get());
    heart_.start([this](milliseconds uptime) {
      core_->beat(uptime);
      ingester_->beat(uptime);
    });
    ingester_->start();
    return {};
  }

  std::string upload_url(const entity_id& document, timestamp until) const {
    return parts_->public_url
           + signer_->sign(
             {permission::upload, document, timestamp{std::chrono::floor<seconds>(until)}});
  }

  result<void> start_edge() {
    blob_workers_.emplace(settings_.http.blob_threads);
    readers_.emplace(1);
    parts_.reset(new route_parts{
      settings_,
      core_->documents(),
      core_->letters(),
      core_->redrives(),
      core_->jobs(),
      core_->admin(),
      *feed_,
      *blobs_,
      *rows_,
      *schemas_,
      turn_,
      *signer_,
      time_,
      *blob_workers_,
      *readers_,
      settings_.listen.public_url,
      std::string(version),
      {{"store",
        [this] {
          return check_store();
        }},
       {"disk",
        [this] {
          return check_disk();
        }},
       {"backbone", [this] { return backbone_ ? backbone_->health() : result<void>{}; }, false}},
      [this] { return is_draining_.load(); },
      [this]() -> const http_stats* { return server_ ? &server_->stats() : nullptr; },
      [this] {
        return part_metrics();
      }});
    parts_->webhooks = core_->webhooks();
    parts_->guards = core_->guards();
    auto listening = server::listen(settings_, time_, make_routes(*parts_),
                                    [this](const request& r) { return keys_->find(r); });
    if (!listening)
      return listening.error();
    server_ = std::move(*listening);
    if (parts_->public_url.empty()) {
      const auto& address = settings_.listen.address;
      const auto host = address.find(':') == std::string::npos ? address : '[' + address + ']';
      parts_->public_url = "http://" + host + ':' + std::to_string(server_->port());
    }
    server_->start();
    return {};
  }

  result<void> check_store() const {
    if (store_->stats().is_write_stopped)
      return fail(errc::unavailable,
                  "the store has stopped writing until it has caught up compacting");
    return {};
  }

  result<void> check_disk() const {
    struct statvfs disk {};
    if (statvfs(where_.root.c_str(), &disk) != 0)
      return fail(errc::unavailable, "the data directory cannot be asked for its free space");
    const auto free_bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize;
    if (free_bytes < free_bytes_min)
      return fail(errc::unavailable, "only " + std::to_string(free_bytes >> 20)
                                       + " MiB are free under " + where_.root);
    return {};
  }

  std::vector<metric> part_metrics() const {
    const auto oldest = core_->admin().oldest_unpublished();
    const auto age
      = oldest && *oldest ? std::max(milliseconds{0}, time_.now() - **oldest) : milliseconds{0};
    auto all = store_metrics(commits_->stats(), store_->stats(), store_->read_outbox_depth(), age);
    const auto add = [&all](std::vector<metric> more) {
      all.insert(all.end(), more.begin(), more.end());
    };
    add(inbox_metrics(inbox_->stats(), inbox_->partitions()));
    add(ingester_metrics(ingester_->stats()));
    if (backbone_)
      add(backbone_->metrics());
    return all;
  }

  const settings settings_;
  const data_dir where_;
  const system_clock time_;
  random_ids ids_;
  std::optional<data_dir_lock> lock_;
  std::unique_ptr<rocks_journal> store_;
  std::unique_ptr<blob_store> blobs_;
  std::unique_ptr<row_store> rows_;
  key_turn turn_;
  std::optional<row_schema_registry> schemas_;
  std::optional<url_signer> signer_;
  std::unique_ptr<key_ring> keys_;
  std::string fresh_admin_key_;
  std::unique_ptr<event_feed_service> feed_;
  std::unique_ptr<backbone> backbone_;
  std::unique_ptr<group_committer> commits_;
  std::unique_ptr<worker_threads> loaders_;
  std::unique_ptr<content_collector> collector_;
  pulse_thread heart_;
  std::string webhook_key_;
  std::unique_ptr<outbound_client> outbound_;
  std::unique_ptr<webhook_parts> outside_;
  std::unique_ptr<ingester> ingester_; ///< Hears what the core's jobs answer at its end.
  std::unique_ptr<core> core_;
  std::unique_ptr<inbox> inbox_;
  std::optional<inbox_thread> inbox_thread_;
  std::optional<asio::thread_pool> blob_workers_;
  std::optional<asio::thread_pool> readers_;
  std::unique_ptr<route_parts> parts_;
  std::unique_ptr<server> server_;
  std::atomic<bool> is_draining_{false};
};

} // namespace

int serve(const settings& s) {
  const stop_signals signals;
  raise_file_limit();
  start_log(s.log);
  running_server running(s);
  if (auto started = running.start(); !started) {
    std::cerr << "dossier: " << started.error().why << '\n'; // Which is not buffered.
    // Parts may run already: nothing was accepted, so nothing is lost by leaving at once.
    std::_Exit(EXIT_FAILURE);
  }
  running.announce();
  const auto which = signals.wait();
  log(log_level::info, "stopping", {{"signal", which == SIGTERM ? "SIGTERM" : "SIGINT"}});
  running.stop();
  log(log_level::info, "stopped");
  return EXIT_SUCCESS;
}

} // namespace dossier

// SPDX-License-Identifier: Apache-2.0
// Every route over the real core, a journal in memory and a real blob store, called without
// sockets: a request goes to its handler by the real router, its body comes from a string, the
// clock is set by hand.
#pragma once

#include "actors/core.hpp"
#include "actors/event_feed_service.hpp"
#include "actors/ingester.hpp"
#include "actors/threads.hpp"
#include "gateway/auth.hpp"
#include "gateway/outbound_client.hpp"
#include "gateway/router.hpp"
#include "gateway/routes/routes.hpp"
#include "gateway/system.hpp"
#include "persistence/memory_journal.hpp"
#include "tests/gateway/coroutine_runner.hpp"
#include "tests/support/scratch_directory.hpp"

#include <boost/test/unit_test.hpp>
#include <nlohmann/json_fwd.hpp>

#include <atomic>
#include <cstring>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace dossier::test {

/// Stands still until it is set.
class hand_clock final : public clock {
public:
  timestamp now() const override { return from_ms(now_ms_); }
  void set(timestamp t) { now_ms_ = to_ms(t); }
  void pass(milliseconds time) { now_ms_ += time.count(); }

private:
  std::atomic<std::int64_t> now_ms_{1'800'000'000'123};
};

/// The core's documents, with a hand in between.
class watched_documents final : public documents {
public:
  explicit watched_documents(documents& inner)
    : inner_(inner) {}

  std::optional<failure> refusal;         ///< Instead of every answer to a command.
  std::atomic<bool> loses_answers{false}; ///< Commands take effect and are answered unavailable.
  bool keeps_silent = false;              ///< Commands go no further; their replies gather below.
  std::vector<std::shared_ptr<reply<document::view>>> unanswered;
  std::function<void()> before_submit; ///< On the caller's thread.

  entity_id next_id(std::string_view customer) override { return inner_.next_id(customer); }
  void submit(const entity_id& id, document::command what, command_meta meta,
              std::shared_ptr<reply<document::view>> done) override {
    if (before_submit)
      before_submit();
    if (keeps_silent) {
      unanswered.push_back(std::move(done));
      return;
    }
    if (refusal) {
      done->deliver(*refusal);
      return;
    }
    if (loses_answers) {
      auto lossy = std::make_shared<reply<document::view>>([done](result<answer<document::view>>) {
        done->deliver(fail(errc::unavailable, "the answer was lost"));
      });
      inner_.submit(id, std::move(what), std::move(meta), std::move(lossy));
      return;
    }
    inner_.submit(id, std::move(what), std::move(meta), std::move(done));
  }
  bool has_room() const override { return inner_.has_room(); }
  result<found_document> find(const entity_id& id) const override { return inner_.find(id); }
  result<document_page> list(std::string_view customer, const document_filter& filter,
                             const std::optional<listing>& after,
                             std::size_t limit) const override {
    return inner_.list(customer, filter, after, limit);
  }
  result<std::vector<history_entry>> history(const entity_id& id, std::uint64_t first,
                                             std::size_t limit) const override {
    return inner_.history(id, first, limit);
  }
  result<std::optional<stored_answer>> find_answer(std::string_view customer,
                                                   const command_id& id) const override {
    return inner_.find_answer(customer, id);
  }
  result<answer<document::view>> decode_answer(std::string_view bytes) const override {
    return inner_.decode_answer(bytes);
  }

private:
  documents& inner_;
};

/// A body that comes in pieces, and may break off.
class text_body final : public body_reader {
public:
  explicit text_body(std::string text)
    : text_(std::move(text)) {}

  bool is_chunked = false;
  std::size_t piece_bytes = 100'000;
  std::optional<std::size_t> breaks_after; ///< After so many bytes reading fails.
  std::size_t read_bytes = 0;

  std::optional<std::uint64_t> declared_size_bytes() const override {
    return is_chunked ? std::nullopt : std::optional<std::uint64_t>{text_.size()};
  }
  awaitable<result<std::size_t>> read_some(std::span<std::byte> into) override {
    if (breaks_after && read_bytes >= *breaks_after)
      co_return fail(errc::timed_out, "the sender fell silent");
    const auto size = std::min({into.size(), piece_bytes, text_.size() - read_bytes});
    std::memcpy(into.data(), text_.data() + read_bytes, size);
    read_bytes += size;
    co_return size;
  }

private:
  std::string text_;
};

using field_list = std::vector<std::pair<std::string, std::string>>;

/// A request as a test writes it.
struct call {
  dossier::verb verb = verb::get;
  std::string target;
  field_list fields{};
  std::string body{};
  std::optional<principal> caller{}; ///< An admin if nobody is named.
};

inline principal customer_key(std::string customer) {
  return {principal::role_type::customer, customer + "-key", {customer}};
}

/// Another customer whose things lie in the same shard.
inline std::string neighbour_of(std::string_view customer, shard_number shards) {
  for (int i = 0;; ++i)
    if (auto other = "neighbour" + std::to_string(i);
        shard_of(other, shards) == shard_of(customer, shards))
      return other;
}

inline std::string field_of(const response& r, std::string_view name) {
  for (const auto& [each, value] : r.fields)
    if (each == name)
      return value;
  return {};
}

/// The body, wherever it comes from.
std::string body_of(const response& r);
/// The body as JSON, which it must be.
nlohmann::json json_of(const response& r);

struct edge_world {
  settings config;
  hand_clock time;
  scratch_directory directory;
  coroutine_runner coroutines;
  std::unique_ptr<memory_journal> store = memory_journal::make(config.storage.shards);
  random_ids ids;
  group_committer commits{*store, time, {}, [](const failure&) {
                            std::abort();
                          }};
  worker_threads loaders{1};
  pulse_thread pulse;
  std::unique_ptr<event_feed_service> feed = *event_feed_service::open(*store, "/dossier", 2'000);
  std::unique_ptr<outbound_client> outbound = *outbound_client::start(config.webhooks, time);
  webhook_parts outside{*outbound, *feed, *store, std::string(32, 'w')};
  dossier::core core{{*store, commits, time, ids, loaders, pulse, config, false, &outside}};
  watched_documents documents{core.documents()};
  std::unique_ptr<blob_store> blobs = *blob_store::open(posix_files(), directory / "blobs", *store);
  std::unique_ptr<row_store> row_files = *row_store::open(posix_files(), directory / "rows");
  row_schema_registry schemas = *row_schema_registry::open("");
  key_turn turn;
  ingester ingestion{{*store, core.jobs(), *blobs, *row_files, schemas, turn}, config.ingestion};
  url_signer signer{std::string(32, 'k')};
  asio::thread_pool blob_workers{2};
  asio::thread_pool readers{1};
  route_parts parts{config,
                    documents,
                    core.letters(),
                    core.redrives(),
                    core.jobs(),
                    core.admin(),
                    *feed,
                    *blobs,
                    *row_files,
                    schemas,
                    turn,
                    signer,
                    time,
                    blob_workers,
                    readers,
                    "http://h:1",
                    "0.0.1",
                    {},
                    {},
                    {},
                    {}};
  std::unique_ptr<router> table;

  explicit edge_world(settings s = small_settings());
  ~edge_world();

  result<void> journal_health{};

  static settings small_settings() {
    settings s;
    s.storage.shards = 4;
    return s;
  }

  /// Sends the call to its route, or answers as the session would if there is none.
  response send(const call& c) {
    text_body body{c.body};
    return send(c, body);
  }

  response send(const call& c, body_reader& body);

  // Steps that many cases begin with.

  /// The target of a URL that we gave.
  static std::string target_of(const std::string& url);

  struct created {
    std::string id;
    std::string upload_target;
  };

  created create(const std::string& body = R"({"documentType":"invoice","fileName":"a.pdf"})",
                 const std::string& customer = "acme");

  response put(const std::string& target, const std::string& content, field_list fields = {}) {
    return send({verb::put, target, std::move(fields), content});
  }

  response confirm(const std::string& id) {
    return send(
      {verb::post, "/api/documents/" + id + "/confirm-upload", {}, R"({"uploaded":true})"});
  }

  /// A confirmed document with this content.
  std::string upload(const std::string& content,
                     const std::string& body = R"({"documentType":"invoice","fileName":"a.pdf"})") {
    const auto made = create(body);
    BOOST_REQUIRE(put(made.upload_target, content).status == 201);
    BOOST_REQUIRE(confirm(made.id).status == 200);
    return made.id;
  }

  std::string download_target(const std::string& id);

private:
  const route* prepare(const call& c, request& r) const;
};

} // namespace dossier::test

// SPDX-License-Identifier: Apache-2.0
// The core with an inbox in virtual time, a topic in memory, and documents that fail when told to.
// Content lies in files of a directory of its own.
#pragma once

#include "actors/inbox.hpp"
#include "protocol/command_reply.hpp"
#include "tests/support/memory_source.hpp"
#include "tests/support/scratch_directory.hpp"
#include "tests/support/stepped_world.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace dossier::test {

inline std::string create_data(const std::string& name) {
  return R"({"customerId":"acme","documentType":"invoice","fileName":")" + name + R"("})";
}

inline std::string of_document(const entity_id& id, const std::string& more = {}) {
  return R"({"documentId":")" + id.text() + R"(","customerId":"acme")" + more + "}";
}

/// The core's documents; commands to some are answered unavailable.
class failing_documents final : public documents {
public:
  failing_documents(documents& inner, const std::function<bool(const entity_id&)>& failing)
    : inner_(inner)
    , failing_(failing) {}

  entity_id next_id(std::string_view customer) override { return inner_.next_id(customer); }
  void submit(const entity_id& id, document::command what, command_meta meta,
              std::shared_ptr<reply<document::view>> done) override {
    if (failing_ && failing_(id))
      done->deliver(fail(errc::unavailable, "the test says so"));
    else
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
  const std::function<bool(const entity_id&)>& failing_;
};

struct inbox_world {
  static constexpr std::size_t in_flight_max = 10;

  explicit inbox_world(std::uint64_t seed = 1)
    : world(settings_of(), seed) {
    blobs = blob_store::open(posix_files(), directory / "blobs", *world.store).value();
    world.on_start = [this] {
      start();
    };
    world.on_stop = [this] {
      box = nullptr;
    };
    start();
  }

  ~inbox_world() {
    world.on_stop = nullptr;
    world.commits.on_committed = nullptr;
    world.core->serve_letters(letter::channel::commands, nullptr);
    world.loaders.drop_all();
    world.commits.drop_all();
    box = nullptr;
  }
  inbox_world(const inbox_world&) = delete;
  inbox_world& operator=(const inbox_world&) = delete;

  static settings settings_of() {
    settings s;
    s.storage.shards = 4;
    s.letters.jitter_percent = 0;
    return s;
  }

  void start() {
    between = std::make_unique<failing_documents>(world.core->documents(), failing);
    inbox_limits limits;
    limits.topic = "commands";
    limits.in_flight_max = in_flight_max;
    limits.content_bytes_max = 1'000'000;
    limits.rejects = {1'000, 1'000'000};
    box = std::make_unique<inbox>(inbox_parts{*world.store, world.commits, *between,
                                              world.core->letters(), world.core->jobs(), schemas,
                                              *blobs, world.time},
                                  limits, &source);
    BOOST_REQUIRE(box->recover());
    world.core->serve_letters(letter::channel::commands, box.get());
    world.commits.on_committed = [this](const batch& b) {
      world.core->committed(b);
      box->committed(b);
    };
    source.is_paused = false;
    source.rebalance();
  }

  void kill() { world.kill_and_restart(); }

  std::uint16_t partition() const { return shard_of("acme", 4); }

  void send(const std::string& id, const std::string& type, const std::string& data) {
    received_message m;
    m.at = world.time.now();
    m.key = "acme";
    m.headers
      = {{"ce_specversion", "1.0"},
         {"ce_id", id},
         {"ce_source", "/tests"},
         {"ce_type", type.find('.') == std::string::npos ? "dossier.document." + type : type},
         {"content-type", "application/json"}};
    m.value = data;
    source.produce(partition(), std::move(m));
  }

  /// A document of this text, uploaded and confirmed.
  entity_id upload(std::string_view text) {
    send("create-" + to_hex(sha256_of(text)), "create", create_data("calls.csv"));
    settle();
    const auto id = documents().front().id;
    auto arriving = blobs->begin("acme", false).value();
    BOOST_REQUIRE(arriving->append(std::as_bytes(std::span(text))));
    const auto content = arriving->finish({}).value();
    world.core->documents().submit(
      id, document::store_content{content.sha256, content.size_bytes}, {},
      std::make_shared<reply<document::view>>(
        [](const result<answer<document::view>>& got) { BOOST_REQUIRE(got); }));
    settle();
    send("confirm-" + id.text(), "confirm-upload", of_document(id));
    settle();
    return id;
  }
  std::vector<found_job> jobs() const {
    return world.core->jobs().list(ingestion::list_name, {}, {}, 1'000).value().items;
  }

  /// Until nothing happens any more at this point in time.
  void settle() {
    for (int turns_left = 10'000; turns_left > 0; --turns_left) {
      world.run();
      const bool was_paused = source.is_paused;
      if (!box->turn(milliseconds{0}) && was_paused == source.is_paused
          && world.runnable_actors() == 0 && world.loaders.waiting() == 0
          && world.commits.waiting() == 0)
        return;
    }
    BOOST_FAIL("it does not come to rest");
  }

  void pass(milliseconds time) {
    for (; time > milliseconds{0}; time -= milliseconds{100}) {
      world.beat(milliseconds{100});
      settle();
    }
  }

  std::vector<found_document> documents() const {
    return world.core->documents().list("acme", {}, {}, 1'000).value().items;
  }
  std::vector<found_letter> letters(letter::status status) const {
    letter_filter filter;
    filter.status = status;
    return world.core->letters().list(filter, {}, 1'000).value().items;
  }
  std::vector<command_reply> replies() const {
    std::vector<command_reply> found;
    for (shard_number shard = 0; shard < 4; ++shard)
      for (const auto& row : world.store->read_feed(shard, 0, 100'000).value())
        if (row.sequence == 0)
          found.push_back(decode_reply(row.reply).value());
    return found;
  }
  /// The years that a document's expiry was changed to, in order.
  std::vector<int> years_of(const entity_id& id) const {
    std::vector<int> years;
    for (const auto& entry : world.core->documents().history(id, 1, 1'000).value())
      if (entry.event.type == "CustomerDocumentChangedEvent")
        years.push_back(std::stoi(entry.event.data.substr(entry.event.data.find("20"), 4)));
    return years;
  }

  void redrive(const entity_id& id) {
    world.core->letters().submit(
      id, letter::redrive{}, {},
      std::make_shared<reply<letter::view>>(
        [](const result<answer<letter::view>>& got) { BOOST_REQUIRE(got); }));
    settle();
  }

  /// Sends creates, then changes of what was created, while everything goes wrong that can.
  void live_through(std::uint32_t seed) {
    std::mt19937 dice{seed};
    for (int n = 0; n < 3; ++n)
      send_twice_maybe(dice, "create-" + std::to_string(n), "create",
                       create_data(std::to_string(n)));
    disturb(dice, 150);
    calm_down();
    const auto made = documents();
    for (int year = 2040; year < 2050; ++year) {
      if (dice() % 3 == 0) {
        send("nonsense-" + std::to_string(year), "destroy", "{}");
        ++sent_nonsense;
      }
      for (const auto& each : made) {
        send_twice_maybe(dice, each.id.text() + std::to_string(year), "change-expiry",
                         of_document(each.id, R"(,"expiryDate":")" + std::to_string(year)
                                                + R"(-01-01T00:00:00Z")"));
        ++sent_changes;
      }
      disturb(dice, 60);
    }
    calm_down();
  }

  void send_twice_maybe(std::mt19937& dice, const std::string& id, const std::string& type,
                        const std::string& data) {
    send(id, type, data);
    if (dice() % 4 == 0)
      send(id, type, data);
  }

  void disturb(std::mt19937& dice, int steps) {
    for (; steps > 0; --steps) {
      switch (dice() % 24) {
      case 0:
        kill();
        break;
      case 1:
        source.rebalance();
        break;
      case 2:
        failing = [which = dice()](const entity_id& id) {
          return std::hash<entity_id>{}(id) % 3 == which % 3;
        };
        break;
      case 3:
        failing = nullptr;
        break;
      case 4:
        if (world.commits.waiting() > 0)
          world.commits.refuse_first(fail(errc::unavailable, "the test says so"));
        break;
      case 5:
        if (world.commits.waiting() > 0) {
          world.commits.write_unanswered(1 + dice() % world.commits.waiting());
          kill();
        }
        break;
      case 6:
      case 7:
        world.beat(milliseconds{100 + dice() % 900});
        break;
      case 8:
      case 9:
      case 10:
        if (world.commits.waiting() > 0)
          world.commits.write(1 + dice() % world.commits.waiting());
        break;
      case 11:
      case 12:
        if (world.loaders.waiting() > 0)
          world.loaders.run_first();
        break;
      case 13:
      case 14:
      case 15:
        box->turn(milliseconds{0});
        break;
      default:
        world.step_actor(dice());
      }
    }
  }

  void calm_down() {
    failing = nullptr;
    settle();
    pass(milliseconds{60'000});
    // What was away for too long has died; an operator sends it again.
    for (const auto& each : letters(letter::status::dead))
      if (each.view.last.code != errc::not_implemented) {
        redrive(each.id);
        redriven.insert(each.view.subject);
      }
    pass(milliseconds{10'000});
  }

  /// What is not as it must be after live_through(), a sentence each.
  std::vector<std::string> findings() const {
    std::vector<std::string> found;
    const auto expect = [&](bool holds, const std::string& sentence) {
      if (!holds)
        found.push_back(sentence);
    };
    const auto all = documents();
    expect(all.size() == 3, std::to_string(all.size()) + " documents came of 3 creates");
    const auto dead = letters(letter::status::dead).size();
    expect(dead == sent_nonsense, std::to_string(dead) + " dead letters came of "
                                    + std::to_string(sent_nonsense) + " messages without sense");
    expect(letters(letter::status::retrying).empty(), "letters are still being retried");
    std::size_t changes = 0;
    for (const auto& each : all) {
      const auto years = years_of(each.id);
      changes += years.size();
      // What died let the later ones of its document pass.
      const bool has_died = redriven.contains(entity_ref{entity_kind::document, each.id}.text());
      expect(has_died || std::ranges::is_sorted(years), "changes of a document are out of order");
    }
    expect(changes == sent_changes, std::to_string(changes) + " effects came of "
                                      + std::to_string(sent_changes) + " changes");
    std::set<std::string> answered;
    for (const auto& each : replies())
      if (std::holds_alternative<command_done>(each.outcome))
        answered.insert(each.command_id);
    expect(answered.size() == sent_changes + 3, std::to_string(answered.size()) + " of "
                                                  + std::to_string(sent_changes + 3)
                                                  + " commands were answered");
    return found;
  }

  std::function<bool(const entity_id&)> failing;
  memory_source source{4};
  scratch_directory directory;
  stepped_world world;
  std::unique_ptr<blob_store> blobs;
  row_schema_registry schemas = row_schema_registry::open("").value();
  std::unique_ptr<failing_documents> between;
  std::unique_ptr<inbox> box;
  std::size_t sent_changes = 0;
  std::size_t sent_nonsense = 0;
  std::set<std::string> redriven; ///< What redriven letters were about.
};

} // namespace dossier::test

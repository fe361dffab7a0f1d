// SPDX-License-Identifier: Apache-2.0
// The core with webhooks in virtual time, before receivers that do as they are told. Each webhook
// has a destination of its own unless it is given one.
#pragma once

#include "actors/webhook_deliverer.hpp"
#include "protocol/webhook_signature.hpp"
#include "tests/support/scripted_receiver.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace dossier::test {

struct webhook_world {
  explicit webhook_world(std::uint64_t seed = 1, const settings& s = settings_of())
    : world(s, seed, &out) {
    world.on_stop = [this] {
      out.forget();
    };
  }
  ~webhook_world() {
    world.commits.drop_all();
    world.loaders.drop_all();
    out.forget();
  }
  webhook_world(const webhook_world&) = delete;
  webhook_world& operator=(const webhook_world&) = delete;

  static settings settings_of() {
    settings s;
    s.storage.shards = 2;
    s.letters.jitter_percent = 0;
    s.webhooks.handshake = false;
    s.webhooks.attempt_ms_max = 2'000;
    s.webhooks.attempts_max = 4;
    s.webhooks.retry_ms_min = 100;
    s.webhooks.retry_ms_max = 400;
    s.webhooks.breaker_failures_max = 5;
    s.webhooks.breaker_open_ms = 5'000;
    s.webhooks.breaker_successes_min = 2;
    s.webhooks.in_flight_max = 8;
    return s;
  }

  webhooks& hooks() { return *world.core->webhooks(); }

  /// Sends a command; whether it was done is not waited for.
  void tell_soon(const entity_id& id, webhook::command what) {
    hooks().submit(id, std::move(what), {},
                   std::make_shared<reply<webhook::view>>([](const auto&) {}));
  }
  void tell(const entity_id& id, webhook::command what) {
    tell_soon(id, std::move(what));
    world.run();
  }

  entity_id begin_hook(const std::string& name, bool needs_handshake = false) {
    const auto id = hooks().next_id("acme");
    webhook::registration made;
    made.url = "http://" + name + ".example/" + name;
    made.customer = "acme";
    made.start = world.feed.end().text();
    ids["/" + name] = id;
    tell_soon(id, webhook::create{made, needs_handshake});
    return id;
  }
  entity_id hook(const std::string& name, bool needs_handshake = false) {
    const auto id = begin_hook(name, needs_handshake);
    world.run();
    return id;
  }
  webhook::view view_of(const entity_id& id) { return hooks().find(id).value().view; }
  std::string status_of(const entity_id& id) { return std::string(to_string(view_of(id).status)); }
  std::string breaker(const std::string& name) {
    const auto found = world.core->guards()->find(name + ".example:80");
    return found ? std::string(to_string(found->now.state)) : "none";
  }

  /// A document that is changed `times` times: times + 1 events.
  entity_id document(int times = 0) {
    const auto id = world.core->documents().next_id("acme");
    BOOST_REQUIRE(world.ask(id, document::create{"acme", "t", "f", "a/b", {}, {}, {}}));
    for (int i = 0; i < times; ++i)
      change(id);
    return id;
  }
  void change(const entity_id& id) {
    document::change what;
    what.file_name = "f" + std::to_string(++changes);
    BOOST_REQUIRE(world.ask(id, what));
  }

  void pass(milliseconds time, milliseconds step = milliseconds{10}) {
    for (; time > milliseconds{0}; time -= std::min(time, step)) {
      world.beat(std::min(time, step));
      out.expire();
      world.run();
    }
  }
  void kill() { world.kill_and_restart(); }

  /// Of one webhook what was taken, as sequences by entity, in the order of their first arrival.
  std::map<std::string, std::vector<std::uint64_t>> taken(const std::string& name) const {
    std::map<std::string, std::vector<std::uint64_t>> found;
    std::set<std::string> known;
    for (const auto& each : out.attempts)
      if (each.hook == "/" + name && each.is_taken && known.insert(each.id).second)
        found[each.entity].push_back(each.sequence);
    return found;
  }
  std::vector<std::int64_t> attempt_times_ms(const std::string& event) const {
    std::vector<std::int64_t> times;
    for (const auto& each : out.attempts)
      if (each.id == event)
        times.push_back((each.at - from_ms(0)).count());
    return times;
  }

  std::optional<letter::status> letter_of(const entity_id& hook_id, const cloud_event& event) {
    const auto found = world.core->letters().find(letter_id_of(hook_id, event, hook_id.shard()));
    return found ? std::optional{found->view.status} : std::nullopt;
  }
  std::vector<found_letter> dead() {
    return world.core->letters().list({}, std::nullopt, 1'000).value().items;
  }
  void redrive(const entity_id& id) {
    world.core->letters().submit(id, letter::redrive{}, {},
                                 std::make_shared<reply<letter::view>>([](const auto&) {}));
    world.run();
  }

  /// What a webhook must hear: everything of its customer behind `after` up to `until`.
  std::vector<fed_event> events_between(const entity_id& id, feed_cursor after,
                                        const std::optional<feed_cursor>& until = {}) {
    const auto filter = cloud_event_filter::parse({}, {}, "acme").value();
    std::vector<fed_event> all;
    for (bool is_end = false; !is_end;) {
      auto page = world.feed.inner->read({filter, after, 100}).value();
      for (auto& each : page.events)
        if (!until || each.position <= until->positions[id.shard()])
          all.push_back(std::move(each));
      is_end = page.is_end;
      after = page.next;
    }
    return all;
  }
  feed_cursor start_of(const entity_id& id) {
    return feed_cursor::parse(view_of(id).registration.start, 2).value();
  }
  std::optional<feed_cursor> noted(const entity_id& id) {
    const auto note = world.store->read_note(id.shard(), note_name_of(id)).value();
    return note ? std::optional{feed_cursor::parse(*note, 2).value()} : std::nullopt;
  }
  bool was_taken(const std::string& hook_name, const std::string& event) const {
    return std::ranges::any_of(out.attempts, [&](const auto& each) {
      return each.hook == "/" + hook_name && each.id == event && each.is_taken;
    });
  }
  /// What the position has passed and is neither taken nor a letter.
  std::vector<std::string> lost_behind(const std::string& name, const feed_cursor& position) {
    const auto id = ids.at("/" + name);
    std::vector<std::string> lost;
    for (const auto& each : events_between(id, start_of(id), position))
      if (!was_taken(name, each.event.id) && !letter_of(id, each.event))
        lost.push_back(each.event.id);
    return lost;
  }

  scripted_receiver out{world.time};
  stepped_world world;
  std::map<std::string, entity_id> ids; ///< Of webhooks, by path.
  int changes = 0;
};

} // namespace dossier::test

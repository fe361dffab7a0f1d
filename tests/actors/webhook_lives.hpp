// SPDX-License-Identifier: Apache-2.0
// Seeded lives of webhooks: documents, webhooks made, paused, resumed and removed, receivers that
// fail, stall and lie, deliverers that crash, processes that end and lose notes, letters redriven.
#pragma once

#include "tests/actors/webhook_world.hpp"

#include <random>

namespace dossier::test {

struct webhook_lives : webhook_world {
  explicit webhook_lives(std::uint32_t seed)
    : webhook_world(seed)
    , dice(seed) {
    out.mood_of = [this](const outbound_request& r) {
      return mood_at(r.to.host);
    };
    out.on_attempt = [this](const attempt_seen& seen) {
      check_attempt(seen);
    };
  }

  void live_through() {
    for (int i = 0; i < 2; ++i)
      make_hook();
    for (int round = 0; round < 6; ++round) {
      for (int steps_left = 120; steps_left > 0; --steps_left) {
        disturb();
        look_at_notes();
      }
      if (round % 2 == 1)
        redrive_all();
    }
    calm_down();
  }

  /// What is not as it must be, a sentence each.
  std::vector<std::string> findings() {
    for (const auto& [name, life] : hooks_made)
      if (!life.is_removed)
        judge(name);
    if (world.answers_twice > 0)
      found.insert("a command was answered twice");
    return {found.begin(), found.end()};
  }

  /// What a life was made of, so that a test can see that it was one.
  struct deeds {
    std::size_t taken = 0;
    std::size_t repeated = 0; ///< Attempts after the first of a message.
    std::size_t redriven = 0;
    std::size_t removed = 0;
    std::size_t crashes = 0;
    std::size_t ends = 0;
    std::size_t notes_lost = 0;
  };
  deeds done() const {
    auto all = done_;
    all.repeated = out.attempts.size() - bodies.size();
    for (const auto& each : out.attempts)
      all.taken += each.is_taken ? 1 : 0;
    all.crashes = world.feed.thrown;
    return all;
  }

private:
  struct hook_life {
    entity_id id;
    bool is_removed = false;
    std::vector<std::string> notes; ///< All that stood in the journal, oldest first.
  };

  bool one_in(unsigned n) { return dice() % n == 0; }

  mood mood_at(const std::string& host) {
    const auto at = moods.find(host);
    if (at == moods.end() || is_calm)
      return mood::good;
    // Even what is bad is good at times, or everything would become a letter.
    return one_in(3) ? mood::good : at->second;
  }

  void make_hook() {
    const auto name = "h" + std::to_string(hooks_made.size());
    hooks_made[name].id = begin_hook(name, one_in(2));
  }

  /// A webhook that may still be there, by name.
  std::string some_hook() {
    auto at = hooks_made.begin();
    std::advance(at, static_cast<std::ptrdiff_t>(dice() % hooks_made.size()));
    return at->first;
  }

  void disturb_hooks() {
    const auto name = some_hook();
    auto& life = hooks_made.at(name);
    switch (dice() % 12) {
    case 0:
      if (hooks_made.size() < 5)
        make_hook();
      break;
    case 1:
      life.is_removed = true;
      ++done_.removed;
      tell_soon(life.id, webhook::remove{});
      break;
    case 2:
    case 3:
      tell_soon(life.id, webhook::pause{"the test says so"});
      break;
    case 4:
      tell_soon(life.id, webhook::rotate_secret{});
      break;
    case 5:
    case 6:
      moods.erase(name + ".example");
      break;
    case 7:
    case 8:
    case 9:
      moods[name + ".example"] = static_cast<mood>(dice() % 5);
      break;
    default:
      tell_soon(life.id, webhook::resume{});
    }
  }

  void disturb_documents() {
    if (documents.size() < 4 && one_in(3)) {
      documents.push_back(world.core->documents().next_id("acme"));
      world.submit(documents.back(), document::create{"acme", "t", "f", "a/b", {}, {}, {}});
    } else if (!documents.empty()) {
      document::change what;
      what.file_name = "f" + std::to_string(++changes);
      world.submit(documents[dice() % documents.size()], what);
    }
  }

  /// The process ends; of what was noted the last may be lost, as it is not synced.
  void end_process() {
    for (auto& [name, life] : hooks_made) {
      if (life.notes.empty() || life.is_removed || one_in(2))
        continue;
      const auto& older
        = life.notes[life.notes.size() - 1 - dice() % std::min<std::size_t>(life.notes.size(), 4)];
      done_.notes_lost += older == life.notes.back() ? 0 : 1;
      BOOST_REQUIRE(world.store->write_note(life.id.shard(), "webhook:" + life.id.text(), older));
    }
    ++done_.ends;
    kill();
  }

  void disturb() {
    switch (dice() % 28) {
    case 0:
      if (one_in(4))
        end_process();
      break;
    case 1:
      if (one_in(4))
        world.feed.throws = 1 + dice() % 2;
      break;
    case 2:
      if (world.commits.waiting() > 0 && one_in(4))
        world.commits.refuse_first(fail(errc::unavailable, "the test says so"));
      break;
    case 3:
      if (world.commits.waiting() > 0 && one_in(4)) {
        world.commits.write_unanswered(1 + dice() % world.commits.waiting());
        end_process();
      }
      break;
    case 4:
    case 5:
      disturb_hooks();
      break;
    case 6:
    case 7:
      disturb_documents();
      break;
    case 8:
    case 9:
    case 10:
      world.beat(milliseconds{10 + dice() % 400});
      out.expire();
      break;
    case 11:
      world.run();
      break;
    case 12:
    case 13:
    case 14:
      if (world.commits.waiting() > 0)
        world.commits.write(1 + dice() % world.commits.waiting());
      break;
    case 15:
    case 16:
    case 17:
      if (world.loaders.waiting() > 0)
        world.loaders.run_first();
      break;
    default:
      world.step_actor(dice());
    }
  }

  void redrive_all() {
    std::set<std::pair<std::string, std::uint64_t>> events;
    for (const auto& each : dead()) {
      const auto& origin = each.view.origin;
      if (!events.emplace(origin.topic, static_cast<std::uint64_t>(origin.offset)).second)
        found.insert("an event has two letters");
      redrive(each.id);
      ++done_.redriven;
    }
  }

  void calm_down() {
    world.feed.throws = 0;
    world.run();
    is_calm = true;
    for (const auto& [name, life] : hooks_made)
      if (!life.is_removed)
        tell(life.id, webhook::resume{});
    // Breakers close, handshakes are repeated, restarts have their rest.
    for (int tenths = 0; tenths < 900; ++tenths) {
      pass(milliseconds{100}, milliseconds{100});
      look_at_notes();
    }
    redrive_all();
    pass(milliseconds{20'000}, milliseconds{100});
  }

  bool is_signed_by(const entity_id& id, std::uint32_t generation, const attempt_seen& seen) {
    const auto secret = webhook_secret::parse(hooks().secret_of(id, generation)).value();
    const webhook_headers headers{seen.id,
                                  scripted_receiver::field_of(seen.what, webhook_timestamp_name),
                                  scripted_receiver::field_of(seen.what, webhook_signature_name)};
    return verify_webhook(headers, seen.what.body, {&secret, 1}, world.time.now()).has_value();
  }

  void check_attempt(const attempt_seen& seen) {
    const auto id = ids.at(seen.hook);
    const auto last = view_of(id).generation;
    // The deliverer hears of a new secret a little later; when all is calm, it has heard.
    bool is_signed = false;
    for (auto generation = is_calm ? last : 1; generation <= last; ++generation)
      is_signed = is_signed || is_signed_by(id, generation, seen);
    if (!is_signed)
      found.insert("an attempt was not signed as it must be");
    if (seen.id != seen.entity + '-' + std::to_string(seen.sequence))
      found.insert("the id of a message is not that of its event");
    const auto [first, is_new] = bodies.emplace(std::pair{seen.hook, seen.id}, seen.what.body);
    if (!is_new && first->second != seen.what.body)
      found.insert("a repeated message is not the same");
    // Whatever is repeated: the first attempts of an entity's events come in their order.
    auto& highest = begun[{seen.hook, seen.entity}];
    if (is_new && seen.sequence < highest)
      found.insert("an event was attempted for the first time behind a later one");
    highest = std::max(highest, seen.sequence);
  }

  /// What is noted has passed nothing that has neither arrived nor become a letter.
  void look_at_notes() {
    for (auto& [name, life] : hooks_made) {
      if (life.is_removed)
        continue;
      const auto note = world.store->read_note(life.id.shard(), note_name_of(life.id)).value();
      if (!note || (!life.notes.empty() && life.notes.back() == *note))
        continue;
      life.notes.push_back(*note);
      if (!lost_behind(name, feed_cursor::parse(*note, 2).value()).empty())
        found.insert("a noted position has passed what did not arrive");
    }
  }

  void judge(const std::string& name) {
    const auto id = hooks_made.at(name).id;
    const auto is_made = hooks().find(id);
    if (!is_made)
      return; // Its creation was refused.
    if (is_made->view.status != webhook::status::active) {
      found.insert("a webhook is not active at the end");
      return;
    }
    std::map<std::string, std::set<std::uint64_t>> lettered;
    for (const auto& each : events_between(id, start_of(id))) {
      const auto letter = letter_of(id, each.event);
      if (letter)
        lettered[each.event.partitionkey].insert(each.event.sequence);
      if (letter && *letter != letter::status::settled)
        found.insert("a redriven letter is not settled at the end");
      if (!was_taken(name, each.event.id))
        found.insert(letter ? "a letter was redriven and did not arrive" : "an event is lost");
    }
    // What became a letter let the later ones pass.
    for (const auto& [entity, sequences] : taken(name)) {
      auto in_order = sequences;
      std::erase_if(in_order, [&](auto n) { return lettered[entity].contains(n); });
      if (!std::ranges::is_sorted(in_order))
        found.insert("an entity's events arrived out of order");
    }
  }

  std::mt19937 dice;
  bool is_calm = false;
  std::map<std::string, mood> moods; ///< By host.
  std::map<std::string, hook_life> hooks_made;
  std::vector<entity_id> documents;
  std::map<std::pair<std::string, std::string>, std::string> bodies; ///< By hook and message.
  std::map<std::pair<std::string, std::string>, std::uint64_t> begun;
  std::set<std::string> found;
  deeds done_;
};

} // namespace dossier::test

// SPDX-License-Identifier: Apache-2.0
#include "tests/simulation/simulation.hpp"

#include "tests/simulation/properties.hpp"
#include "tests/support/stepped_world.hpp"

#include <algorithm>
#include <random>
#include <string>

namespace dossier::simulation {

using namespace dossier::test;
using namespace std::chrono_literals;

namespace {

settings settings_of(std::mt19937_64& dice) {
  settings s;
  s.storage.shards = static_cast<std::uint16_t>(1 + dice() % 4);
  s.actors.active_max = static_cast<std::uint32_t>(2 + dice() % 12);
  s.actors.passivate_after_ms = static_cast<std::uint32_t>(200 + dice() % 5'000);
  s.actors.restart_backoff_ms_min = static_cast<std::uint32_t>(1 + dice() % 100);
  s.actors.restart_backoff_ms_max = 1'000;
  s.actors.restarts_max = 1'000;
  s.timers.horizon_ms = static_cast<std::uint32_t>(1'000 + dice() % 60'000);
  s.timers.rows_per_shard_max = static_cast<std::uint32_t>(2 + dice() % 16);
  s.timers.in_flight_max = static_cast<std::uint32_t>(1 + dice() % 8);
  s.timers.retry_ms_min = 100;
  s.timers.retry_ms_max = 2'000;
  s.documents.abandon_after_s = static_cast<std::uint32_t>(30 + dice() % 300);
  if (dice() % 3 == 0)
    s.documents.expiring_leads_s = {120, 60, 5};
  return s;
}

/// Drives one world. What clients know is in `oracle_`; what is true is asked of the journal at the
/// end.
class run_of_seed {
public:
  explicit run_of_seed(std::uint64_t seed)
    : dice_(seed)
    , world_(settings_of(dice_), seed)
    , oracle_(*world_.store)
    , began_(world_.time.now()) {}

  verdict go() {
    const auto steps = 300 + dice_() % 1'500;
    for (std::uint64_t i = 0; i < steps; ++i)
      step();
    settle();
    verdict v;
    v.violations = oracle_.check(world_.time.now());
    if (world_.answers_twice > 0)
      v.violations.push_back("a command was answered twice");
    if (world_.answers != world_.commands)
      v.violations.push_back(std::to_string(world_.commands - world_.answers)
                             + " commands were never answered");
    mix(world_.store->read_outbox_depth().rows);
    v.trace_hash = hash_;
    v.commands = world_.commands;
    v.acknowledged = oracle_.acknowledged();
    v.kills = kills_;
    v.virtual_ms = static_cast<std::uint64_t>(world_.uptime.count());
    return v;
  }

private:
  bool chance(unsigned percent) { return dice_() % 100 < percent; }

  /// FNV-1a over what happened, in order.
  void mix(std::uint64_t what) {
    for (int i = 0; i < 8; ++i, what >>= 8)
      hash_ = (hash_ ^ (what & 0xff)) * 0x100000001b3;
  }

  void step() {
    const auto what = dice_() % 100;
    mix(what);
    stalled_steps_ -= stalled_steps_ > 0 ? 1 : 0;
    if (what < 45)
      step_actors();
    else if (what < 60)
      step_commits();
    else if (what < 68)
      step_loaders();
    else if (what < 82)
      send_command();
    else if (what < 94)
      pass_time();
    else if (what < 97)
      crash_an_actor();
    else if (what < 99)
      step_clock();
    else if (chance(30))
      kill_process();
    observe();
  }

  void step_actors() {
    for (auto steps = 1 + dice_() % 6; steps > 0; --steps)
      world_.step_actor(dice_());
  }

  void step_commits() {
    if (world_.commits.waiting() == 0 || stalled_steps_ > 0)
      return;
    // A slow disk: actors crash and come back while their batches still wait.
    if (chance(5)) {
      stalled_steps_ = 20 + dice_() % 60;
      return;
    }
    if (chance(8))
      world_.commits.refuse_first(fail(errc::unavailable, "the simulation refuses this batch"));
    else
      world_.commits.write(1 + dice_() % world_.commits.waiting());
  }

  void step_loaders() {
    if (world_.loaders.waiting() > 0)
      world_.loaders.run_first();
  }

  void pass_time() {
    const auto wanted = world_.heart.take();
    const auto most = std::max<std::int64_t>(wanted.count(), 1);
    world_.beat(
      milliseconds{std::min<std::int64_t>(100, 1 + static_cast<std::int64_t>(dice_()) % most)});
    if (chance(20))
      for (int beats = 0; beats < 50; ++beats)
        world_.beat(100ms);
  }

  void step_clock() {
    const std::int64_t span = chance(50) ? 5'000 : 3'600'000;
    const auto by
      = static_cast<std::int64_t>(dice_() % static_cast<std::uint64_t>(2 * span)) - span;
    world_.step_clock(milliseconds{by});
    oracle_.clock_was_stepped();
    mix(static_cast<std::uint64_t>(by));
  }

  void crash_an_actor() {
    if (const auto* id = oracle_.some_document(dice_()))
      world_.core->admin().restart({entity_kind::document, *id});
  }

  void kill_process() {
    ++kills_;
    if (const auto waiting = world_.commits.waiting(); waiting > 0 && chance(50))
      world_.commits.write_unanswered(1 + dice_() % waiting);
    world_.kill_and_restart();
    if (chance(50))
      world_.time.set(world_.time.now() + milliseconds{dice_() % 200'000});
  }

  void send_command() {
    const auto* known = oracle_.some_document(dice_());
    if (known == nullptr || chance(30)) {
      create();
      return;
    }
    const auto id = *known;
    switch (dice_() % 5) {
    case 0:
      send(id, document::store_content{some_digest(), dice_() % 1'000});
      return;
    case 1:
      send(id, document::confirm_upload{});
      return;
    case 2: {
      document::change what;
      if (chance(70))
        what.expiry = chance(20) ? std::nullopt : std::optional(some_expiry());
      else
        what.file_name = "file-" + std::to_string(dice_() % 4);
      if (chance(20))
        what.expected_version = 1 + dice_() % 4;
      send(id, what);
      return;
    }
    case 3:
      send(id, document::confirm_upload{});
      return;
    case 4:
      if (chance(30))
        send(id, document::remove{});
      return;
    }
  }

  void create() {
    // A client that had no answer repeats the same request, as a client of HTTP does with the same
    // key.
    const auto customer = "customer-" + std::to_string(dice_() % 3);
    auto request = oracle_.unanswered_create(dice_());
    if (!request || chance(60)) {
      document::create what{customer, "invoice", "a b.pdf", "application/pdf", {}, {}, {}};
      if (chance(75))
        what.expiry = some_expiry();
      request = oracle_.new_create(std::move(what), dice_);
    }
    // As the edge does: an answer that is stored is given again, and nothing is sent.
    const auto stored
      = world_.core->documents().find_answer(request->what.customer, request->command);
    if (stored && *stored) {
      const auto answered = world_.core->documents().decode_answer((*stored)->bytes);
      if (answered)
        oracle_.create_answered(*request, *answered);
      return;
    }
    command_meta meta;
    meta.id = request->command;
    meta.is_fresh_entity = true;
    meta.cause.request_id = oracle_.next_request();
    const auto id = world_.core->documents().next_id(request->what.customer);
    oracle_.sent(id, meta.cause.request_id, world_.submit(id, request->what, meta), request);
  }

  void send(const entity_id& id, document::command what) {
    command_meta meta;
    meta.cause.request_id = oracle_.next_request();
    oracle_.sent(id, meta.cause.request_id, world_.submit(id, std::move(what), meta), std::nullopt);
  }

  timestamp some_expiry() {
    const std::uint64_t spans[] = {200, 2'000, 70'000, 400'000};
    return world_.time.now() + milliseconds{1 + dice_() % spans[dice_() % 4]};
  }

  sha256_digest some_digest() {
    sha256_digest digest{};
    digest[0] = static_cast<std::uint8_t>(dice_() % 5);
    return digest;
  }

  void observe() {
    for (const auto answered : oracle_.take_answers())
      mix(answered);
  }

  /// Faults end; everything that was begun comes to its end, and every timer's time comes.
  void settle() {
    world_.step_clock(-(world_.time.now() - began_) + world_.uptime);
    for (int rounds = 0; rounds < 40; ++rounds) {
      world_.advance(10s);
      observe();
    }
    world_.advance(20min);
    observe();
  }

  std::mt19937_64 dice_;
  stepped_world world_;
  oracle oracle_;
  const timestamp began_;
  std::uint64_t hash_ = 0xcbf29ce484222325;
  std::uint64_t kills_ = 0;
  std::uint64_t stalled_steps_ = 0; ///< The disk writes nothing for so many steps.
};

} // namespace

verdict run(std::uint64_t seed) {
  return run_of_seed(seed).go();
}

} // namespace dossier::simulation

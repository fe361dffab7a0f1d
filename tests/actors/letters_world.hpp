// SPDX-License-Identifier: Apache-2.0
// Letters in virtual time, and somebody who attempts them as the test says.
#pragma once

#include "tests/support/stepped_world.hpp"

#include <boost/test/unit_test.hpp>

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::test {

inline settings letter_settings_of_four_shards() {
  settings s;
  s.storage.shards = 4;
  s.letters.jitter_percent = 0;
  return s;
}

inline const letter::trouble away{errc::unavailable, "the store is away", ""};
inline const letter::trouble wrong{errc::invalid_argument, "the expiry 12 is no date-time",
                                   "/expiryDate"};

/// Answers as it is told to, and remembers what it was asked.
class told_channel final : public letter_channel {
public:
  struct asked {
    entity_id id;
    std::uint32_t attempt = 0;
    timestamp at;
    std::string value;
  };

  explicit told_channel(const virtual_clock& time)
    : time_(time) {}

  void attempt(const entity_id& id, const letter::view& what, attempted done) override {
    seen.push_back({id, what.attempts + 1, time_.now(), what.message.value});
    if (answer)
      done(answer(id));
    else
      held.push_back(std::move(done));
  }

  std::function<attempt_outcome(const entity_id&)> answer; ///< Empty: answers are held back.
  std::vector<asked> seen;
  std::vector<attempted> held;

private:
  const virtual_clock& time_;
};

inline attempt_outcome fails_for_now(const entity_id&) {
  return attempt::failed{away, true};
}
inline attempt_outcome fails_for_good(const entity_id&) {
  return attempt::failed{wrong, false};
}
inline attempt_outcome succeeds(const entity_id&) {
  return attempt::succeeded{};
}
inline attempt_outcome waits(const entity_id&) {
  return attempt::not_now{};
}

struct letters_world {
  stepped_world world{letter_settings_of_four_shards()};
  told_channel channel{world.time};

  letters_world() { serve(); }
  ~letters_world() { channel.held.clear(); }

  void serve() { world.core->serve_letters(letter::channel::commands, &channel); }

  result<answer<letter::view>> tell(const entity_id& id, letter::command what) {
    std::optional<result<answer<letter::view>>> seen;
    world.core->letters().submit(
      id, std::move(what), {},
      std::make_shared<reply<letter::view>>(
        [&](result<answer<letter::view>> got) { seen = std::move(got); }));
    world.run();
    if (!seen)
      return fail(errc::internal, "the command was not answered");
    return *seen;
  }

  entity_id receive(bool is_transient, std::string type = "T", shard_number shard = 1) {
    const auto id = world.core->letters().next_id(shard);
    const auto told = tell(
      id, letter::receive{{letter::channel::commands, "commands", shard, 17, world.time.now()},
                          {"acme", {}, "{}"},
                          std::move(type),
                          "document/x",
                          is_transient ? away : wrong,
                          is_transient});
    BOOST_REQUIRE(told);
    return id;
  }

  letter::view view_of(const entity_id& id) {
    const auto found = world.core->letters().find(id);
    BOOST_REQUIRE(found);
    return found->view;
  }
  std::string status_of(const entity_id& id) { return std::string(to_string(view_of(id).status)); }

  std::vector<std::int64_t> waits_ms(timestamp from) const {
    std::vector<std::int64_t> waited;
    for (const auto& asked : channel.seen) {
      waited.push_back((asked.at - from).count());
      from = asked.at;
    }
    return waited;
  }

  void counts_are(std::uint64_t retrying, std::uint64_t dead) {
    const auto counts = world.core->letters().counts();
    BOOST_REQUIRE(counts);
    BOOST_TEST(counts->retrying == retrying);
    BOOST_TEST(counts->dead == dead);
  }

  std::size_t timer_rows() { return world.core->admin().timers(from_ms(0), 100)->size(); }
};

} // namespace dossier::test

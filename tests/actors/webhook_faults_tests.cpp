// SPDX-License-Identifier: Apache-2.0
// Deliveries to receivers that fail, stall and lie, in virtual time: order, the times of retries,
// the breaker, timeouts, letters, and a position that never passes what has not arrived.
#include "tests/actors/webhook_world.hpp"

#include <algorithm>

using namespace dossier;
using namespace dossier::test;
using namespace std::chrono_literals;

namespace webhook_faults {

/// Time is looked at so often, so everything may come so much later.
constexpr std::int64_t step_ms = 10;

std::vector<std::uint64_t> counted(std::uint64_t last) {
  std::vector<std::uint64_t> all;
  for (std::uint64_t i = 1; i <= last; ++i)
    all.push_back(i);
  return all;
}

std::string event_of(const entity_id& document, int sequence) {
  return document.text() + '-' + std::to_string(sequence);
}

settings without_breaker() {
  auto s = webhook_world::settings_of();
  s.webhooks.breaker_failures_max = 1'000;
  return s;
}

struct scene : webhook_world {
  explicit scene(const settings& s = settings_of())
    : webhook_world(1, s) {
    out.mood_of = [this](const outbound_request& r) {
      const auto event = scripted_receiver::field_of(r, "webhook-id");
      const auto found = moods.find(event);
      if (found == moods.end() || found->second.empty())
        return usual;
      const auto now = found->second.front();
      found->second.erase(found->second.begin());
      return now;
    };
  }

  /// Lets time pass; the position only goes forward, and past nothing that has not ended.
  void watch(const std::string& name, milliseconds time) {
    const auto id = ids.at("/" + name);
    for (; time > 0ms; time -= milliseconds{step_ms}) {
      pass(milliseconds{step_ms});
      const auto status = hooks().status(id);
      if (!status)
        continue;
      const auto now = status->position.positions[id.shard()];
      BOOST_REQUIRE(now >= reached);
      reached = now;
      const auto lost = lost_behind(name, status->position);
      BOOST_REQUIRE_MESSAGE(lost.empty(), "what the position has passed is lost");
    }
  }

  std::vector<std::int64_t> waits_ms(const std::string& event) const {
    auto times = attempt_times_ms(event);
    std::vector<std::int64_t> waits;
    for (std::size_t i = 1; i < times.size(); ++i)
      waits.push_back(times[i] - times[i - 1]);
    return waits;
  }

  mood usual = mood::good;
  std::map<std::string, std::vector<mood>> moods; ///< What an event's first attempts meet.
  std::uint64_t reached = 0;
};

} // namespace webhook_faults

BOOST_AUTO_TEST_SUITE(webhook_faults)

BOOST_AUTO_TEST_CASE(a_documents_events_wait_for_each_other_and_others_pass) {
  scene s;
  s.hook("a");
  const auto one = s.document(3);
  const auto two = s.document(3);
  s.moods[event_of(one, 1)] = {mood::stalling};
  s.watch("a", 200ms);
  BOOST_TEST(s.taken("a").at(two.text()) == counted(4), boost::test_tools::per_element());
  BOOST_TEST(!s.taken("a").contains(one.text()));
  BOOST_TEST(s.attempt_times_ms(event_of(one, 2)).empty());
  s.watch("a", 4s);
  BOOST_TEST(s.taken("a").at(one.text()) == counted(4), boost::test_tools::per_element());
  BOOST_TEST(s.dead().empty());
}

BOOST_AUTO_TEST_CASE(retries_come_after_growing_waits_that_dice_shorten) {
  scene s(without_breaker());
  s.hook("a");
  std::set<std::int64_t> last_waits;
  s.usual = mood::failing;
  std::vector<entity_id> documents;
  for (int i = 0; i < 30; ++i)
    documents.push_back(s.document());
  s.watch("a", 3s);
  for (const auto& id : documents) {
    const auto waits = s.waits_ms(event_of(id, 1));
    BOOST_REQUIRE(waits.size() == 3u);
    BOOST_TEST(waits[0] <= 100 + step_ms);
    BOOST_TEST(waits[1] <= 200 + step_ms);
    BOOST_TEST(waits[2] <= 400 + step_ms);
    last_waits.insert(waits[2]);
  }
  BOOST_TEST(last_waits.size() > 10u);
  BOOST_TEST(*last_waits.rbegin() > 200);
}

BOOST_AUTO_TEST_CASE(the_breaker_opens_probes_and_closes) {
  scene s;
  const auto id = s.hook("a");
  s.usual = mood::failing;
  std::vector<entity_id> documents;
  for (int i = 0; i < 8; ++i)
    documents.push_back(s.document(1));
  s.pass(200ms);
  BOOST_TEST(s.breaker("a") == "open");
  const auto before = s.out.attempts.size();
  BOOST_TEST(before >= 5u);
  // Whoever waits does so without an attempt; then one goes to see, and fails.
  s.watch("a", 4'700ms);
  BOOST_TEST(s.out.attempts.size() == before);
  s.watch("a", 300ms);
  BOOST_TEST(s.out.attempts.size() == before + 1);
  BOOST_TEST(s.breaker("a") == "open");
  s.watch("a", 4'600ms);
  BOOST_TEST(s.out.attempts.size() == before + 1);
  // The next one stalls: it alone is under way as long as nothing is known.
  s.usual = mood::stalling;
  s.watch("a", 1s);
  BOOST_TEST(s.breaker("a") == "half-open");
  BOOST_TEST(s.out.attempts.size() == before + 2);
  s.usual = mood::good;
  s.watch("a", 1'500ms);
  BOOST_TEST(s.breaker("a") == "open");
  s.watch("a", 6s);
  BOOST_TEST(s.breaker("a") == "closed");
  for (const auto& each : documents)
    BOOST_TEST(s.taken("a").at(each.text()) == counted(2), boost::test_tools::per_element());
  BOOST_TEST(s.dead().empty());
  BOOST_TEST(s.hooks().status(id)->delivered == 16u);
}

BOOST_AUTO_TEST_CASE(an_open_breaker_is_of_its_destination_alone) {
  scene s;
  s.hook("a");
  s.hook("b");
  s.out.mood_of = [](const outbound_request& r) {
    return r.to.host == "a.example" ? mood::failing : mood::good;
  };
  std::vector<entity_id> documents;
  for (int i = 0; i < 8; ++i)
    documents.push_back(s.document(1));
  s.watch("b", 500ms);
  BOOST_TEST(s.breaker("a") == "open");
  BOOST_TEST(s.breaker("b") == "closed");
  BOOST_TEST(s.taken("a").empty());
  BOOST_TEST(s.taken("b").size() == 8u);
}

BOOST_AUTO_TEST_CASE(a_receiver_that_stalls_is_given_its_time_and_asked_again) {
  scene s;
  s.hook("a");
  s.usual = mood::stalling;
  const auto id = s.document();
  s.watch("a", 1'900ms);
  BOOST_TEST(s.out.attempts.size() == 1u);
  s.usual = mood::good;
  s.watch("a", 300ms);
  const auto waits = s.waits_ms(event_of(id, 1));
  BOOST_REQUIRE(waits.size() == 1u);
  BOOST_TEST(waits[0] >= 2'000);
  BOOST_TEST(waits[0] <= 2'000 + 100 + 2 * step_ms);
  BOOST_TEST(s.taken("a").at(id.text()).size() == 1u);
  BOOST_TEST(s.out.stalled() == 0u);
}

BOOST_AUTO_TEST_CASE(what_fails_to_the_end_is_one_letter_and_the_next_goes_on) {
  scene s(without_breaker());
  const auto id = s.hook("a");
  const auto one = s.document();
  s.moods[event_of(one, 2)] = std::vector<mood>(4, mood::failing);
  s.moods[event_of(one, 3)] = {mood::refusing};
  for (int i = 0; i < 3; ++i)
    s.change(one);
  s.watch("a", 3s);
  BOOST_TEST(s.taken("a").at(one.text()) == (std::vector<std::uint64_t>{1, 4}),
             boost::test_tools::per_element());
  BOOST_TEST(s.attempt_times_ms(event_of(one, 2)).size() == 4u);
  BOOST_TEST(s.attempt_times_ms(event_of(one, 3)).size() == 1u);
  auto dead = s.dead();
  BOOST_REQUIRE(dead.size() == 2u);
  for (const auto& each : dead)
    BOOST_TEST(each.view.origin.topic == id.text());
  // The position has passed all of them, so the end of the process brings none again.
  s.watch("a", 500ms);
  const auto before = s.out.attempts.size();
  s.kill();
  s.pass(2s);
  BOOST_TEST(s.out.attempts.size() == before);
  for (const auto& each : dead)
    s.redrive(each.id);
  s.pass(2s);
  BOOST_TEST(s.dead().empty());
  BOOST_TEST(s.was_taken("a", event_of(one, 2)));
  BOOST_TEST(s.was_taken("a", event_of(one, 3)));
}

BOOST_AUTO_TEST_CASE(half_an_answer_is_none_and_the_same_event_comes_again) {
  scene s;
  s.hook("a");
  const auto one = s.document(1);
  const auto first = event_of(one, 1);
  s.moods[first] = {mood::lying};
  s.watch("a", 1s);
  std::vector<const attempt_seen*> seen;
  for (const auto& each : s.out.attempts)
    if (each.id == first)
      seen.push_back(&each);
  BOOST_REQUIRE(seen.size() == 2u);
  BOOST_TEST(seen[0]->what.body == seen[1]->what.body);
  BOOST_TEST(s.taken("a").at(one.text()) == counted(2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(who_agrees_in_anothers_name_is_asked_again_and_told_nothing) {
  scene s;
  s.usual = mood::lying;
  const auto id = s.hook("a", true);
  s.pass(1s);
  BOOST_TEST(s.status_of(id) == "pending");
  BOOST_TEST(s.view_of(id).trouble.find("does not name") != std::string::npos);
  const auto one = s.document(1);
  s.usual = mood::stalling;
  s.pass(11s);
  BOOST_TEST(s.out.handshakes.size() == 2u);
  s.pass(3s);
  BOOST_TEST(s.status_of(id) == "pending");
  s.usual = mood::good;
  s.pass(21s);
  BOOST_TEST(s.status_of(id) == "active");
  BOOST_TEST(s.out.handshakes.size() == 3u);
  BOOST_TEST((s.out.handshakes[1] - s.out.handshakes[0] >= 10s));
  BOOST_TEST((s.out.handshakes[2] - s.out.handshakes[1] >= 20s));
  BOOST_TEST(s.taken("a").at(one.text()) == counted(2), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(an_open_event_holds_the_position_and_is_repeated_after_a_kill) {
  scene s(without_breaker());
  const auto id = s.hook("a");
  const auto one = s.document();
  s.watch("a", 200ms);
  s.moods[event_of(one, 2)] = {mood::stalling};
  s.change(one);
  const auto two = s.document(2);
  s.watch("a", 1s);
  BOOST_TEST(s.taken("a").at(two.text()).size() == 3u);
  BOOST_REQUIRE(s.noted(id));
  const auto until = s.noted(id)->positions[id.shard()];
  BOOST_TEST(until == s.hooks().status(id)->position.positions[id.shard()]);
  s.kill();
  s.reached = until;
  s.watch("a", 1s);
  BOOST_TEST(s.taken("a").at(one.text()) == counted(2), boost::test_tools::per_element());
  BOOST_TEST(s.taken("a").at(two.text()) == counted(3), boost::test_tools::per_element());
  // What had arrived past the open one came again, under the same id.
  BOOST_TEST(s.attempt_times_ms(event_of(two, 1)).size() == 2u);
}

BOOST_AUTO_TEST_CASE(a_call_that_waited_is_signed_with_the_secrets_of_its_time) {
  scene s;
  const auto id = s.hook("a");
  s.usual = mood::failing;
  for (int i = 0; i < 8; ++i)
    s.document();
  s.watch("a", 1s);
  BOOST_REQUIRE(s.breaker("a") == "open");
  s.tell(id, webhook::rotate_secret{});
  s.usual = mood::good;
  s.watch("a", 6s);
  const auto& last = s.out.attempts.back();
  BOOST_REQUIRE(last.is_taken);
  const auto secret = webhook_secret::parse(s.hooks().secret_of(id, 2)).value();
  const webhook_headers headers{last.id,
                                scripted_receiver::field_of(last.what, webhook_timestamp_name),
                                scripted_receiver::field_of(last.what, webhook_signature_name)};
  BOOST_TEST(verify_webhook(headers, last.what.body, {&secret, 1}, s.world.time.now()).has_value());
}

BOOST_AUTO_TEST_CASE(calls_that_wait_for_a_removed_webhook_are_not_made) {
  scene s;
  const auto id = s.hook("a");
  s.usual = mood::failing;
  for (int i = 0; i < 8; ++i)
    s.document(1);
  s.watch("a", 1s);
  const auto before = s.out.attempts.size();
  s.tell(id, webhook::remove{});
  s.usual = mood::good;
  s.pass(20s);
  BOOST_TEST(s.out.attempts.size() == before);
  BOOST_TEST(s.dead().empty());
}

BOOST_AUTO_TEST_CASE(calls_that_wait_for_a_paused_webhook_wait_until_it_is_resumed) {
  scene s;
  const auto id = s.hook("a");
  s.usual = mood::failing;
  std::vector<entity_id> documents;
  for (int i = 0; i < 8; ++i)
    documents.push_back(s.document(1));
  s.watch("a", 1s);
  const auto before = s.out.attempts.size();
  s.tell(id, webhook::pause{"maintenance"});
  s.usual = mood::good;
  s.watch("a", 20s);
  BOOST_TEST(s.out.attempts.size() == before);
  s.tell(id, webhook::resume{});
  s.watch("a", 20s);
  for (const auto& each : documents)
    BOOST_TEST(s.taken("a").at(each.text()) == counted(2), boost::test_tools::per_element());
  BOOST_TEST(s.dead().empty());
}

BOOST_AUTO_TEST_SUITE_END()

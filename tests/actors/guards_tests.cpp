// SPDX-License-Identifier: Apache-2.0
// The guards' actors in virtual time, before a destination that answers when the test says so.
#include "actors/guards_service.hpp"

#include "tests/support/stepped_world.hpp"

#include <boost/test/unit_test.hpp>

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>

#include <deque>
#include <map>
#include <string>
#include <vector>

using namespace dossier;
using guard::breaker_state;

namespace guards_tests {

/// Holds each call until the test answers it.
class scripted_outbound final : public outbound {
public:
  struct open_call {
    outbound_request what;
    called done;
  };

  void call(outbound_request what, called done) override {
    seen.push_back(what.body);
    open.push_back({std::move(what), std::move(done)});
  }
  void answer_first(result<outbound_answer> with) {
    auto first = std::move(open.front());
    open.pop_front();
    first.done(std::move(with));
  }

  std::deque<open_call> open;
  std::vector<std::string> seen; ///< Bodies, in the order of the calls.
};

outbound_answer status(unsigned code) {
  outbound_answer a;
  a.status = code;
  return a;
}

webhook_settings small() {
  webhook_settings s;
  s.concurrency = 2;
  s.waiting_max = 3;
  s.attempt_ms_max = 15'000;
  s.attempts_max = 20;
  s.retry_ms_min = 1;
  s.retry_ms_max = 1;
  return s;
}

/// The guards' service over a system that is stepped by hand.
struct scene {
  explicit scene(const webhook_settings& s = small())
    : config_(stepped())
    , system(*config_)
    , service(system, out, time, ids, s) {}
  ~scene() {
    service.stop();
    run();
    out.open.clear();
    run();
  }

  static std::unique_ptr<caf::actor_system_config> stepped() {
    auto config = std::make_unique<caf::actor_system_config>();
    config->set("scheduler.policy", caf::atom("testing"));
    return config;
  }

  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system.scheduler()).run(); }
  void advance(milliseconds by) {
    for (; by > milliseconds{0}; by -= std::min(by, milliseconds{100})) {
      uptime += std::min(by, milliseconds{100});
      time.set(time.now() + std::min(by, milliseconds{100}));
      service.beat(uptime);
      run();
    }
  }

  /// The body names the call.
  void offer(const std::string& name, const std::string& key,
             const std::string& url = "http://a.example/hook") {
    const auto to = *destination::parse(url);
    auto prepare = [name, to]() -> result<outbound_request> {
      outbound_request r;
      r.to = to;
      r.body = name;
      return r;
    };
    service.call(
      to, std::make_shared<guarded_call>(key, std::move(prepare), [this, name](call_ending how) {
        ended.emplace(name, std::move(how));
      }));
    run();
  }
  void answer(result<outbound_answer> with) {
    out.answer_first(std::move(with));
    run();
  }
  /// "succeeded", …; "" while it has not ended.
  std::string how(const std::string& name) const {
    constexpr std::array names{"succeeded", "refused",      "withdrawn",
                               "exhausted", "not-accepted", "stopped"};
    if (!ended.contains(name))
      return "";
    return ended.count(name) > 1 ? "twice"
                                 : names.at(static_cast<std::size_t>(ended.find(name)->second.how));
  }
  guard_info info(const std::string& name = "a.example:80") const {
    return service.find(name).value();
  }
  std::string breaker() const { return std::string(to_string(info().now.state)); }

  dossier::test::virtual_clock time;
  dossier::test::seeded_ids ids{1};
  scripted_outbound out;
  std::multimap<std::string, call_ending> ended;
  milliseconds uptime{0};

private:
  std::unique_ptr<caf::actor_system_config> config_;

public:
  caf::actor_system system;
  guards_service service;
};

} // namespace guards_tests

BOOST_AUTO_TEST_SUITE(guards_tests)

BOOST_AUTO_TEST_SUITE(guards_of_destinations)

BOOST_AUTO_TEST_CASE(a_call_ends_with_what_its_destination_says) {
  const std::vector<std::pair<unsigned, std::string>> meanings{
    {200, "succeeded"}, {204, "succeeded"}, {299, "succeeded"}, {301, "refused"},
    {400, "refused"},   {404, "refused"},   {410, "refused"}};
  for (const auto& [code, how] : meanings) {
    scene s;
    s.offer("one", "k");
    s.answer(status(code));
    BOOST_TEST(s.how("one") == how, code << " means " << s.how("one"));
    BOOST_TEST(s.ended.find("one")->second.answer->status == code);
  }
}

BOOST_AUTO_TEST_CASE(what_may_be_better_later_is_tried_again) {
  for (const unsigned code : {408U, 425U, 429U, 500U, 502U, 503U}) {
    scene s;
    s.offer("one", "k");
    s.answer(status(code));
    BOOST_TEST(s.how("one") == "");
    s.advance(milliseconds{100});
    s.answer(status(200));
    BOOST_TEST(s.how("one") == "succeeded");
    BOOST_TEST(s.ended.find("one")->second.attempts == 2u);
  }
}

BOOST_AUTO_TEST_CASE(no_answer_is_a_failure_that_may_pass) {
  scene s;
  s.offer("one", "k");
  s.answer(fail(errc::unavailable, "nobody is there"));
  BOOST_TEST(s.info().last_error == "nobody is there");
  s.advance(milliseconds{100});
  BOOST_TEST(s.out.open.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_wait_that_is_asked_for_is_kept) {
  scene s;
  s.offer("one", "k");
  auto later = status(503);
  later.retry_after = milliseconds{30'000};
  s.answer(later);
  s.advance(milliseconds{29'900});
  BOOST_TEST(s.out.open.empty());
  s.advance(milliseconds{300});
  BOOST_TEST(s.out.open.size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_destination_that_stalls_is_given_its_time_and_no_more) {
  scene s;
  s.offer("one", "k");
  BOOST_TEST(s.out.open.front().what.deadline.count() == 15'000);
  s.advance(milliseconds{14'900});
  BOOST_TEST(s.info().now.counters.timeouts == 0u);
  s.advance(milliseconds{300});
  BOOST_TEST(s.info().now.counters.timeouts == 1u);
  BOOST_REQUIRE(s.out.open.size() == 2u);
  // What the stalled attempt says now counts for nothing.
  s.answer(status(200));
  BOOST_TEST(s.how("one") == "");
  BOOST_TEST(s.info().now.counters.late == 1u);
  s.answer(status(200));
  BOOST_TEST(s.how("one") == "succeeded");
}

BOOST_AUTO_TEST_CASE(after_the_last_attempt_a_call_is_given_up) {
  auto settings = small();
  settings.attempts_max = 3;
  scene s(settings);
  s.offer("one", "k");
  for (int i = 0; i < 3; ++i) {
    s.answer(status(500));
    s.advance(milliseconds{100});
  }
  BOOST_TEST(s.how("one") == "exhausted");
  const auto& ending = s.ended.find("one")->second;
  BOOST_TEST(ending.attempts == 3u);
  BOOST_TEST(ending.why->why == "a.example:80 answered with status 500");
}

BOOST_AUTO_TEST_CASE(a_call_that_is_taken_back_says_nothing_about_its_destination) {
  scene s;
  std::optional<call_ending::how_type> how;
  s.service.call(*destination::parse("http://a.example/"),
                 std::make_shared<guarded_call>(
                   "k",
                   []() -> result<outbound_request> { return fail(errc::conflict, "not now"); },
                   [&](const call_ending& e) { how = e.how; }));
  s.run();
  BOOST_TEST((how == call_ending::how_type::withdrawn));
  const auto seen = s.service.list().front().now.counters;
  BOOST_TEST(seen.withdrawn == 1u);
  BOOST_TEST(seen.given_up + seen.failures == 0u);
}

BOOST_AUTO_TEST_CASE(a_call_that_cannot_be_made_ends_at_once) {
  scene s;
  bool is_refused = false;
  s.service.call(
    *destination::parse("http://a.example/"),
    std::make_shared<guarded_call>(
      "k",
      []() -> result<outbound_request> { return fail(errc::internal, "there is no body for it"); },
      [&](const call_ending& e) { is_refused = e.how == call_ending::how_type::refused; }));
  s.run();
  BOOST_TEST(is_refused);
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(guards_and_breakers)

BOOST_AUTO_TEST_CASE(it_opens_after_five_failures_and_closes_after_three_successes) {
  scene s;
  s.offer("one", "k");
  for (int i = 0; i < 4; ++i) {
    s.answer(status(503));
    s.advance(milliseconds{100});
  }
  BOOST_TEST(s.breaker() == "closed");
  s.answer(status(503));
  BOOST_TEST(s.breaker() == "open");
  const auto calls = s.out.seen.size();
  s.offer("two", "l");
  s.advance(milliseconds{59'800});
  BOOST_TEST(s.breaker() == "open");
  BOOST_TEST(s.out.seen.size() == calls);
  s.advance(milliseconds{300});
  BOOST_TEST(s.breaker() == "half-open");
  // One probe at a time, although two wait and two could run.
  BOOST_TEST(s.out.open.size() == 1u);
  s.answer(status(200));
  BOOST_TEST(s.out.open.size() == 1u);
  s.answer(status(200));
  BOOST_TEST(s.breaker() == "half-open");
  s.offer("three", "k");
  s.answer(status(200));
  BOOST_TEST(s.breaker() == "closed");
  BOOST_TEST(s.info().now.counters.opened == 1u);
}

BOOST_AUTO_TEST_CASE(a_failed_probe_opens_it_for_another_pause) {
  scene s;
  s.offer("one", "k");
  for (int i = 0; i < 5; ++i) {
    s.answer(status(503));
    s.advance(milliseconds{100});
  }
  s.advance(milliseconds{60'100});
  s.answer(status(503));
  BOOST_TEST(s.breaker() == "open");
  s.advance(milliseconds{59'800});
  BOOST_TEST(s.out.open.empty());
  s.advance(milliseconds{300});
  BOOST_TEST(s.out.open.size() == 1u);
}

BOOST_AUTO_TEST_CASE(each_destination_has_its_own) {
  scene s;
  s.offer("one", "k");
  for (int i = 0; i < 5; ++i) {
    s.answer(status(503));
    s.advance(milliseconds{100});
  }
  BOOST_TEST(s.breaker() == "open");
  s.offer("other", "k", "http://b.example/hook");
  BOOST_TEST(s.out.open.size() == 1u);
  s.answer(status(200));
  BOOST_TEST(s.how("other") == "succeeded");
  BOOST_TEST(s.service.list().size() == 2u);
}

BOOST_AUTO_TEST_CASE(paths_of_one_server_share_theirs) {
  scene s;
  s.offer("one", "k", "https://a.example/x");
  s.offer("two", "l", "https://A.example:443/y");
  s.offer("three", "m", "https://a.example:8443/y");
  s.offer("four", "n", "https://[2001:db8::1]/y");
  std::vector<std::string> names;
  for (const auto& each : s.service.list())
    names.push_back(each.name);
  BOOST_TEST(
    (names == std::vector<std::string>{"[2001:db8::1]:443", "a.example:443", "a.example:8443"}));
}

BOOST_AUTO_TEST_CASE(an_operator_opens_and_closes_it) {
  scene s;
  s.offer("one", "k");
  s.answer(status(200));
  std::string answered;
  const auto note = [&](const result<guard_info>& got) {
    answered
      = got ? std::string(to_string(got->now.state)) : std::string(to_string(got.error().code));
  };
  s.service.trip("a.example:80", "maintenance", "key:admin", note);
  s.run();
  BOOST_TEST(answered == "open");
  BOOST_TEST(s.info().now.trip_reason == "maintenance");
  s.offer("two", "k");
  s.advance(milliseconds{300'000});
  BOOST_TEST(s.out.open.empty());
  s.service.reset("a.example:80", "key:admin", note);
  s.run();
  BOOST_TEST(answered == "closed");
  BOOST_TEST(s.out.open.size() == 1u);
  s.service.trip("a.example:80", "", "key:admin", note);
  s.run();
  BOOST_TEST(answered == "invalid-argument");
  s.service.reset("nobody.example:80", "key:admin", note);
  BOOST_TEST(answered == "not-found");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(guards_and_order)

BOOST_AUTO_TEST_CASE(calls_of_one_key_go_one_after_the_other_also_through_failures) {
  scene s;
  s.offer("a1", "a");
  s.offer("a2", "a");
  s.offer("b1", "b");
  BOOST_TEST((s.out.seen == std::vector<std::string>{"a1", "b1"}));
  s.answer(status(500));
  s.answer(status(200));
  s.advance(milliseconds{100});
  s.answer(status(200));
  s.answer(status(200));
  BOOST_TEST((s.out.seen == std::vector<std::string>{"a1", "b1", "a1", "a2"}));
  BOOST_TEST(s.how("a2") == "succeeded");
}

BOOST_AUTO_TEST_CASE(what_is_given_up_lets_the_next_of_its_key_go) {
  scene s;
  s.offer("a1", "a");
  s.offer("a2", "a");
  s.answer(status(410));
  BOOST_TEST(s.how("a1") == "refused");
  s.answer(status(200));
  BOOST_TEST(s.how("a2") == "succeeded");
}

BOOST_AUTO_TEST_CASE(no_more_than_allowed_run_and_wait) {
  scene s;
  for (int i = 0; i < 6; ++i)
    s.offer("c" + std::to_string(i), "k" + std::to_string(i));
  BOOST_TEST(s.out.open.size() == 2u);
  BOOST_TEST(s.info().now.waiting == 3u);
  BOOST_TEST(s.how("c5") == "not-accepted");
  s.answer(status(200));
  BOOST_TEST(s.out.open.size() == 2u);
  s.offer("c5", "k5");
  BOOST_TEST(s.info().now.waiting == 3u);
}

BOOST_AUTO_TEST_CASE(an_idle_guard_makes_room_for_another_destination) {
  auto settings = small();
  settings.destinations_max = 2;
  scene s(settings);
  s.offer("one", "k", "http://a.example/");
  s.offer("two", "k", "http://b.example/");
  s.offer("three", "k", "http://c.example/");
  BOOST_TEST(s.how("three") == "not-accepted");
  s.answer(status(200));
  s.offer("four", "k", "http://c.example/");
  BOOST_TEST(s.out.seen.back() == "four");
  BOOST_TEST(!s.service.find("a.example:80"));
}

BOOST_AUTO_TEST_CASE(a_stop_ends_every_call_once) {
  scene s;
  for (int i = 0; i < 4; ++i)
    s.offer("c" + std::to_string(i), "k" + std::to_string(i));
  s.service.stop();
  s.run();
  s.out.open.clear();
  s.offer("late", "k");
  for (int i = 0; i < 4; ++i)
    BOOST_TEST(s.how("c" + std::to_string(i)) == "stopped");
  BOOST_TEST(s.how("late") == "stopped");
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE_END()

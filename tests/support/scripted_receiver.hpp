// SPDX-License-Identifier: Apache-2.0
// Receivers of webhooks behind the seam of calls to the outside, in virtual time: they answer,
// fail, stall and lie as they are told, and remember every attempt.
#pragma once

#include "actors/outbound.hpp"
#include "tests/support/stepped_world.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace dossier::test {

enum class mood : std::uint8_t {
  good,     ///< 200, and it agrees to handshakes.
  failing,  ///< 500.
  refusing, ///< 410: never again.
  stalling, ///< No answer until the deadline.
  lying,    ///< It takes the event and sends half an answer; handshakes it allows to somebody else.
};

/// One attempt to deliver one event.
struct attempt_seen {
  timestamp at;
  std::string hook; ///< The path.
  std::string id;   ///< webhook-id.
  std::string entity;
  std::uint64_t sequence = 0;
  outbound_request what;
  dossier::test::mood mood = mood::good;
  bool is_taken = false; ///< Answered 2xx.
};

class scripted_receiver final : public outbound {
public:
  explicit scripted_receiver(const virtual_clock& time)
    : time_(time) {}

  void call(outbound_request what, called done) override {
    const auto now = mood_of ? mood_of(what) : mood::good;
    const auto until = time_.now() + what.deadline;
    if (what.method == outbound_request::method_type::options) {
      handshakes.push_back(time_.now());
      answer_handshake(now, until, std::move(done));
      return;
    }
    attempt_seen seen{time_.now(),
                      what.to.target,
                      field_of(what, "webhook-id"),
                      field_of(what, "ce-partitionkey"),
                      std::stoull(field_of(what, "ce-sequence")),
                      what,
                      now,
                      now == mood::good};
    attempts.push_back(std::move(seen));
    if (on_attempt)
      on_attempt(attempts.back());
    if (now == mood::stalling)
      stalled_.push_back({until, std::move(done)});
    else if (now == mood::lying)
      done(fail(errc::malformed, "the answer ends in the middle"));
    else
      done(status(now == mood::good ? 200 : now == mood::failing ? 500 : 410));
  }

  /// The deadlines that have passed.
  void expire() {
    std::vector<called> late;
    std::erase_if(stalled_, [&](auto& each) {
      const bool is_late = each.first <= time_.now();
      if (is_late)
        late.push_back(std::move(each.second));
      return is_late;
    });
    for (const auto& done : late)
      done(fail(errc::timed_out, "no answer came"));
  }
  /// The calls that are under way are forgotten: the process ends.
  void forget() { stalled_.clear(); }
  std::size_t stalled() const { return stalled_.size(); }

  static std::string field_of(const outbound_request& r, std::string_view name) {
    for (const auto& [key, value] : r.fields)
      if (key == name)
        return value;
    return {};
  }

  std::function<mood(const outbound_request&)> mood_of;
  std::function<void(const attempt_seen&)> on_attempt;
  std::vector<attempt_seen> attempts;
  std::vector<timestamp> handshakes;

private:
  static outbound_answer status(unsigned code) {
    outbound_answer a;
    a.status = code;
    return a;
  }

  void answer_handshake(mood now, timestamp until, called done) {
    auto agreed = status(now == mood::failing ? 500 : now == mood::refusing ? 410 : 200);
    agreed.allowed_origin = now == mood::lying ? "somebody.example" : "*";
    if (now == mood::stalling)
      stalled_.push_back({until, std::move(done)});
    else
      done(agreed);
  }

  const virtual_clock& time_;
  std::vector<std::pair<timestamp, called>> stalled_;
};

} // namespace dossier::test

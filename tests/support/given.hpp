// SPDX-License-Identifier: Apache-2.0
// Says what a document's rules promise: given(what happened).when(what is asked).then(what must
// happen). Each sentence also folds what was decided and takes the state through its row and back.
#pragma once

#include "actors/document/rules.hpp"

#include <boost/test/unit_test.hpp>

#include <source_location>
#include <string>
#include <utility>
#include <vector>

namespace dossier::testing {

/// 2026-11-21T05:53:50Z: when everything that is given happened, and when is asked unless at() says
/// else.
inline constexpr timestamp t0 = from_ms(1'795'240'430'000);

inline entity_id some_id() {
  return entity_id::make(t0, 7, {1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

inline sha256_digest digest_of(std::string_view content) {
  return sha256_of(content);
}

inline std::string text_of(const document::event& e) {
  const auto encoded = document::encode(e);
  return std::string(encoded.type) + encoded.data;
}

inline std::string text_of(const std::vector<document::event>& events) {
  std::string text;
  for (const auto& e : events)
    text += "\n  " + text_of(e);
  return text.empty() ? "\n  nothing" : text;
}

inline std::string text_of(const result<std::vector<document::event>>& decided) {
  return decided ? text_of(*decided) : " refused, " + decided.error().why;
}

/// The state that these events lead to, all of them at t0.
inline document::state folded(const std::vector<document::event>& events) {
  document::state s;
  std::uint64_t sequence = 0;
  for (const auto& e : events)
    evolve(s, e, occurrence{++sequence, t0});
  return s;
}

/// What a command came to.
class outcome {
public:
  outcome(document::state before, std::uint64_t version, timestamp now,
          result<std::vector<document::event>> decided)
    : after_(std::move(before))
    , version_(version)
    , now_(now)
    , decided_(std::move(decided)) {}

  /// Exactly these events are recorded. Returns the state after them.
  document::state then(const std::vector<document::event>& expected,
                       std::source_location here = std::source_location::current()) {
    BOOST_TEST_INFO_SCOPE(here.file_name() << ":" << here.line());
    BOOST_REQUIRE_MESSAGE(decided_, text_of(decided_));
    BOOST_TEST(*decided_ == expected,
               "expected:" << text_of(expected) << "\nrecorded:" << text_of(*decided_));
    for (const auto& e : *decided_)
      evolve(after_, e, occurrence{++version_, now_});
    const auto read_back = document::decode_state(encode_state(after_));
    BOOST_REQUIRE_MESSAGE(read_back, "the state row is unreadable");
    BOOST_TEST((*read_back == after_), "the state row reads back as another state");
    return after_;
  }

  /// It is allowed and there is nothing to record.
  void changes_nothing(std::source_location here = std::source_location::current()) {
    then({}, here);
  }

  /// Refused with this code, pointing there, in a sentence.
  void refused(errc code, std::string_view where = "",
               std::source_location here = std::source_location::current()) {
    BOOST_TEST_INFO_SCOPE(here.file_name() << ":" << here.line());
    BOOST_REQUIRE_MESSAGE(!decided_, "it was allowed and recorded:" << text_of(decided_));
    BOOST_TEST(to_string(decided_.error().code) == to_string(code));
    BOOST_TEST(decided_.error().where == where);
    BOOST_TEST(decided_.error().why.size() > 30);
  }

private:
  document::state after_;
  std::uint64_t version_;
  timestamp now_;
  result<std::vector<document::event>> decided_;
};

class scenario {
public:
  explicit scenario(std::vector<document::event> history)
    : history_(std::move(history)) {}

  scenario& at(timestamp now) {
    now_ = now;
    return *this;
  }
  scenario& under(document::policy p) {
    policy_ = std::move(p);
    return *this;
  }
  outcome when(const document::command& c) const {
    auto before = folded(history_);
    const std::uint64_t version = history_.size();
    const context ctx{now_, some_id(), 0x0badcafe};
    auto decided = decide(before, version, c, ctx, policy_);
    return {std::move(before), version, now_, std::move(decided)};
  }
  document::state state() const { return folded(history_); }

private:
  std::vector<document::event> history_;
  timestamp now_ = t0;
  document::policy policy_;
};

template <class... Events>
scenario given(Events... events) {
  return scenario({document::event(std::move(events))...});
}

} // namespace dossier::testing

// SPDX-License-Identifier: Apache-2.0
// Whole lives of a document under random commands, late, early, doubled and forgotten timers, and a
// clock that may stand still: what the rules promise about announcing and ending holds in each of
// them.
#include "actors/document/rules.hpp"

#include <boost/test/unit_test.hpp>
#include <rapidcheck/boost_test.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

namespace dossier::document {

namespace document_life_tests {

constexpr timestamp birth = from_ms(1'795'240'430'000);

/// One document, and what was said about its present expiry so far.
struct life {
  policy rules{{3600, 600, 60}, seconds{900}, seconds{7200}};
  document::state state;
  std::uint64_t version = 0;
  timestamp now = birth;
  std::vector<event> history;

  std::optional<timestamp> expiry;
  std::set<std::int64_t> announced;
  std::int64_t covered_from_s = 0; ///< Leads from here on were covered at once; 0: none.
  bool is_over = false;
  std::optional<content> held; ///< What was stored last.
  bool was_uploaded = false;

  /// Decides, checks each event against what came before it, folds. False if it was refused.
  bool ask(const command& c) {
    const auto decided = decide(state, version, c, {now, {}, 7}, rules);
    if (!decided)
      return false;
    const bool gives_expiry
      = std::holds_alternative<create>(c) || std::holds_alternative<change>(c);
    for (const auto& e : *decided) {
      RC_ASSERT(!is_over); // Nothing after the end.
      std::visit([&](const auto& what) { watch(what, gives_expiry); }, e);
      evolve(state, e, {++version, now});
      history.push_back(e);
    }
    check_state();
    return true;
  }

  void watch(const created& e, bool) { expiry = e.expiry; }
  void watch(const content_stored& e, bool) {
    RC_ASSERT(!was_uploaded);
    held = content{e.sha256, e.size_bytes};
  }
  void watch(const uploaded& e, bool) {
    RC_ASSERT(!was_uploaded);
    RC_ASSERT((held == content{e.sha256, e.size_bytes}));
    RC_ASSERT((!expiry || now < *expiry));
    was_uploaded = true;
  }
  void watch(const changed& e, bool) {
    RC_ASSERT((!expiry || now < *expiry));
    if (!e.expiry)
      return;
    RC_ASSERT(*e.expiry != expiry);
    expiry = *e.expiry;
    announced.clear();
    covered_from_s = 0;
  }
  void watch(const expiring& e, bool gives_expiry) {
    RC_ASSERT(expiry == e.expiry);
    RC_ASSERT(now >= e.expiry - seconds{e.lead_s});
    RC_ASSERT((covered_from_s == 0 || e.lead_s < covered_from_s));
    RC_ASSERT((announced.empty() || e.lead_s < *announced.begin())); // Longest first, each once.
    announced.insert(e.lead_s);
    if (gives_expiry)
      covered_from_s = e.lead_s;
  }
  void watch(const expired& e, bool) {
    RC_ASSERT(expiry == e.expiry);
    RC_ASSERT(now >= e.expiry);
    RC_ASSERT(e.was_uploaded == was_uploaded);
    for (const std::int64_t lead_s : rules.leads_s)
      RC_ASSERT((announced.contains(lead_s) || (covered_from_s != 0 && lead_s > covered_from_s)));
    is_over = true;
  }
  void watch(const abandoned&, bool) {
    RC_ASSERT((!expiry && !was_uploaded));
    RC_ASSERT(now >= birth + rules.abandon_after);
    is_over = true;
  }
  void watch(const removed& e, bool) {
    RC_ASSERT(e.was_uploaded == was_uploaded);
    is_over = true;
  }

  void check_state() const {
    const auto read = decode_state(encode_state(state));
    RC_ASSERT((read && *read == state));
    document::state again;
    std::uint64_t sequence = 0;
    for (const auto& e : history)
      evolve(again, e, {++sequence, birth});
    const auto wished = timers_of(state);
    RC_ASSERT(wished == timers_of(again));
    RC_ASSERT(std::ranges::is_sorted(wished));
    RC_ASSERT(std::ranges::adjacent_find(wished, {}, &timer::name) == wished.end());
    const auto rows = projections_of(state);
    RC_ASSERT(std::ranges::is_sorted(rows));
    RC_ASSERT(rows.empty() == (is_over || history.empty()));
  }
};

/// A number of [from, to). Resized, as rapidcheck's first cases would draw the smallest ones only.
int any_of(int from, int to) {
  return *rc::gen::resize(rc::kNominalSize, rc::gen::inRange(from, to));
}

const timer& any_timer(const std::vector<timer>& wished) {
  return wished[static_cast<std::size_t>(any_of(0, static_cast<int>(wished.size())))];
}

std::optional<timestamp> any_first_expiry(const life& l) {
  if (any_of(0, 4) == 3)
    return std::nullopt;
  return l.now + seconds{any_of(1, 8000)};
}

command any_command(const life& l) {
  const auto any_expiry = [&]() -> std::optional<timestamp> {
    if (any_of(0, 4) == 0)
      return std::nullopt;
    return l.now + seconds{any_of(-100, 8000)};
  };
  const auto digest = [] {
    return sha256_of(*rc::gen::element<std::string>("a", "b"));
  };
  switch (any_of(0, 12)) {
  case 0:
    return create{"acme", "invoice", "a", "text/plain", any_expiry(), {}, {}};
  case 1:
  case 2:
    return store_content{digest(), 1};
  case 3:
    return confirm_upload{};
  case 4:
  case 5:
    return change{{}, any_expiry(), {}, {}};
  case 6:
    return change{static_cast<std::uint64_t>(any_of(0, 9)), any_expiry(), "b", {}};
  case 7:
    return any_of(0, 5) == 0 ? command(remove{}) : command(confirm_upload{});
  default: {
    // A timer that is wished for, whether it is due or not.
    const auto wished = timers_of(l.state);
    if (wished.empty())
      return fire_timer{"expired", l.now};
    const auto& t = any_timer(wished);
    return fire_timer{t.name, t.due};
  }
  }
}

} // namespace document_life_tests

BOOST_AUTO_TEST_SUITE(document_life_tests)

RC_BOOST_PROP(what_is_promised_of_a_life_holds_in_every_life, ()) {
  life l;
  RC_ASSERT(l.ask(create{"acme", "invoice", "a", "text/plain", any_first_expiry(l), {}, {}}));
  for (int step = any_of(0, 40); step > 0; --step) {
    if (any_of(0, 2) == 1)
      l.now += milliseconds{any_of(0, 1'000'000)};
    l.ask(any_command(l));
  }
  // Then the timers have their way, in any order and however late.
  l.now += seconds{any_of(0, 20'000)};
  for (auto wished = timers_of(l.state); !wished.empty(); wished = timers_of(l.state)) {
    const auto t = any_timer(wished);
    l.now = std::max(l.now, t.due);
    const auto before = l.version;
    RC_ASSERT(l.ask(fire_timer{t.name, t.due}));
    // A timer that is wished for and due has its effect, and is not wished for after.
    RC_ASSERT(l.version > before);
    const auto after = timers_of(l.state);
    RC_ASSERT(!std::ranges::binary_search(after, t));
  }
  RC_ASSERT((l.is_over || std::holds_alternative<active>(l.state)));
}

BOOST_AUTO_TEST_SUITE_END()

} // namespace dossier::document
